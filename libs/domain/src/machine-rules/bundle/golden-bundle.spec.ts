import { readFileSync } from 'node:fs';
import {
  describeRecordings,
  recordingLines,
  recordingPath,
} from '../../../../../apps/machine-ingest/src/test-support/recordings';
import type { Signal } from '../../signal/signal';
import { playBundle } from './play-bundle.fixture';
import { INCHES, lineMapping, lineRule } from './rollform-mapping.fixture';

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

  it.each([false, true])(
    'is the BundleResult of Eclipse Pro, member for member and in its order (restarted: %s)',
    (restart) => {
      const { told } = playBundle(rule, lineMapping(rule, INCHES), base(), { restart });
      expect(told).toHaveLength(1);
      const { integrity, ...result } = told[0]!.data;
      expect(JSON.stringify(result, null, 1)).toBe(JSON.stringify(expected().bundle, null, 1));
      expect(told[0]).toMatchObject({ type: 'bundle.completed', moment: { time: expected().occurredAt } });
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
    },
  );
});
