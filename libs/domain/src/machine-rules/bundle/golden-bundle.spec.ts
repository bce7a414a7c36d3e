import { readFileSync } from 'node:fs';
import {
  describeRecordings,
  recordingLines,
  recordingPath,
} from '../../../../../apps/machine-ingest/src/test-support/recordings';
import { eclipse } from '../../contract/eclipse';
import type { Signal } from '../../signal/signal';
import { foldUnder } from '../../signal/signals.fixture';
import { INCHES, type LengthEncoding, lineMapping, lineRule } from './rollform-mapping.fixture';

const base = (): Signal[] =>
  recordingLines('rollform-synthetic', 'base.ndjson').map((line) => {
    const read = JSON.parse(line) as Signal;
    return {
      ...read,
      kind: 'event',
      type: (read.type as string) === 'boolean' ? 'bool' : read.type,
      at: read.receiveTs,
      serverTs: null,
      clock: 'device',
      raw: { proto: 'file', ref: '' },
    };
  });
const expected = () =>
  JSON.parse(readFileSync(recordingPath('rollform-synthetic', 'expected.json'), 'utf8')) as {
    bundle: object;
    occurredAt: string;
  };

describeRecordings('the bundle of the roll-forming recording', () => {
  const rule = lineRule();

  const mapping = lineMapping(rule, INCHES);
  const bundleOf = (signals: readonly Signal[], under = mapping, restart = false) => {
    const { told, events } = foldUnder(under, signals, { restart });
    const bundles = told.filter(({ type }) => type.startsWith('bundle.'));
    expect(bundles).toHaveLength(1);
    const { type, integrity, ...result } = bundles[0]!;
    return { type, integrity, result, event: events.find((event) => event.type.startsWith('bundle.'))! };
  };

  it.each([false, true])(
    'is that of Eclipse Pro, member for member and in its order (restarted at every signal: %s)',
    (restart) => {
      const { type, result, integrity, event } = bundleOf(base(), mapping, restart);
      expect(type).toBe('bundle.completed');
      expect(JSON.stringify(result)).toBe(JSON.stringify(expected().bundle));
      expect(integrity).toEqual({
        revision: 1,
        startedAt: '2026-02-17T14:00:00.000Z',
        endedAt: '2026-02-17T15:30:00.000Z',
        timeZone: 'America/Chicago',
        closedUnseen: false,
        unknownMinutes: 0,
        pausedMinutes: 0,
        gaps: [],
        counters: [],
        violations: [],
      });
      expect(event).toMatchObject({ subject: 'RF-1', time: expected().occurredAt });
      expect(eclipse.render(event, null)).toEqual({
        kind: 'body',
        body: Buffer.from(JSON.stringify(expected().bundle)),
      });
    },
  );

  it('is the same with duplicates and with neighbours that changed places', () => {
    const signals = base();
    const mixed = signals.flatMap((one, n) => (n % 3 === 0 ? [one, one] : [one]));
    for (let n = 20; n + 1 < mixed.length; n += 5) {
      const [a, b] = [mixed[n]!, mixed[n + 1]!];
      if (Date.parse(b.at) - Date.parse(a.at) < 1_500) mixed.splice(n, 2, b, a);
    }
    expect(mixed).not.toEqual(signals);
    const { result, integrity } = bundleOf(mixed);
    expect(JSON.stringify(result)).toBe(JSON.stringify(expected().bundle));
    expect(integrity).toMatchObject({ gaps: [], violations: [] });
  });

  it('is the same as 16-bit tenths that wrap', () => {
    const tenths: LengthEncoding = { unit: '[in_i]', perUnit: 10, modulus: 65_536 };
    const signals = base().map((one) => {
      const isCounter = one.path.startsWith('Length/');
      if (!isCounter && !['Item/LengthTarget', 'Piece/Length'].includes(one.path)) return one;
      const raw = Math.round((one.value as number) * 10);
      return { ...one, value: isCounter ? raw % 65_536 : raw, unit: null };
    });
    const { result, integrity } = bundleOf(signals, lineMapping(rule, tenths));
    expect(JSON.stringify(result)).toBe(JSON.stringify(expected().bundle));
    expect(integrity).toMatchObject({ counters: [], violations: [] });
  });

  it('has the same lengths where the gateway dies for twelve minutes in its middle, and says so', () => {
    const signals = base();
    const from = signals.findIndex(({ path, value }) => path === 'Item/QuantityDone' && value === 3);
    const to = signals.findIndex(({ at }) => at > '2026-02-17T14:17:00');
    const last = new Map(signals.slice(0, to).map((one) => [one.path, one]));
    const time = signals[to]!.at;
    const again = (one: Signal, seq: number): Signal => ({
      ...one,
      session: 's2',
      seq,
      sourceTs: time,
      receiveTs: time,
      at: time,
    });
    const lifecycle = (one: Signal, value: string): Signal => ({
      ...one,
      path: '$lifecycle',
      kind: 'lifecycle',
      value,
      sourceTs: null,
      seq: null,
      flags: [],
    });
    const snapshot = [...last.values()].map((one, n): Signal => ({ ...again(one, n), flags: ['snapshot'] }));
    const cut = [
      ...signals.slice(0, from + 1),
      lifecycle({ ...signals[from]!, unit: null }, 'disconnected'),
      lifecycle(again(signals[from]!, 0), 'connected'),
      ...snapshot,
      ...signals.slice(to).map((one, n) => ({ ...one, session: 's2', seq: snapshot.length + n })),
    ];
    const { result, integrity } = bundleOf(cut, mapping, true);
    const { ScrapInByReason, ...same } = expected().bundle as { ScrapInByReason: object };
    expect(result).toMatchObject({
      ...same,
      RunMinutes: expect.closeTo(72.5, 1),
      DelayMinutes: expect.closeTo(17.5, 1),
    });
    // The scrap was counted after the outage, and nobody heard the code that was given in it.
    expect(ScrapInByReason).toEqual({ '1': 80, '3': 40 });
    expect(result).toMatchObject({ ScrapInByReason: { '0': 80, '3': 40 } });
    expect(integrity).toMatchObject({
      gaps: [{ from: '2026-02-17T14:04:21.051Z', to: time, source: 'sim-1' }],
      violations: [],
    });
  });
});
