import { dryRun, RecordingTooLarge, readRecording } from '@millrace/machine-mapping';
import type { MappingToTest, MappingTrialView, MappingValidationView } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';
import { noSuchMapping } from './activate-mapping.handler';
import { type MappingDocument, requireMapping, validated } from './mapping-document';
import type { MappingReads } from './mappings.ports';
import type { TrialTurns } from './trial-turns';

/** What signals would have told under a mapping: the fold itself, over signals that lie nowhere. */
export class TryMapping {
  /** @param reads asked only for a mapping that is named */
  constructor(
    private readonly reads: () => MappingReads,
    private readonly turns: TrialTurns,
  ) {}

  async handle(tenant: string, asked: MappingToTest): Promise<MappingTrialView> {
    const document = await this.document(tenant, asked);
    return this.turns.take(() => this.run(tenant, document, asked));
  }

  validate(document: MappingDocument): Promise<MappingValidationView> {
    return this.turns.take(() => validated(document));
  }

  private run(
    tenant: string,
    document: Pick<MappingDocument, 'format' | 'text'>,
    asked: MappingToTest,
  ): MappingTrialView {
    const read = requireMapping(document);
    try {
      const { signals, rejected } = readRecording(asked.signals, { tenant, machines: read.machines });
      const { afterEndMs } = asked;
      const run = dryRun(read.machines, signals, { tenant, ...(afterEndMs === undefined ? {} : { afterEndMs }) });
      return {
        events: run.events.map(({ event, signal }) => ({
          signal,
          type: event.type,
          subject: event.subject,
          time: event.time,
          data: JSON.parse(event.data),
        })),
        signals: run.signals,
        rejected: [...rejected],
        machines: Object.entries(run.states).map(([machine, { status, counts }]) => ({
          machine,
          status: status.current,
          counts: { ...counts },
        })),
      };
    } catch (error) {
      if (error instanceof RecordingTooLarge)
        throw new Refused('invalid_request', `The body is not valid, signals: ${error.message}`, [
          { path: 'signals', detail: error.message },
        ]);
      throw error;
    }
  }

  private async document(
    tenant: string,
    { mapping, name, version }: MappingToTest,
  ): Promise<Pick<MappingDocument, 'format' | 'text'>> {
    if (typeof mapping === 'string') return { format: 'yaml', text: mapping };
    if (mapping !== undefined) return { format: 'json', text: JSON.stringify(mapping, null, 2) };
    const stored =
      version === undefined
        ? (await this.reads().find(tenant, name!))?.version
        : await this.reads().version(tenant, name!, version);
    if (stored === undefined || stored === null) throw noSuchMapping();
    return stored;
  }
}
