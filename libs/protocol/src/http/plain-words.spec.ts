import { z } from 'zod';
import { plainWords, sentenceOf } from './plain-words';

const schema = z.strictObject({
  host: z.string().max(5),
  port: z.int().min(1).max(65_535).optional(),
  share: z.number().gt(0).optional(),
  format: z.enum(['json', 'text', 'csv']).optional(),
  version: z.union([z.literal(4), z.literal(5)]).optional(),
  user: z.union([z.literal('anonymous'), z.strictObject({ name: z.string().min(1) })]).optional(),
  topics: z
    .array(z.strictObject({ filter: z.string().min(1) }))
    .min(1)
    .max(2)
    .optional(),
  ca: z.string().includes('-----BEGIN').optional(),
  on: z.boolean().optional(),
  machines: z.record(z.string().regex(/^\d+$/, 'must be a number of a machine'), z.string()).optional(),
  own: z.string({ error: 'must name a machine' }).optional(),
});

const said = (given: unknown): string[] => {
  const { error } = schema.safeParse(given, { error: plainWords });
  return (error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${sentenceOf(issue, given)}`);
};

test.each<[object, string[]]>([
  [{}, ['host is missing; it must be text']],
  [{ host: undefined }, ['host is missing; it must be text']],
  [{ host: null }, ['host must be text']],
  [{ host: 7 }, ['host must be text']],
  [{ host: 'abcdef' }, ['host must have at most 5 characters']],
  [{ host: 'a', port: '80' }, ['port must be a number']],
  [{ host: 'a', port: 1.5 }, ['port must be a whole number']],
  [{ host: 'a', port: 0 }, ['port must be at least 1']],
  [{ host: 'a', port: 65_536 }, ['port must be at most 65535']],
  [{ host: 'a', share: 0 }, ['share must be above 0']],
  [{ host: 'a', format: 'xml' }, ['format must be json, text or csv']],
  [{ host: 'a', version: 3 }, ['version must be 4 or 5']],
  [{ host: 'a', user: { name: '' } }, ['user.name must not be empty']],
  [{ host: 'a', user: 7 }, ['user must be anonymous or an object']],
  [{ host: 'a', user: { id: 7 } }, ['user has none of the forms that it may have']],
  [{ host: 'a', topics: [] }, ['topics must not be empty']],
  [{ host: 'a', topics: 7 }, ['topics must be a list']],
  [{ host: 'a', topics: [{}] }, ['topics.0.filter is missing; it must be text']],
  [{ host: 'a', topics: ['a', 'b', 'c'].map((filter) => ({ filter })) }, ['topics must have at most 2 entries']],
  [{ host: 'a', topics: ['plant'] }, ['topics.0 must be an object']],
  [{ host: 'a', ca: 'x' }, ['ca must hold "-----BEGIN"']],
  [{ host: 'a', on: 'yes' }, ['on must be true or false']],
  [{ host: 'a', machines: { a: 'M' } }, ['machines.a has a name that cannot be: it must be a number of a machine']],
  [{ host: 'a', own: 7 }, ['own must name a machine']],
])('%j is told as %j', (given, sentences) => {
  expect(said(given)).toEqual(sentences);
});

test('a member that is missing keeps the sentence of its schema behind that', () => {
  const named = { code: 'invalid_type', path: ['machine'], message: 'must name a machine' };
  expect(sentenceOf(named, {})).toBe('is missing; it must name a machine');
  expect(sentenceOf({ ...named, message: 'is no node id' }, {})).toBe('is missing: is no node id');
});

test('a rule over several members says by itself what it misses', () => {
  const issue = { code: 'custom', path: ['machine'], message: 'is needed where `machines` names none' };
  expect(sentenceOf(issue, {})).toBe(issue.message);
});
