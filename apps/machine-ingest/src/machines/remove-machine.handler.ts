import { heardOf, type MachineState, machineKey, speakerOf } from '@millrace/domain';
import type { AuditTransaction } from '@millrace/postgres';
import { encodeSignal, type SourceRecord, type SourceView, type TopicNames } from '@millrace/protocol';
import { auditEntry, type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { type Logger, machineRemoved } from '@millrace/telemetry';
import type { MachineAuditEntry } from '../audit-log/audit-entry.entity';
import { removalSignal } from '../signal-intake/lifecycle-signal';
import type { SourceViews } from '../sources/source-view';
import type { StoredSource } from '../sources/sources.ports';
import type { MachineDirectory } from './machine-directory';

/** A machine that was heard within this is not removed: what speaks of it would make it anew. */
const HEARD_MS = 5 * 60_000;

export interface RemovalTransaction {
  readonly audit: AuditTransaction<MachineAuditEntry>;
  /** Nobody gives a machine of the tenant a mapping before this transaction ends. */
  lock(): Promise<void>;
  /** The mapping that reads the machine; null where none does. */
  mappingOf(machine: string): Promise<string | null>;
  /** All of the tenant. */
  sources(): Promise<StoredSource[]>;
}

export interface RemovalTools {
  readonly machines: Pick<MachineDirectory, 'present'>;
  readonly views: Pick<SourceViews, 'of' | 'ofFixed'>;
  /** Sources of the service's environment. */
  readonly fixed: readonly SourceRecord[];
  readonly topics: Pick<TopicNames, 'signals'>;
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Removes a machine that nothing names and nobody hears: a misspelt one, or one that was scrapped. The removal is a record in
 * the machine's own order, and what it does is decided where that is folded (removed-machine.ts).
 */
export class RemoveMachine {
  constructor(
    private readonly writer: ConfigurationWriter<RemovalTransaction>,
    private readonly tools: RemovalTools,
  ) {}

  async handle(request: WriteRequest, machine: string): Promise<void> {
    const { tools } = this;
    const { tenant } = request;
    await this.writer.write(request, async (tx) => {
      const state = tools.machines.present(machineKey(tenant, machine));
      if (state === null) throw new Refused('not_found', 'There is no machine of this name.');
      await tx.lock();
      this.requireUnnamed(machine, tenant, await tx.sources());
      const mapping = await tx.mappingOf(machine);
      if (mapping !== null)
        throw new Refused(
          'conflict',
          `The machine ${machine} is read by the mapping ${mapping}; take it out there or delete that mapping first.`,
        );
      const now = tools.now();
      requireSilent(state, now);
      const heardAt = heardOf(state);
      const detail = heardAt === null ? 'never heard' : `last heard ${new Date(heardAt).toISOString()}`;
      await tx.audit.insert(auditEntry(tools, request, { action: 'machine.removed', object: machine, detail }));
      return {
        answer: null,
        records: [encodeSignal(tools.topics.signals, removalSignal({ tenant, machine }, { heardAt }, now))],
        whenUnacknowledged: `The machine ${machine} is removed as soon as Kafka acknowledges it; look at it again.`,
        tell: () => machineRemoved(tools.logger, { tenant, machine, actor: request.actor }),
      };
    });
  }

  private requireUnnamed(machine: string, tenant: string, stored: readonly StoredSource[]): void {
    const { views, fixed } = this.tools;
    const names = ({ machines }: SourceView): boolean => machines?.includes(machine) === true;
    const own = stored.map((source) => views.of(source)).find(names);
    if (own !== undefined)
      throw new Refused(
        'conflict',
        `The source ${own.name} names the machine ${machine} in its settings; take it out there (PATCH /v1/sources/${own.name}) or delete the source first.`,
      );
    const given = fixed.filter((source) => source.tenant === tenant).map((source) => views.ofFixed(source));
    const other = given.find(names);
    if (other !== undefined)
      throw new Refused(
        'conflict',
        `The source ${other.name} names the machine ${machine}, and comes from the environment of the service; take the machine out there first.`,
      );
  }
}

const requireSilent = (state: MachineState, now: number): void => {
  const speaker = speakerOf(state);
  if (speaker === null || now - speaker.at >= HEARD_MS) return;
  const seconds = Math.max(0, Math.round((now - speaker.at) / 1_000));
  throw new Refused(
    'conflict',
    `The machine ${state.machine} was heard ${seconds} s ago, of the source ${speaker.source}, and would be there again with its next signal. ` +
      `End what sends its signals there, and remove it when it has been silent for ${HEARD_MS / 60_000} minutes.`,
  );
};
