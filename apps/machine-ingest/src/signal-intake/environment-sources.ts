import type { SourceRecord } from '@millrace/protocol';
import type { MachineIngestSettings } from '../machine-ingest.config';

/**
 * The sources of the service's own environment, as the runner takes them: whoever runs the site has set them up, so what
 * they lead to is not judged, and the API shows them without letting them be changed.
 */
export const environmentSources = ({
  shdrSources,
  mtconnectRecordings,
}: Pick<MachineIngestSettings, 'shdrSources' | 'mtconnectRecordings'>): SourceRecord[] => [
  ...shdrSources.map(({ tenant, ...settings }) =>
    record(tenant, `shdr:${settings.machine}`, 'file' in settings ? 'shdr-recording' : 'shdr', settings),
  ),
  ...mtconnectRecordings.map(({ tenant, ...settings }) =>
    record(tenant, `mtconnect:${settings.machine}`, 'mtconnect-recording', settings),
  ),
];

const record = (tenant: string, name: string, type: string, settings: SourceRecord['settings']): SourceRecord => ({
  v: 1,
  tenant,
  name,
  type,
  enabled: true,
  version: 1,
  createdAt: 0,
  settings,
});
