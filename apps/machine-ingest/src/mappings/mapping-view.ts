import type { MappingDetailView, MappingDocumentView, MappingVersionView, MappingView } from '@millrace/protocol';
import type { ActiveMapping, StoredVersion } from './mappings.ports';

export const viewOfMapping = ({ mapping, version }: ActiveMapping): MappingView => ({
  name: mapping.name,
  version: version.version,
  hash: version.hash,
  machines: version.machines.map(({ machine }) => machine),
  createdAt: mapping.createdAt.toISOString(),
  activatedAt: mapping.activatedAt.toISOString(),
});

const viewOfVersion = (version: StoredVersion, active: number | null): MappingVersionView => ({
  version: version.version,
  hash: version.hash,
  machines: version.machines.map(({ machine }) => machine),
  active: version.version === active,
  createdAt: version.createdAt.toISOString(),
  createdBy: version.createdBy,
});

export const detailOfMapping = (active: ActiveMapping, versions: readonly StoredVersion[]): MappingDetailView => ({
  ...viewOfMapping(active),
  versions: versions.map((version) => viewOfVersion(version, active.mapping.active)),
});

export const documentOfVersion = (version: StoredVersion, active: number | null): MappingDocumentView => ({
  ...viewOfVersion(version, active),
  name: version.name,
  format: version.format,
  text: version.text,
});
