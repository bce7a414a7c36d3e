import type { Signal } from '../signal/signal';
import { fold, foldUnder, signal } from '../signal/signals.fixture';
import { expression, mappingOf, passthrough } from './mapping.fixture';

const message = (ms: number, value: object, over: Partial<Signal> = {}) =>
  signal(ms, 'message', value as Signal['value'], { type: 'json', ...over });
const member = (name: string) =>
  expression([], (_read, { locals }) => (locals['message'] as { [name: string]: string })[name] ?? null);
const play = (rule: Parameters<typeof passthrough>[0], signals: readonly Signal[]) =>
  foldUnder(mappingOf({ signals: { message: { type: 'json' } }, rules: [passthrough(rule)] }), signals, {
    restart: true,
  });

describe('passthrough (check 19)', () => {
  it('tells a message that came 50 times once, under an id of its key and content', () => {
    const log = Array.from({ length: 50 }, (_, n) => message(n, { BundleCode: '12345-01', ScrapIn: 120 }));
    const rule = { emit: 'bundle.completed', key: member('BundleCode') };
    const { events, state } = play(rule, log);
    expect(events).toHaveLength(1);
    expect(state.counts.messagesRepeated).toBe(49);
    const elsewhere = play(rule, [
      message(9_000, { x: 1, BundleCode: '0' }),
      message(9_999, { ScrapIn: 120, BundleCode: '12345-01' }),
    ]);
    expect(elsewhere.events[1]!.id).toBe(events[0]!.id);
  });

  it('tells other content under the same key as its correction', () => {
    const { told } = play({ emit: 'bundle.completed', key: member('BundleCode') }, [
      message(0, { BundleCode: '1', ScrapIn: 120 }),
      message(1, { BundleCode: '1', ScrapIn: 121 }),
      message(2, { BundleCode: '1', ScrapIn: 120 }),
      message(3, { BundleCode: '1', ScrapIn: 122 }),
      message(4, { BundleCode: '2', ScrapIn: 120 }),
    ]);
    expect(told.map(({ type, ScrapIn, integrity }) => [type, ScrapIn, integrity?.revision ?? 1])).toEqual([
      ['bundle.completed', 120, 1],
      ['bundle.corrected', 121, 2],
      ['bundle.corrected', 122, 3],
      ['bundle.completed', 120, 1],
    ]);
  });

  it('has the revision last, beside what the message says of its integrity', () => {
    const { told } = play({ emit: 'bundle.completed', key: member('BundleCode') }, [
      message(0, { BundleCode: '1', integrity: { gaps: [] }, ScrapIn: 120 }),
      message(1, { BundleCode: '1', integrity: { gaps: [], revision: 7 }, ScrapIn: 121 }),
    ]);
    expect(JSON.stringify(told[1])).toBe(
      '{"type":"bundle.corrected","BundleCode":"1","ScrapIn":121,"integrity":{"gaps":[],"revision":2}}',
    );
  });

  it('takes type and data from the message', () => {
    const { told } = play({ type: member('type'), data: member('data'), key: null }, [
      message(0, { type: 'operation.started', data: { operation: 7 } }),
      message(1, { type: 'operation.started', data: 'no object' }),
      message(2, { data: {} }),
    ]);
    expect(told).toEqual([{ type: 'operation.started', operation: 7 }]);
  });

  it('is told however late it comes, and not from a copy that a broker kept', () => {
    const { told } = play({}, [
      message(0, { n: 1 }, { flags: ['historical'] }),
      message(1, { n: 2 }, { flags: ['snapshot'] }),
    ]);
    expect(told.map(({ n }) => n)).toEqual([1]);
  });

  it('remembers a bounded number of keys', () => {
    const log = Array.from({ length: 2_500 }, (_, n) => message(n, { k: `${n}` }));
    const { state, events } = foldUnder(
      mappingOf({ signals: { message: { type: 'json' } }, rules: [passthrough({ key: member('k') })] }),
      log,
    );
    expect(events).toHaveLength(2_500);
    expect(JSON.stringify(state).length).toBeLessThan(200_000);
  });

  it('tells that a message makes too large an event, and tells the message when it comes again under a mended rule', () => {
    const long = message(0, { BundleCode: '1', text: 'x'.repeat(400_000) });
    const tripled = expression([], (_read, { locals }) => ({
      all: [locals['message'], locals['message'], locals['message']] as never,
    }));
    const rule = { emit: 'bundle.completed', key: member('BundleCode') };
    const before = play({ ...rule, data: tripled }, [long]);
    expect(before.told).toEqual([
      {
        type: 'ingest.event_too_large',
        machine: 'RF-1',
        rule: 'orders',
        eventType: 'bundle.completed',
        bytes: expect.any(Number),
        limit: 1024 * 1024,
      },
    ]);
    const mended = mappingOf({ signals: { message: { type: 'json' } }, rules: [passthrough(rule)] });
    const next = fold([message(1, { BundleCode: '1', text: 'x'.repeat(400_000) })], before.state, 1, [mended]);
    expect(next.told.map(({ type, BundleCode }) => [type, BundleCode])).toEqual([['bundle.completed', '1']]);
  });
});
