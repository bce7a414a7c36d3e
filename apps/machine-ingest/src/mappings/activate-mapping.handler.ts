import type { Signal } from '@millrace/domain';
import {
  type ActivatedMappingView,
  encodeMapping,
  encodeSignal,
  MAPPINGS_LIMITS,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';
import { auditEntry, type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { type Logger, mappingChanged } from '@millrace/telemetry';
import { configSignal } from '../signal-intake/lifecycle-signal';
import type { KnownWorlds } from './known-world';
import { requirePassed } from './mapping-document';
import { viewOfMapping } from './mapping-view';
import type { MappingTransaction, StoredMapping, StoredVersion } from './mappings.ports';
import type { MappingDocument, MappingWork } from './work/mapping-work';

export const noSuchMapping = (): Refused => new Refused('not_found', 'There is no mapping of this name in force.');

export interface MappingTools {
  readonly topics: Pick<TopicNames, 'mappings' | 'signals'>;
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly work: MappingWork;
  readonly worlds: Pick<KnownWorlds, 'warningsOf'>;
}

export interface Activated {
  /** False for a document that is in force already. */
  readonly changed: boolean;
  readonly view: ActivatedMappingView;
}

/**
 * Puts a document in force: checked, its tests run, stored as the next version of its name, then told in Kafka, in this
 * order: the document, and a `$config` for each of its machines, from whose place in the log on it is the one that counts.
 * A document that was there before, also as an earlier version, keeps its number.
 */
export class ActivateMapping {
  constructor(
    private readonly writer: ConfigurationWriter<MappingTransaction>,
    private readonly tools: MappingTools,
  ) {}

  async handle(request: WriteRequest, document: MappingDocument): Promise<Activated> {
    const { tools } = this;
    const { tenant } = request;
    const checked = requirePassed(await tools.work.run({ kind: 'check', tenant, document }));
    const { name, hash, machines } = checked;
    const warnings = await tools.worlds.warningsOf(tenant, checked);
    return this.writer.write<Activated>(request, async (tx) => {
      await tx.lock();
      const former = await tx.find(name);
      const known = await tx.versionOfHash(name, hash);
      const view = (mapping: StoredMapping, version: StoredVersion): ActivatedMappingView => ({
        ...viewOfMapping({ mapping, version }),
        warnings,
        tests: [...checked.tests],
      });
      const whenUnacknowledged = `The mapping ${name} is stored and comes into force as soon as Kafka acknowledges it; look at it again.`;
      if (former !== null && known !== null && former.active === known.version)
        return { answer: { changed: false, view: view(former, known) }, records: [], whenUnacknowledged };
      await this.requireRoom(tx, former, known);
      await requireFree(
        tx,
        name,
        machines.map(({ machine }) => machine),
      );
      const at = new Date(tools.now());
      const version: StoredVersion = known ?? {
        tenant,
        name,
        version: (former?.latest ?? 0) + 1,
        hash,
        format: document.format,
        text: document.text,
        machines,
        createdAt: at,
        createdBy: request.actor,
      };
      const mapping: StoredMapping = {
        tenant,
        name,
        active: version.version,
        latest: Math.max(version.version, former?.latest ?? 0),
        createdAt: former?.createdAt ?? at,
        activatedAt: at,
      };
      const before = await tx.machinesOf(name);
      await tx.save(mapping);
      if (known === null) await tx.addVersion(version);
      await tx.setMachines(
        name,
        machines.map(({ machine }) => machine),
      );
      await tx.audit.insert(
        auditEntry(tools, request, {
          action: 'mapping.activated',
          object: name,
          detail: `version ${version.version}${former?.active == null ? '' : ` after ${former.active}`}, for ${namesOf(machines.map(({ machine }) => machine))}`,
        }),
      );
      const left = before.filter((machine) => !machines.some((one) => one.machine === machine));
      return {
        answer: { changed: true, view: view(mapping, version) },
        records: [
          encodeMapping(tools.topics.mappings, version),
          ...machines.map(({ machine, hash }) =>
            this.config(tenant, machine, { name, version: version.version, hash }, at.getTime()),
          ),
          ...left.map((machine) => this.config(tenant, machine, null, at.getTime())),
        ],
        whenUnacknowledged,
        tell: () => this.tell(request, name, version.version, 'activated'),
      };
    });
  }

  /** Its machines are read by the built-in mapping from now on; its versions stay, since the log names them. */
  async delete(request: WriteRequest, name: string): Promise<void> {
    const { tools } = this;
    const { tenant } = request;
    await this.writer.write(request, async (tx) => {
      await tx.lock();
      const mapping = await tx.find(name);
      if (mapping === null || mapping.active === null) throw noSuchMapping();
      const machines = await tx.machinesOf(name);
      const at = tools.now();
      await tx.save({ ...mapping, active: null });
      await tx.setMachines(name, []);
      const detail = `version ${mapping.active}, of ${namesOf(machines)}`;
      await tx.audit.insert(auditEntry(tools, request, { action: 'mapping.deleted', object: name, detail }));
      return {
        answer: null,
        records: machines.map((machine) => this.config(tenant, machine, null, at)),
        whenUnacknowledged: `The mapping ${name} is deleted, and in force until Kafka acknowledges that.`,
        tell: () => this.tell(request, name, mapping.latest, 'deleted'),
      };
    });
  }

  private async requireRoom(
    tx: MappingTransaction,
    former: StoredMapping | null,
    known: StoredVersion | null,
  ): Promise<void> {
    if (former?.active == null && (await tx.countActive()) >= MAPPINGS_LIMITS.perTenant)
      throw new Refused('conflict', `A tenant has at most ${MAPPINGS_LIMITS.perTenant} mappings; delete one first.`);
    if (known === null && former !== null && former.latest >= MAPPINGS_LIMITS.versions)
      throw new Refused(
        'conflict',
        `A mapping has at most ${MAPPINGS_LIMITS.versions} versions; give the document another name.`,
      );
  }

  private config(tenant: string, machine: string, value: Signal['value'], atMs: number): OutgoingMessage {
    return encodeSignal(this.tools.topics.signals, configSignal({ tenant, machine }, value, atMs));
  }

  private tell(request: WriteRequest, mapping: string, version: number, change: 'activated' | 'deleted'): void {
    mappingChanged(this.tools.logger, { tenant: request.tenant, mapping, version, change, actor: request.actor });
  }
}

const NAMED = 20;

const namesOf = (machines: readonly string[]): string =>
  machines.length > NAMED
    ? `${machines.slice(0, NAMED).join(', ')} and ${machines.length - NAMED} more`
    : machines.join(', ');

/** A machine is read by one mapping: two would take turns in what its signals mean. */
const requireFree = async (tx: MappingTransaction, name: string, machines: readonly string[]): Promise<void> => {
  for (const [machine, other] of await tx.mapped(machines))
    if (other !== name)
      throw new Refused(
        'conflict',
        `The machine ${machine} is read by the mapping ${other}; take it out there or delete that mapping first.`,
        [{ path: 'machines', detail: `${machine} is read by ${other}` }],
      );
};
