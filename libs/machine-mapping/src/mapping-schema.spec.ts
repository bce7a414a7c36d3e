import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import fc from 'fast-check';
import { ProblemList } from './document/mapping-problem';
import { readDocument } from './document/read-document';
import { MAPPING_SCHEMA, mappingShape } from './language/mapping-shape';
import { type Json, mutated } from './mutations.fixture';
import { readMapping } from './read-mapping';
import { readOrFail } from './written.fixture';

const FOLDER = join(__dirname, '../examples');
const NAMES = readdirSync(FOLDER);
const TEXTS = new Map(NAMES.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
const text = (name: string): string => TEXTS.get(name)!;
const DOCUMENTS = new Map(NAMES.map((name) => [name, readOrFail(text(name)).document as Json]));
const document = (name: string): Json => DOCUMENTS.get(name)!;

const validate = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
}).compile(MAPPING_SCHEMA);

/** Whether the checker takes the form of a document; what its parts say of each other is not the schema's. */
const hasForm = (value: Json): { isRight: boolean; told: string[] } => {
  const problems = new ProblemList();
  const node = readDocument(JSON.stringify(value), 'json', problems);
  if (node !== null) mappingShape.read(node, problems);
  return { isRight: problems.isEmpty, told: problems.inOrder().map(({ path, detail }) => `${path}: ${detail}`) };
};
/** What no schema can say: a time zone that there is. */
const BEYOND_SCHEMA =
  /IANA time zone|no name of a tenant|no character|cannot be a name here|no number that can be used|that no text can hold/;

describe('the JSON Schema of the language', () => {
  it.each(NAMES)('takes %s', (name) => {
    expect([validate(document(name)), validate.errors]).toEqual([true, null]);
  });

  it('says the same as the checker, whatever is changed', () => {
    const any = fc.constantFrom(...NAMES).chain((name) => mutated(document(name), 3));
    fc.assert(
      fc.property(any, (value) => {
        const { isRight, told } = hasForm(value);
        if (told.length > 0 && told.every((one) => BEYOND_SCHEMA.test(one))) return;
        const isTaken = validate(value);
        expect({ isTaken, told: isTaken ? told : [], errors: isRight ? validate.errors : null }).toEqual({
          isTaken: isRight,
          told: isTaken ? [] : expect.anything(),
          errors: null,
        });
      }),
      { numRuns: 800 },
    );
  });
});

describe('a changed document', () => {
  const textOf = fc.constantFrom(...NAMES).chain((name) =>
    fc.oneof(
      mutated(document(name), 4).map((value) => JSON.stringify(value, null, 1)),
      cut(text(name)),
    ),
  );

  it('is read, or refused with places that lie within it; nothing is thrown', () => {
    fc.assert(
      fc.property(textOf, (written) => {
        const reading = readMapping(written);
        if (reading.kind === 'mapping') return;
        const lines = written.split('\n');
        expect(reading.problems.length).toBeGreaterThan(0);
        for (const { line, column, detail, code } of reading.problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
          expect(detail.length).toBeGreaterThan(5);
          expect(code).toMatch(/^[a-z_]+$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Characters taken out of the text, put into it, or doubled. */
function cut(written: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(written.length),
    length: fc.nat(20),
    put: fc.oneof(
      fc.constantFrom('', '\n', '  ', '\t', '{', '}', '[', '"', "'", ':', '- ', '#', '&a ', '*a', '!', '|', '>', '%'),
      fc.string({ maxLength: 5, unit: 'binary' }),
    ),
  });
  return fc
    .array(edit, { minLength: 1, maxLength: 3 })
    .map((edits) =>
      edits.reduce((now, { at, length, put }) => now.slice(0, at) + put + now.slice(at + length), written),
    );
}
