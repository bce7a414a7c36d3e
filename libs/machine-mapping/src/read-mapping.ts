import type { Mapping } from '@millrace/domain';
import { compileShared, machinesOf, type WrittenMachine } from './compile/compile-mapping';
import { quoted } from './document/did-you-mean';
import { documentHash, hashOfMachine } from './document/document-hash';
import { type DocumentNode, type PlainValue, plainValue } from './document/document-node';
import { type MappingProblem, ProblemList } from './document/mapping-problem';
import { type DocumentFormat, readDocument, textOfObject } from './document/read-document';
import { mappingShape, type WrittenMapping, type WrittenTest } from './language/mapping-shape';
import { type OutsideNames, outsideNames } from './outside/outside-names';

export interface ReadOptions {
  /** Of a text; an object is JSON, and its lines are those of its text with two spaces. Default `yaml`. */
  readonly format?: DocumentFormat;
  /** Number of this document among those of its name, from 1; part of the compiled mapping. */
  readonly version?: number;
  /** Who sends it: a document that names another tenant is refused. Left out, it may name any. */
  readonly tenant?: string;
}

/**
 * One machine of a mapping, with the mapping as the fold takes it. Its hash is the document's where that has one
 * `machine`, and one of its own where it has `machines`.
 */
export interface MachineMappingOf {
  readonly machine: string;
  readonly mapping: Mapping;
}

export type MappingReading =
  | {
      readonly kind: 'mapping';
      /** Of the first machine. */
      readonly mapping: Mapping;
      /** One mapping for each machine that the document names; they differ in the facts of the machine alone. */
      readonly machines: readonly MachineMappingOf[];
      /** The tenant that the document names, or null. */
      readonly tenant: string | null;
      /** As plain JSON. */
      readonly document: PlainValue;
      /** SHA-256 over what the document says (see documentHash), hex. */
      readonly hash: string;
      readonly tests: readonly WrittenTest[];
      /** What it names that stands elsewhere; whether that is there, `unknownNames` tells of it. */
      readonly outside: OutsideNames;
      /** What works and is probably not what was meant. */
      readonly warnings: readonly MappingProblem[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly MappingProblem[] };

/**
 * The document of a mapping, checked and compiled, or everything that is wrong with it, in the order of the text. Never
 * throws; the work is bounded by the limits of the document.
 */
export const readMapping = (source: string | object, options: ReadOptions = {}): MappingReading => {
  const problems = new ProblemList();
  const warnings = new ProblemList();
  const refused = (): MappingReading => ({ kind: 'refused', problems: problems.inOrder() });
  const root = nodeOf(source, options.format ?? 'yaml', problems);
  if (root === null) return refused();
  const written = mappingShape.read(root, problems);
  if (root.kind !== 'map') return refused();
  const shared = compileShared(root, written, problems, warnings);
  const machines = written === undefined ? [] : machinesOf(written, problems);
  if (written !== undefined && options.tenant !== undefined) checkTenant(written, options.tenant, problems);
  const [first] = machines;
  if (written === undefined || first === undefined || !problems.isEmpty) return refused();
  warnOfTimeZone(written, warnings);
  const document = plainValue(root);
  const hash = documentHash(document);
  const mappingOf = ({ id, timeZone, number }: WrittenMachine): Mapping => ({
    hash: written.machine === undefined ? hashOfMachine(hash, id) : hash,
    name: written.name ?? first.id,
    version: options.version ?? 1,
    machine: { timeZone, number },
    ...shared,
  });
  const ofMachines = machines.map((machine) => ({ machine: machine.id, mapping: mappingOf(machine) }));
  return {
    kind: 'mapping',
    mapping: ofMachines[0]!.mapping,
    machines: ofMachines,
    tenant: tenantOf(written),
    document,
    hash,
    tests: written.tests,
    outside: outsideNames(root, written),
    warnings: warnings.inOrder(),
  };
};

/** StartTime of a bundle is local: in UTC it is rarely what is meant. */
const warnOfTimeZone = ({ machine, machines = [], rules }: WrittenMapping, warnings: ProblemList): void => {
  if (!rules.some(({ kind }) => kind === 'bundle')) return;
  for (const { timeZone, node } of machine === undefined ? machines : [machine])
    if (timeZone === undefined)
      warnings.add(node.place, 'no_time_zone', "has no 'timeZone', so local times of its bundles are in UTC");
};

const checkTenant = ({ machine }: WrittenMapping, sender: string, problems: ProblemList): void => {
  const named = machine?.tenant;
  if (named === undefined || named === sender) return;
  const { place } = machine!.node.members.get('tenant')!.node;
  problems.add(
    place,
    'other_tenant',
    `is ${quoted(named)}, and the API key is of ${quoted(sender)}; leave it out, or use a key of ${quoted(named)}`,
  );
};

const tenantOf = ({ machine }: WrittenMapping): string | null => machine?.tenant ?? null;

const nodeOf = (source: string | object, format: DocumentFormat, problems: ProblemList): DocumentNode | null => {
  if (typeof source === 'string') return readDocument(source, format, problems);
  try {
    return readDocument(textOfObject(source), 'json', problems);
  } catch {
    problems.add({ line: 1, column: 1, path: '' }, 'syntax', 'is an object that JSON cannot write');
    return null;
  }
};
