import { type MappingProblemView, type MappingValidationView, mappingRequest } from '@millrace/protocol';
import { parseBody, Refused, readJson, readUtf8 } from '@millrace/service-runtime';
import type { CheckedMapping, MappingDocument, RefusedDocument } from './work/mapping-work';

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

/** What is wrong with a document, or nothing; `warnings` are those of one that can be used. */
export const validationOf = (
  check: RefusedDocument | CheckedMapping,
  warnings: MappingProblemView[],
): MappingValidationView =>
  check.kind === 'refused'
    ? {
        valid: false,
        name: null,
        hash: null,
        machines: [],
        problems: [...check.problems],
        warnings: [],
        tests: [],
      }
    : {
        valid: check.tests.every(({ passed }) => passed),
        name: check.name,
        hash: check.hash,
        machines: check.machines.map(({ machine }) => machine),
        problems: [],
        warnings,
        tests: [...check.tests],
      };

const first = (errors: readonly MappingProblemView[]): string => {
  const [{ line, column, detail, path }] = errors as [MappingProblemView];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `line ${line}, column ${column}${path === '' ? '' : `, ${path}`}: ${detail}${more}`;
};

/** `invalid_mapping` with every place. */
export const unusable = ({ problems }: RefusedDocument): Refused =>
  new Refused('invalid_mapping', `The mapping cannot be used. ${first(problems)}`, problems);

/** Throws Refused: `invalid_mapping`, or `mapping_failed` when one of its own tests fails. */
export const requirePassed = (check: RefusedDocument | CheckedMapping): CheckedMapping => {
  if (check.kind === 'refused') throw unusable(check);
  const failures = check.tests.flatMap(({ failures: failed }) => failed);
  if (failures.length > 0)
    throw new Refused('mapping_failed', `A test of the mapping fails. ${first(failures)}`, failures);
  return check;
};
