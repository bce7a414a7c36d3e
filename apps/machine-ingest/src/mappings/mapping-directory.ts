import type { LostMapping, Mapping, MappingByHash } from '@millrace/domain';
import { readMapping } from '@millrace/machine-mapping';
import { decodeMapping, type IncomingMessage, type MappingRecord, mappingKey } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

/** A document, compiled when it is first asked for. */
interface Held {
  readonly record: MappingRecord;
  compiled: Compiled | null;
}

/** By the hash of each machine's mapping. */
type Compiled = ReadonlyMap<string, Mapping> | LostMapping;

/**
 * The mappings that signals and states may name, from the compacted topic `mappings`. A document has a hash for each of its
 * machines; each document is compiled once, and only where one of its machines is folded.
 *
 * That is done where signals are folded, for a thread could give back none of the compiled expressions. It takes 2 to 3 ms
 * for a document of 100 lines: 500 machines with one each cost a process that starts 2 s, once.
 */
export class MappingDirectory {
  /** By tenant and the hash of a machine's mapping. */
  private readonly held = new Map<string, Held>();
  private readonly ofTenants = new Map<string, MappingByHash>();

  /** Told when there is one more. */
  onCame: () => void = () => undefined;

  constructor(private readonly logger: Logger) {}

  apply(message: IncomingMessage): void {
    const record = decodeMapping(message);
    if (record === null) return;
    const held: Held = { record, compiled: null };
    for (const { hash } of record.machines) {
      const key = mappingKey(record.tenant, hash);
      // The same document again is compiled already, and what was folded by it goes on by it.
      if (!this.held.has(key)) this.held.set(key, held);
    }
    this.onCame();
  }

  /** Mappings of a tenant: the hash of another tenant's leads nowhere. */
  of(tenant: string): MappingByHash {
    let find = this.ofTenants.get(tenant);
    if (find === undefined) {
      find = (hash) => this.find(mappingKey(tenant, hash), hash);
      this.ofTenants.set(tenant, find);
    }
    return find;
  }

  /** Null for one that is not here; it may be on its way. */
  private find(key: string, hash: string): Mapping | LostMapping | null {
    const held = this.held.get(key);
    if (held === undefined) return null;
    held.compiled ??= this.compile(held.record);
    if ('lost' in held.compiled) return held.compiled;
    return held.compiled.get(hash) ?? { lost: 'mapping_unreadable', detail: 'The document has no such machine.' };
  }

  private compile(record: MappingRecord): Compiled {
    const { tenant, name, version, format, text } = record;
    const read = readMapping(text, { format, version });
    if (read.kind === 'refused') {
      const [problem] = read.problems;
      this.logger.error(
        { tenant, mapping: name, version, line: problem?.line, column: problem?.column, detail: problem?.detail },
        'a stored mapping cannot be read by this release: the signals of its machines go to the quarantine as mapping_unreadable; activate a mended one and drive them again',
      );
      const place = problem === undefined ? '' : ` Line ${problem.line}, column ${problem.column}: ${problem.detail}`;
      return { lost: 'mapping_unreadable', detail: `This release cannot read it.${place}` };
    }
    const hashOf = new Map(record.machines.map(({ machine, hash }) => [machine, hash]));
    return new Map(
      read.machines.flatMap(({ machine, mapping }) => {
        const hash = hashOf.get(machine);
        return hash === undefined ? [] : [[hash, { ...mapping, hash }] as const];
      }),
    );
  }
}
