import fc from 'fast-check';

/** JSON as tests change it. */
export type Json = string | number | boolean | null | Json[] | { [member: string]: Json };

const WORDS = [
  '',
  'RUN',
  '2s',
  'in',
  '[in_i]',
  'status',
  'a.changed',
  '1 + ',
  'machine.alarm',
  '0',
  'ordId',
  '__proto__',
  '½',
];

const scalars = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, -1, 1.5, 1e300, 2 ** 53),
  fc.constantFrom(...WORDS),
  fc.string({ maxLength: 12 }),
);
const values = fc.oneof(
  scalars,
  fc.array(scalars, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('id', 'kind', 'input', 'map', 'a', 'value'), scalars, { maxKeys: 3 }),
);

interface Change {
  readonly what: 'remove' | 'replace' | 'rename' | 'add' | 'double';
  readonly where: number;
  readonly value: Json;
  readonly name: string;
}

const changes: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom('remove', 'replace', 'rename', 'add', 'double'),
  where: fc.nat(10_000),
  value: values as fc.Arbitrary<Json>,
  name: fc.oneof(
    fc.constantFrom('id', 'kind', 'emit', 'source', 'metric', 'unit', 'x', 'Input', 'sorce'),
    fc.string({ minLength: 1, maxLength: 6 }),
  ),
});

/** Each container of a document, with one of its names. */
const places = (value: Json, found: [Json[] | { [member: string]: Json }, string][] = []) => {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    found.push([value, name]);
    places(inner as Json, found);
  }
  return found;
};

const apply = (document: Json, { what, where, value, name }: Change): void => {
  const all = places(document);
  if (all.length === 0) return;
  const [holder, at] = all[where % all.length]!;
  if (Array.isArray(holder)) {
    const index = Number(at);
    if (what === 'remove') holder.splice(index, 1);
    else if (what === 'double') holder.splice(index, 0, structuredClone(holder[index]!));
    else holder[index] = value;
    return;
  }
  if (what === 'remove') delete holder[at];
  else if (what === 'rename' && name !== '__proto__') {
    holder[name] = holder[at]!;
    delete holder[at];
  } else if (what === 'add' && name !== '__proto__') holder[name] = value;
  else holder[at] = value;
};

/** The document with some things changed at random. */
export const mutated = (document: Json, most: number): fc.Arbitrary<Json> =>
  fc.array(changes, { minLength: 1, maxLength: most }).map((all) => {
    const copy = structuredClone(document);
    for (const change of all) apply(copy, change);
    return copy;
  });
