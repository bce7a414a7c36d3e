import fc from 'fast-check';
import { lineMapping, lineRule } from '../machine-rules/bundle/rollform-mapping.fixture';
import {
  aliasValue,
  availability,
  conditionRuleOf,
  counter,
  edge,
  expr,
  expression,
  mappingOf,
  passthrough,
  run,
  says,
  stateMap,
  threshold,
  watchdog,
} from '../machine-rules/mapping.fixture';
import type { Signal } from './signal';
import { condition, configured, signal } from './signals.fixture';

/**
 * What a machine may say in a minute: everything that any kind of rule listens to, in whatever order, under a mapping that
 * has a rule of each kind and puts what comes in order.
 */
const WINDOW = { windowMs: 2_000, records: 6 };
const bundle = lineRule();
const line = lineMapping(bundle, { unit: 'mm', perUnit: 10, modulus: 65_536 });

export const mapping = mappingOf({
  machine: line.machine,
  sources: { line: { reorder: WINDOW } },
  signals: {
    ...line.signals,
    avail: {},
    door: { type: 'bool' },
    temp: { type: 'double', unit: 'Cel', staleAfterMs: 4_000, deadband: { abs: 0.5, maxTimeMs: 3_000 } },
    count: { type: 'int64', modulus: 16 },
    message: { type: 'json' },
  },
  rules: [
    expr({
      id: 'hotRun',
      value: expression(['temp', 'state'], (read) => Number(read('temp')) > 50 && read('state') === 'RUN'),
      emit: 'machine.hot_run',
    }),
    stateMap({ debounceMs: 800, recoverAfterMs: 1_200, transitional: ['WAIT'], transitionalMs: 3_000 }),
    availability(),
    watchdog({ timeoutMs: 5_000, recoverAfterMs: 700 }),
    edge({ when: says('state', 'RUN'), data: { count: aliasValue('count') } }),
    edge({ id: 'open', emit: 'machine.alarm', alarm: { code: 'DOOR', severity: 'warning', text: '' } }),
    threshold({ onDelayMs: 500, offDelayMs: 500, latched: true }),
    conditionRuleOf({ maxRate: { count: 4, perMs: 3_000 } }),
    counter({ maxStep: 6 }),
    passthrough({ key: expression([], (_read, { locals }) => (locals['message'] as { k: string }).k) }),
    run({ settleMs: 1_000, maxOpenMs: 20_000 }),
    bundle,
  ],
});
/** What it may be changed to: without the rule of the status, and taken as it comes. */
export const next = mappingOf({
  ...mapping,
  hash: 'b'.repeat(64),
  version: 2,
  sources: {},
  rules: mapping.rules.slice(2),
});

/** What a row says; a register that only rises says how far. */
interface Said {
  readonly path: string;
  readonly value: Signal['value'] | { readonly rises: number };
  readonly over?: Partial<Signal>;
}

/** What is historical brings no time: of several that come at once another one does, and what is due then is told after it. */
const TIMELY: readonly Signal['flags'][] = [[], [], [], [], [], [], ['snapshot'], ['overflow']];
const timely = fc.constantFrom(...TIMELY);
const flags = fc.constantFrom(...TIMELY, ['historical'] as const);
const quality = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Signal['quality']>('good') },
  fc.constantFrom<Signal['quality']>('uncertain', 'bad', 'stale'),
);
const of = (path: string, ...values: readonly Said['value'][]): fc.Arbitrary<Said> =>
  fc.constantFrom(...values).map((value) => ({ path, value }));
const rises = (path: string, max: number): fc.Arbitrary<Said> =>
  fc.nat({ max }).map((by) => ({ path, value: { rises: by } }));

const status = fc.oneof(
  { weight: 4, arbitrary: of('Line/State', 'RUN', 'RUN', 'HALT', 'WAIT', 'OFF', 'ODD') },
  of('avail', 'AVAILABLE', 'UNAVAILABLE'),
);
const values = fc.oneof(
  { weight: 2, arbitrary: of('door', true, false) },
  of('temp', 20, 20.2, 60, 77, 90, null, 'x').map((said) => ({ ...said, over: { unit: 'Cel' } })),
  fc.constantFrom('Cel', '[degF]').map((unit) => ({ path: 'temp', value: 30, over: { unit } })),
  fc.nat({ max: 20 }).map((value) => ({ path: 'count', value })),
  of('message', { k: 'a', v: 'a' }, { k: 'b', v: 'b' }, { k: 'c', v: 0 }, { k: 'c', v: 1 }, { k: 'c', v: 2 }),
  of('nobody', 1),
);
/** A line of which nobody keeps the books: what it says need not agree. */
const production = fc.oneof(
  { weight: 3, arbitrary: rises('Length/Good', 9_000) },
  rises('Length/Scrap', 500),
  { weight: 2, arbitrary: rises('Item/QuantityDone', 2) },
  of('Piece/Length', 24_384, 9_144, 30_480),
  of('Item/ItmId', 1, 2),
  of('Item/LengthTarget', 24_384, 9_144),
  of('Coil/Serial', 'A', 'B'),
  of('Scrap/Reason', 0, 1, 2),
  of('Delay/Reason', 0, 1, 2),
  of('Bundle/Weight', 250, 260.5),
  { weight: 2, arbitrary: of('Bundle/Complete', true, false) },
  { weight: 2, arbitrary: of('Bundle/Number', 1, 2) },
  of('Job/OrdId', 100, 100, 101),
);
/** How it stands when it is heard first. */
const SET_UP: readonly Said[] = [
  { path: 'Job/OrdId', value: 100 },
  { path: 'Item/ItmId', value: 1 },
  { path: 'Length/Good', value: { rises: 60_000 } },
  { path: 'Line/State', value: 'RUN' },
];
const someValue = fc.oneof(
  { weight: 5, arbitrary: production },
  { weight: 2, arbitrary: status },
  { weight: 3, arbitrary: values },
);

const someCondition = fc
  .tuple(
    fc.constantFrom('NORMAL', 'WARNING', 'FAULT', 'UNAVAILABLE'),
    fc.constantFrom('', '1', '2'),
    fc.constantFrom(undefined, 'acknowledged', 'shelved'),
  )
  .map(([level, code, action]): Said => {
    const { path, value, kind, type } = condition(
      0,
      action === undefined ? 'c' : 'temp',
      level,
      action === undefined ? code : 'HYD-TEMP',
      '',
      action ?? null,
    );
    return { path, value, over: { kind, type } };
  });

/** Of the source itself: what comes before such a word and what comes after it do not change places. */
const word = fc.constantFrom('disconnected', 'connected', 'alive', 'birth', 'death', 'hello').map(
  (value): Said => ({
    path: '$lifecycle',
    value,
    over: { kind: 'lifecycle', sourceTs: null },
  }),
);
const unnumbered = (path: string, value: Signal['value']): Said => ({
  path,
  value,
  over: { kind: 'lifecycle', sourceTs: null, seq: null },
});
const tick = unnumbered('$tick', null);
const gap = unnumbered('$gap', { from: 1, to: 3, lost: 3 });

interface Row {
  readonly said: Said;
  readonly ms: number;
  readonly over: Partial<Signal>;
}

const signalsOf = (rows: readonly Row[]): Signal[] => {
  const registers = new Map<string, number>();
  const setUp = SET_UP.map((said, seq): Row => ({ said, ms: 0, over: { seq } }));
  return [...setUp, ...rows].map(({ said: { path, value, over }, ms, over: also }) => {
    let shown = value;
    if (typeof value === 'object' && value !== null && 'rises' in value) {
      registers.set(path, (registers.get(path) ?? 0) + (value.rises as number));
      shown = registers.get(path)! % (path.startsWith('Length/') ? 65_536 : 25);
    }
    return signal(ms, path, shown as Signal['value'], { type: 'string', ...also, ...over });
  });
};

/** Signals that are numbered, now and then two the wrong way round, with the times at which they come. */
export const anyHistory: fc.Arbitrary<Signal[]> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.oneof(
          { weight: 12, arbitrary: fc.tuple(someValue, flags, quality) },
          { weight: 2, arbitrary: fc.tuple(someCondition) },
          { weight: 1, arbitrary: fc.tuple(word) },
          { weight: 1, arbitrary: fc.tuple(fc.constantFrom(tick, gap)) },
        ),
        fc.nat({ max: 1_500 }),
        fc.nat({ max: 9 }),
      ),
      { maxLength: 70, size: 'max' },
    ),
    fc.nat({ max: 140 }),
  )
  .map(([rows, change]) => {
    let ms = 0;
    const log = signalsOf(
      rows.map(([[said, flag, of], pause, jump], row) => {
        ms += pause;
        const place = SET_UP.length + row;
        const seq = jump === 0 ? place + 2 : jump === 1 ? Math.max(0, place - 2) : place;
        return {
          said,
          ms,
          over: { seq, ...(flag === undefined ? {} : { flags: flag, quality: of as Signal['quality'] }) },
        };
      }),
    );
    if (change < log.length) log.splice(change, 0, configured(ms, next));
    return log;
  });

/** What one row says, with what flags and of what quality. */
type SaidSo = readonly [said: Said, flags?: Signal['flags'], quality?: Signal['quality']];

/** A history, and the same with some of it in another order and twice. */
export interface Disturbed {
  readonly log: readonly Signal[];
  readonly disturbed: readonly Signal[];
}

const severalAtOnce: fc.Arbitrary<readonly SaidSo[]> = fc.array(
  fc.tuple(fc.oneof({ weight: 6, arbitrary: someValue }, someCondition), timely, quality),
  { minLength: 1, maxLength: WINDOW.records },
);
const aWord: fc.Arbitrary<readonly SaidSo[]> = word.map((said) => [[said]]);
const aTick: fc.Arbitrary<readonly SaidSo[]> = fc.constant([[tick]]);

/**
 * A gateway sends several signals at once, as many as the window holds, each numbered; between them a word about the source.
 * What comes at once may come in another order, and anything again at any later time.
 */
export const anyDisturbedHistory: fc.Arbitrary<Disturbed> = fc
  .array(
    fc.record({
      pause: fc.nat({ max: 2_500 }),
      burst: fc.oneof({ weight: 9, arbitrary: severalAtOnce }, aWord, aTick),
      order: fc.array(fc.nat({ max: 1_000 }), { minLength: WINDOW.records, maxLength: WINDOW.records }),
      again: fc.array(fc.nat({ max: 1_000 }), { maxLength: 2 }),
    }),
    { maxLength: 25, size: 'max' },
  )
  .map((moments) => {
    let ms = 0;
    let seq = SET_UP.length;
    const bursts = moments.map(({ pause, burst }) => {
      ms += pause;
      return burst.map(([said, flag, of]) => ({
        said,
        ms,
        over: {
          ...(said.over?.seq === null ? {} : { seq: seq++ }),
          ...(flag === undefined ? {} : { flags: flag, quality: of as Signal['quality'] }),
        },
      }));
    });
    const log = signalsOf(bursts.flat());
    const disturbed = log.slice(0, SET_UP.length);
    let place = SET_UP.length;
    let opens = false;
    moments.forEach(({ burst, order, again }) => {
      const here = log.slice(place, place + burst.length);
      place += burst.length;
      // What comes first of a session opens its window: nothing that lies before it would be its own.
      const first = opens ? here.splice(0, 1) : [];
      disturbed.push(...first, ...shuffled(here, order));
      const at = log[place - 1]!.at;
      for (const which of again) {
        const one = log[which % place]!;
        if (one.seq !== null) disturbed.push({ ...one, at, receiveTs: at });
      }
      const last = log[place - 1]!;
      if (last.path !== '$tick') opens = last.value === 'disconnected' || last.value === 'death';
    });
    return { log, disturbed };
  });

const shuffled = (signals: readonly Signal[], order: readonly number[]): Signal[] =>
  signals
    .map((one, n) => [order[n]!, one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
