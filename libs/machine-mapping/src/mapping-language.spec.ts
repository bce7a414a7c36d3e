import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EDGE_WORDS, FUNCTIONS, METHODS } from './expression/calls';
import { MAPPING_SCHEMA } from './language/mapping-shape';
import { SIGNAL_TYPE_WORDS } from './language/signal-shape';
import { runMappingTests } from './trial/mapping-tests';
import { readOrFail } from './written.fixture';

const PAGE = readFileSync(join(__dirname, '../../../docs/mapping-language.md'), 'utf8');
const BLOCKS = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block!);

/** All names of the language, of all its objects. */
const namesIn = (schema: unknown, found = new Set<string>()): Set<string> => {
  if (typeof schema !== 'object' || schema === null) return found;
  const { properties } = schema as { properties?: object };
  if (properties !== undefined) for (const name of Object.keys(properties)) found.add(name);
  for (const inner of Object.values(schema)) namesIn(inner, found);
  return found;
};

describe('docs/mapping-language.md', () => {
  it.each(BLOCKS.map((block, n) => [n, block] as const))('shows a mapping that can be used (%i)', (_n, block) => {
    const read = readOrFail(block);
    expect(read.warnings).toEqual([]);
    for (const { failures } of runMappingTests(read)) expect(failures).toEqual([]);
  });

  it('names every key, type and function that there is', () => {
    const words = new Set(PAGE.match(/[A-Za-z0-9_]+/g));
    const known = [
      ...namesIn(MAPPING_SCHEMA),
      ...Object.keys(SIGNAL_TYPE_WORDS),
      ...FUNCTIONS,
      ...METHODS,
      ...EDGE_WORDS,
    ];
    expect(known.filter((name) => !words.has(name))).toEqual([]);
  });
});
