import type { Signal } from '../signal/signal';
import { foldUnder, lifecycle, START, signal, tick } from '../signal/signals.fixture';
import { edge, expr, expression, mappingOf, stateMap, threshold } from './mapping.fixture';

const n = (ms: number, path: string, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, path, value, { type: 'double', ...over });
const power = expression(['volts', 'amps'], (read) => Number(read('volts')) * Number(read('amps')));
const signals = { volts: { type: 'double' }, amps: { type: 'double' } } as const;

describe('expr', () => {
  it('computes a signal that the rules after it hear', () => {
    const mapping = mappingOf({
      signals,
      rules: [
        expr({ id: 'power', value: power, unit: 'W' }),
        threshold({ input: 'power', raiseAbove: 1_000, clearBelow: 900 }),
      ],
    });
    const { told, state } = foldUnder(
      mapping,
      [n(0, 'volts', 400), n(1, 'amps', 2), n(2, 'amps', 3), n(3, 'amps', null), n(4, 'volts', 200), n(5, 'amps', 3)],
      { restart: true },
    );
    expect(told.map(({ status, since }) => `${status} ${Date.parse(since) % 1000}`)).toEqual(['raised 2', 'cleared 5']);
    expect(state.derived['power']).toMatchObject({ value: 600, known: true, unit: 'W' });
    expect(state.counts.expressionFailed).toBe(3);
  });

  it('tells when its condition becomes true, once each time', () => {
    const when = expression(['volts', 'amps'], (_read, { now }) => Number(now.value('power')) > 1_000);
    const mapping = mappingOf({
      signals,
      rules: [
        expr({
          id: 'power',
          value: power,
          emit: 'machine.overload',
          when,
          data: { watts: expression(['power'], (read) => read('power')) },
        }),
      ],
    });
    const { told } = foldUnder(mapping, [
      n(0, 'volts', 400),
      n(1, 'amps', 1),
      n(2, 'amps', 3),
      n(3, 'amps', 4),
      n(4, 'amps', 1),
      n(5, 'amps', 5),
    ]);
    expect(told).toMatchObject([{ watts: 1200, type: 'machine.overload' }, { watts: 2000 }]);
  });

  it('tells each change where there is no condition, and neither the first value nor a snapshot', () => {
    const mapping = mappingOf({ signals, rules: [expr({ id: 'power', value: power, emit: 'machine.power' })] });
    const { told } = foldUnder(mapping, [
      n(0, 'volts', 400),
      n(1, 'amps', 1),
      n(2, 'amps', 1),
      n(3, 'amps', 2),
      lifecycle(4, 'disconnected'),
      n(5, 'volts', 100, { flags: ['snapshot'] }),
      n(5, 'amps', 2, { flags: ['snapshot'] }),
      n(6, 'amps', 3),
    ]);
    expect(told.map(({ previous, value }) => [previous, value])).toEqual([
      [400, 800],
      [200, 300],
    ]);
  });

  it('is known no more when a source of its inputs is lost, and the rules after it hear so', () => {
    const mapping = mappingOf({
      signals,
      rules: [expr({ id: 'power', value: power }), threshold({ input: 'power', raiseAbove: 1_000, clearBelow: 900 })],
    });
    const log = [n(0, 'volts', 400), n(1, 'amps', 2), n(2, 'amps', 3), lifecycle(3, 'disconnected')];
    const { state } = foldUnder(mapping, log, { restart: true });
    expect(state.derived['power']).toMatchObject({ value: 1_200, known: false });
    expect(Object.values(state.alarms)).toMatchObject([{ stale: true }]);
  });

  it('follows the status, at once and when only time tells of it, and tells the rules after it', () => {
    const hotRun = expression(['volts'], (read, { now }) => now.status === 'running' && Number(read('volts')) > 100);
    const mapping = mappingOf({
      signals: { ...signals, state: {} },
      rules: [
        expr({ id: 'hotRun', value: hotRun, emit: 'machine.hot_run' }),
        stateMap({ emit: null, debounceMs: 1_000 }),
        edge({ id: 'warm', input: 'hotRun', emit: 'machine.warm' }),
      ],
    });
    const log = [
      n(0, 'volts', 400),
      signal(0, 'state', 'HALT'),
      tick(1_000),
      signal(2_000, 'state', 'RUN'),
      tick(3_000),
      signal(5_000, 'state', 'HALT'),
      n(6_500, 'amps', 1),
      n(7_000, 'volts', 401),
    ];
    const { told } = foldUnder(mapping, log, { restart: true });
    expect(told.map(({ type, value, since }) => [type, value, Date.parse(since) - START])).toEqual([
      ['machine.hot_run', true, 3_000],
      ['machine.warm', true, 3_000],
      ['machine.hot_run', false, 6_500],
    ]);
  });

  it('never throws out of the fold', () => {
    const mapping = mappingOf({
      signals,
      rules: [
        expr({
          id: 'bad',
          value: expression(['volts'], () => {
            throw new TypeError('x');
          }),
        }),
      ],
    });
    expect(foldUnder(mapping, [n(0, 'volts', 1)]).state.counts.expressionFailed).toBe(1);
  });
});
