import { ExpressionFailed, type ExpressionValue, type Scope } from '@millrace/domain';
import fc from 'fast-check';
import type { PlainValue } from '../document/document-node';
import { ExpressionCompiler } from './expression-compiler';
import type { ValueType } from './expression-value';
import type { Locals } from './vocabulary';
import type { Wanted } from './wanted';

const SIGNALS: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['state', 'string'],
  ['ordId', 'int'],
  ['bundleNumber', 'int'],
  ['goodFt', 'double'],
  ['lbsPerFt', 'double'],
  ['complete', 'bool'],
  ['anyValue', 'dyn'],
  ['message', 'dyn'],
]);
const compiler = new ExpressionCompiler({
  signals: SIGNALS,
  units: new Map([
    ['goodFt', '[ft_i]'],
    ['lbsPerFt', '[lb_av]'],
  ]),
  words: new Map([
    ['state', ['RUN', 'HALT']],
    ['ordId', ['0', '1']],
  ]),
  statusInputs: new Set(['state']),
  masterData: new Map([
    ['job', new Map<string, PlainValue>([['12345', { Customer: 'ACME', Lines: [1, 2] }]])],
    ['paint', new Map<string, PlainValue>()],
  ]),
});

type Values = { readonly [alias: string]: ExpressionValue };
const scope = (now: Values, before: Values = {}, more: Partial<Scope> & { was?: 'idle' } = {}): Scope => ({
  now: { value: (alias) => now[alias] ?? null, status: 'running' },
  before: { value: (alias) => before[alias] ?? now[alias] ?? null, status: more.was ?? 'running' },
  locals: more.locals ?? {},
});

const evaluate = (text: string, at: Scope, wanted: Wanted = 'any', locals?: Locals): ExpressionValue => {
  const compiled = compiler.compile(text, wanted, locals);
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.expression.evaluate(at);
};
const problems = (text: string, wanted: Wanted = 'any') => {
  const compiled = compiler.compile(text, wanted);
  return compiled.kind === 'refused'
    ? compiled.problems.map(({ index, code, detail }) => `${index} ${code}: ${detail}`)
    : [];
};

const MACHINE = { state: 'RUN', ordId: 12345, bundleNumber: 7, goodFt: 1500, lbsPerFt: 2.616, complete: true };

describe('an expression', () => {
  it.each<[string, ExpressionValue]>([
    ["string(ordId) + '-' + pad(bundleNumber, 2)", '12345-07'],
    ["'Jobs/' + string(ordId)", 'Jobs/12345'],
    ['goodFt * lbsPerFt', 3924],
    ['round(goodFt * 2 / 7, 3)', 428.571],
    ['round(1.005, 2)', 1.01],
    ['round(-2.5, 0)', -3],
    ['pad(-3, 3)', '-03'],
    ["state == 'RUN' && status == 'running'", true],
    ['ordId + 1', 12346],
    ['ordId * 2.5', 30862.5],
    ['2 * goodFt', 3000],
    ['ordId == 12345.0', true],
    ['9007199254740993 + 0', 9007199254740993n],
    ['max(ordId, 2) + min(1.5, 2)', 12346.5],
    ['abs(-3)', 3],
    ['floor(2.7) + ceil(2.1)', 5],
    ['masterdata.job(ordId)', { Customer: 'ACME', Lines: [1, 2] }],
    ['masterdata.job(ordId).Customer', 'ACME'],
    ['masterdata.job(1)', null],
    ['masterdata.tooling("x")', null],
    ["{'a': ordId, 'b': [state, 1]}", { a: 12345, b: ['RUN', 1] }],
    ['complete ? 1 : 2', 1],
    ["state in ['RUN', 'HALT']", true],
    ['size(state)', 3],
    ["state.startsWith('R') && state.contains('U')", true],
    ['anyValue.known && anyValue > 3', false],
    ['complete || anyValue > 3', true],
    ['null', null],
  ])('%s is %j', (text, expected) => {
    expect(evaluate(text, scope(MACHINE))).toEqual(expected);
  });

  it('knows what happened with this signal, and takes a first value for no edge', () => {
    const edges = (text: string, now: Values, before: Values) => evaluate(text, scope(now, before), 'bool');
    expect(edges('ordId.changed', { ordId: 2 }, { ordId: 1 })).toBe(true);
    expect(edges('ordId.changed', { ordId: 2 }, {})).toBe(false);
    expect(edges('complete.rising', { complete: true }, { complete: false })).toBe(true);
    expect(edges('complete . falling', { complete: true }, { complete: false })).toBe(false);
    expect(edges("state.edge('run')", { state: 'RUN' }, { state: 'HALT' })).toBe(true);
    expect(edges("state.edge('run') && ordId.changed", { state: 'RUN', ordId: 1 }, { state: 'HALT' })).toBe(false);
    expect(evaluate("state.edge('running')", scope(MACHINE, {}, { was: 'idle' }))).toBe(true);
    expect(evaluate("state.edge('running')", scope(MACHINE))).toBe(false);
    expect(evaluate("anyValue.edge('running')", scope({ anyValue: 1 }, {}, { was: 'idle' }))).toBe(false);
    expect(evaluate('anyValue.known', scope({}))).toBe(false);
  });

  it('names the signals that it reads', () => {
    const compiled = compiler.compile("string(ordId) + (complete.rising ? state : 'x') + status", 'text');
    expect(compiled).toMatchObject({
      kind: 'compiled',
      type: 'string',
      expression: { inputs: ['ordId', 'state', 'complete'] },
    });
  });

  it.each([
    ['ordId + 1', {}],
    ['goodFt / 0.0', MACHINE],
    ['ordId / 0', MACHINE],
    ['anyValue + 1', { anyValue: 'x' }],
    ['ordId', { ordId: 1.5 }],
    ['anyValue.a', { anyValue: { b: 1 } }],
    ['masterdata.job(1).Customer', {}],
    ['message.constructor', { message: {} }],
    ['pad(ordId, 1000)', MACHINE],
    ["anyValue.toString == ''", { anyValue: {} }],
  ])('%s has no value with %j', (text, values) => {
    expect(() => evaluate(text, scope(values as Values))).toThrow(ExpressionFailed);
  });

  it('reads locals before signals of the same name', () => {
    const locals: Locals = { message: 'dyn', nativeCode: 'string' };
    const at = scope({ message: 'signal' }, {}, { locals: { message: { id: 'local' }, nativeCode: '7' } });
    expect(evaluate('message.id + nativeCode', at, 'text', locals)).toBe('local7');
    expect(evaluate('message', at)).toBe('signal');
  });

  it.each<[string, Wanted, string[]]>([
    [
      'orderId + good',
      'any',
      [
        "0 unknown_name: 'orderId' is no signal of this mapping; did you mean 'ordId'?",
        "10 unknown_name: 'good' is no signal of this mapping; did you mean 'goodFt'?",
      ],
    ],
    ['padd(ordId, 2)', 'any', ["0 unknown_function: 'padd' is no function that is known here; did you mean 'pad'?"]],
    ["state.matches('.*')", 'any', [expect.stringMatching(/^0 unknown_function: 'matches' is no method/)]],
    ["timestamp('2020-01-01T00:00:00Z')", 'any', [expect.stringMatching(/^0 unknown_function: 'timestamp'/)]],
    [
      '[1, 2].map(x, x)',
      'any',
      [expect.stringMatching(/^0 unknown_function: 'map'/), expect.anything(), expect.anything()],
    ],
    ['cel.bind(a, 1, a)', 'any', [expect.anything(), expect.anything(), expect.anything(), expect.anything()]],
    ['state == 5', 'any', [expect.stringMatching(/^0 expression_type: 'string == int' cannot be done/)]],
    ['ordId +', 'any', ['7 expression_syntax: cannot be read: unexpected token: the end']],
    ["state = 'RUN'", 'any', ["6 expression_syntax: '=' is no operator here; write '=='"]],
    ["state === 'RUN'", 'any', ["6 expression_syntax: '===' is no operator here; write '=='"]],
    ['ordId <> 3', 'any', ["6 expression_syntax: '<>' is no operator here; write '!='"]],
    ['ordId => 3', 'any', ["6 expression_syntax: '=>' is no operator here; write '>='"]],
    ["state == 'RUN' and complete", 'any', ["15 expression_syntax: 'and' is no operator here; write '&&'"]],
    ['complete OR complete', 'any', ["9 expression_syntax: 'OR' is no operator here; write '||'"]],
    ['not complete', 'any', ["0 expression_syntax: 'not' is no operator here; write '!'"]],
    ['complete & complete', 'any', ["9 expression_syntax: '&' is no operator here; write '&&'"]],
    ['complete && && complete', 'any', ["12 expression_syntax: '&&' stands where a value is expected"]],
    ['ordId > > 3', 'any', ["8 expression_syntax: '>' stands where a value is expected"]],
    ['ordId > 3)', 'any', ["9 expression_syntax: ')' cannot stand here"]],
    ['ordId then 3', 'any', [expect.stringMatching(/^6 expression_syntax: 'then' cannot stand here; is an operator/)]],
    ['state == “RUN”', 'any', [expect.stringMatching(/^9 expression_syntax: '“' is no quote of an expression/)]],
    ["state == 'RUN", 'any', ['9 expression_syntax: has a text that does not end; put a quote behind it']],
    ['ordId.chnaged', 'any', ["0 unknown_name: 'ordId' is int and has no member 'chnaged'; did you mean 'changed'?"]],
    [
      'state.rising',
      'any',
      [expect.stringMatching(/^0 expression_type: 'state' is string; only what is true or false/)],
    ],
    ['state.edge(state)', 'any', ["0 expression_syntax: edge is written <signal>.edge('word')"]],
    ['ordId.changed + goodFt', 'any', [expect.stringMatching(/^0 expression_type: 'bool \+ double'/)]],
    ['ordId', 'bool', ['0 expression_type: must be true or false, and is int; compare it with something']],
    ['ordId', 'text', ['0 expression_type: must be text, and is int; write string(…)']],
    ['masterdata.jobs(ordId)', 'any', ["0 unknown_function: masterData has no kind 'jobs'; did you mean 'job'?"]],
    ['masterdata', 'any', [expect.stringMatching(/write masterdata.job\(ordId\)/)]],
    ["b'abc'", 'any', [expect.stringMatching(/literal of bytes/)]],
    [`${'('.repeat(50)}1${')'.repeat(50)}`, 'any', [expect.stringMatching(/too large for one expression/)]],
    [`1${'+1'.repeat(500)}`, 'any', [expect.stringMatching(/too large for one expression/)]],
    [
      'goodFt + lbsPerFt',
      'any',
      ["0 mixed_units: 'goodFt' is in [ft_i] and 'lbsPerFt' in [lb_av]; multiply one so that both are in one unit"],
    ],
    ['google.protobuf', 'any', [expect.stringMatching(/'google' is no signal/)]],
  ])('is refused at its place (%#)', (text, wanted, expected) => {
    expect(problems(text, wanted)).toEqual(expected);
  });

  it.each<[string, string[]]>([
    [
      "state == 'HALTT'",
      ["9 unknown_word: 'HALTT' is never said: it is not in the enum of 'state'; did you mean 'HALT'?"],
    ],
    ["'run' != state", ["0 unknown_word: 'run' is never said: it is not in the enum of 'state'; did you mean 'RUN'?"]],
    [
      "state in ['RUN', 'X']",
      ["17 unknown_word: 'X' is never said: it is not in the enum of 'state'; its words are RUN, HALT"],
    ],
    [
      "!(complete && state.edge('RUNN'))",
      [expect.stringMatching(/^25 unknown_word: 'RUNN' is never said: .*; did you mean 'RUN'/)],
    ],
    ['ordId == 2 || ordId == 1', [expect.stringMatching(/^9 unknown_word: '2' is never said/)]],
    ["state.edge('run') || state.edge('running') || state == 'RUN' || state != '' || anyValue == 'X'", []],
  ])('warns of words that a signal never says (%#)', (text, expected) => {
    const compiled = compiler.compile(text, 'bool');
    if (compiled.kind === 'refused') throw new Error(compiled.problems[0]!.detail);
    expect(compiled.warnings.map(({ index, code, detail }) => `${index} ${code}: ${detail()}`)).toEqual(expected);
  });

  it('never throws at load, whatever the text, and only ExpressionFailed afterwards', () => {
    const words = fc.constantFrom(
      'ordId',
      'state',
      '.',
      'changed',
      'edge',
      '(',
      ')',
      "'a'",
      '+',
      '==',
      '1',
      '2.5',
      ' ',
      '?',
      ':',
      '[',
      ']',
      ',',
      'pad',
      'masterdata',
      'job',
      '{',
      '}',
      '!',
      '-',
      'anyValue',
      'has',
      'size',
      '&&',
      '||',
      'in',
      'null',
      'true',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(words, { maxLength: 14 }).map((all) => all.join('')),
    );
    const values = fc.constantFrom<ExpressionValue>(null, 1, 'x', true, { a: 1 }, [1], 2.5, 5n);
    fc.assert(
      fc.property(text, values, (written, value) => {
        const compiled = compiler.compile(written, 'any');
        if (compiled.kind === 'refused') {
          expect(compiled.problems.length).toBeGreaterThan(0);
          for (const { index } of compiled.problems) expect(index).toBeLessThanOrEqual(written.length);
          return;
        }
        try {
          compiled.expression.evaluate(scope({ anyValue: value, ordId: value, state: value }));
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionFailed);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
