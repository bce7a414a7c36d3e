import {
  type Attachments,
  type MappingProblem,
  type MappingReading,
  readMapping,
  runMappingTests,
  type TestOutcome,
} from '@millrace/machine-mapping';
import {
  type MappingProblemView,
  type MappingTestView,
  type MappingValidationView,
  mappingRequest,
} from '@millrace/protocol';
import { parseBody, Refused, readJson, readUtf8 } from '@millrace/service-runtime';

/** A document as it came, with the files that its tests name. */
export interface MappingDocument {
  readonly format: 'yaml' | 'json';
  readonly text: string;
  readonly attachments: Attachments;
}

export type ReadMapping = Extract<MappingReading, { kind: 'mapping' }>;

export const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/plain'];

/**
 * The document of a request: the body itself, or `{mapping, attachments}`. A mapping has no member `mapping`, so JSON that
 * has one is the second. Throws ApiProblem for a body that is not text, not JSON, or not of that form.
 */
export const documentOf = (body: Buffer, contentType: string | undefined): MappingDocument => {
  if (!/^application\/(json|[^;]*\+json)\b/i.test(contentType ?? 'application/json'))
    return { format: 'yaml', text: readUtf8(body), attachments: new Map() };
  const value = readJson(body);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'mapping'))
    return { format: 'json', text: readUtf8(body), attachments: new Map() };
  const { mapping, attachments = {} } = parseBody(mappingRequest, value);
  const files = new Map(Object.entries(attachments));
  return typeof mapping === 'string'
    ? { format: 'yaml', text: mapping, attachments: files }
    : { format: 'json', text: JSON.stringify(mapping, null, 2), attachments: files };
};

const placed = ({ path, line, column, code, detail }: MappingProblem): MappingProblemView => ({
  path,
  line,
  column,
  code,
  detail,
});

export const warningsOf = (read: ReadMapping): MappingProblemView[] => read.warnings.map(placed);

const testView = ({ name, failures, events }: TestOutcome): MappingTestView => ({
  name,
  passed: failures.length === 0,
  events,
  failures: failures.map(({ path, line, column, code, detail }) => ({ path, line, column, code, detail })),
});

/** What is wrong with a document, or nothing. */
export const validated = (document: MappingDocument): MappingValidationView => {
  const read = readMapping(document.text, { format: document.format });
  if (read.kind === 'refused')
    return {
      valid: false,
      name: null,
      hash: null,
      machines: [],
      problems: read.problems.map(placed),
      warnings: [],
      tests: [],
    };
  const tests = runMappingTests(read, document.attachments).map(testView);
  return {
    valid: tests.every(({ passed }) => passed),
    name: read.mapping.name,
    hash: read.hash,
    machines: read.machines.map(({ machine }) => machine),
    problems: [],
    warnings: warningsOf(read),
    tests,
  };
};

const first = (errors: readonly MappingProblemView[]): string => {
  const [{ line, column, detail, path }] = errors as [MappingProblemView];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `line ${line}, column ${column}${path === '' ? '' : `, ${path}`}: ${detail}${more}`;
};

/** The document, checked and compiled. Throws Refused `invalid_mapping` with every place. */
export const requireMapping = ({ format, text }: Pick<MappingDocument, 'format' | 'text'>): ReadMapping => {
  const read = readMapping(text, { format });
  if (read.kind === 'mapping') return read;
  const errors = read.problems.map(placed);
  throw new Refused('invalid_mapping', `The mapping cannot be used. ${first(errors)}`, errors);
};

/** The outcomes of its own tests. Throws Refused `mapping_failed` when one of them fails. */
export const requireTests = (read: ReadMapping, attachments: Attachments): MappingTestView[] => {
  const tests = runMappingTests(read, attachments).map(testView);
  const failures = tests.flatMap(({ failures: failed }) => failed);
  if (failures.length > 0)
    throw new Refused('mapping_failed', `A test of the mapping fails. ${first(failures)}`, failures);
  return tests;
};
