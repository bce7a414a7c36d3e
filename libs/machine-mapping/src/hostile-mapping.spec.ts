import { withCpuTime } from '@millrace/test-environment';
import { PROBLEMS_TOLD } from './document/mapping-problem';
import { readMapping } from './read-mapping';
import { HEAD } from './written.fixture';

const many = (n: number, line: (at: number) => string): string =>
  Array.from({ length: n }, (_, at) => line(at)).join('\n');
const SIGNALS = `signals:\n${many(1_500, (n) => `  s${n}: { path: p${n}, unit: mm }`)}\n`;
const BUNDLE = 'kind: bundle, key: "\'x\'", open: { on: firstPiece }, close: { on: s1.rising }, lengths: { good: s1 }';

describe('a mapping that is meant to take long', () => {
  it.each([
    [
      'unknown names in expressions',
      `${HEAD}${SIGNALS}rules:\n${many(150, (n) => `- { id: r${n}, kind: expr, value: "${many(100, (at) => `${'x'.repeat(3)}${at}`).replaceAll('\n', '+')}" }`)}`,
    ],
    [
      'unknown signals',
      `${HEAD}${SIGNALS}rules:\n${many(500, (n) => `- { id: r${n}, kind: counter, input: ${'s'.repeat(60)} }`)}`,
    ],
    ['unknown members', `${HEAD}${SIGNALS}rules:\n- {${many(12_000, (n) => `mem${n}: 1`).replaceAll('\n', ', ')}}`],
    [
      'bundles that each have names of their own',
      `${HEAD}${SIGNALS}rules:\n${many(450, (n) => `- { id: b${n}, ${BUNDLE}, enrich: { E${n}: 1 }, weight: { else: E${n} } }`)}`,
    ],
    [
      'values that hang on each other',
      `${HEAD}signals: {}\nrules:\n${many(500, (n) => `- { id: e${n}, kind: expr, value: ${n === 499 ? 'e0' : `e${n + 1}`} }`)}`,
    ],
    [
      'values in the wrong order',
      `${HEAD}signals: {}\nrules:\n${many(500, (n) => `- { id: e${n}, kind: expr, value: ${n === 499 ? '1' : many(90, (at) => `e${Math.min(499, n + 1 + at)}`).replaceAll('\n', '+')} }`)}`,
    ],
    [
      'words of a state',
      `${HEAD}signals: { s: { path: s, enum: [${many(500, (n) => `w${n}`).replaceAll('\n', ', ')}] } }\nrules:\n- { id: r, kind: stateMap, input: s, map: {${many(500, (n) => `v${n}: idle`).replaceAll('\n', ', ')}} }`,
    ],
    [
      'expressions that are long',
      `${HEAD}${SIGNALS}rules:\n${many(100, (n) => `- { id: r${n}, kind: expr, value: "${many(190, () => 's1').replaceAll('\n', '+')}" }`)}`,
    ],
    [
      'words that are never said',
      `${HEAD}signals: { s: { path: s, enum: [${many(500, (n) => `w${n}`).replaceAll('\n', ', ')}] } }\nrules:\n${many(400, (n) => `- { id: r${n}, kind: expr, value: "${many(12, (at) => `s == 'v${n}x${at}'`).replaceAll('\n', '||')}" }`)}`,
    ],
    ['an expression of brackets', `${HEAD}signals: {}\nrules:\n- { id: r, kind: expr, value: "${'('.repeat(1_900)}" }`],
    [
      'master data',
      `${HEAD}signals: {}\nrules:\n- { id: r, kind: watchdog }\nmasterData: { job: {${many(4_900, (n) => `k${n}: { a: [${n}] }`).replaceAll('\n', ', ')}} }`,
    ],
  ])('ends soon: %s', (_name, text) => {
    const { result: reading, cpuMs } = withCpuTime(() => readMapping(text));
    // Work that grows with the square of the text, or faster, takes minutes.
    expect(cpuMs).toBeLessThan(10_000);
    if (reading.kind === 'refused') expect(reading.problems.length).toBeLessThanOrEqual(PROBLEMS_TOLD);
  });
});

describe('names that mean something to CEL or to JavaScript', () => {
  const NAMES = [
    ...[
      'status',
      'masterdata',
      'MasterData',
      'CelNamespace',
      'Type',
      'Optional',
      'optional',
      'int',
      'google',
      'cel',
      'has',
    ],
    ...[
      'size',
      'hasOwnProperty',
      'toString',
      'valueOf',
      'length',
      'type',
      'list',
      'map',
      'timestamp',
      'duration',
      'bytes',
    ],
    ...[
      'null_type',
      'goodIn',
      'quantity',
      'message',
      'item',
      'A',
      'T',
      'ast',
      'edge',
      'known',
      'changed',
      'double',
      'dyn',
    ],
    ...['Duration', 'true', 'null', 'in', 'prototype'],
  ];
  const templates: ReadonlyArray<(name: string) => string> = [
    (name) =>
      `signals: { ${name}: { path: a }, b: { path: b } }\nrules:\n- { id: r, kind: edge, input: b, emit: a.b, when: "b == 1 || ${name} == 2" }`,
    (name) =>
      `signals: { b: { path: b } }\nrules:\n- { id: ${name}, kind: expr, value: b }\n- { id: r, kind: expr, value: "${name}.changed" }`,
    (name) =>
      `signals: { s1: { path: b, unit: mm } }\nrules:\n- { id: r, ${BUNDLE}, enrich: { ${name}: "1" }, weight: { else: "${name} + 1.0" } }`,
    (name) =>
      `signals: { b: { path: b } }\nmasterData: { ${name}: { a: {} } }\nrules:\n- { id: r, kind: expr, value: "masterdata.${name}(b)" }`,
  ];

  it.each(NAMES)('%s is taken or refused, wherever it stands', (name) => {
    for (const template of templates) expect(['mapping', 'refused']).toContain(readMapping(HEAD + template(name)).kind);
  });
});
