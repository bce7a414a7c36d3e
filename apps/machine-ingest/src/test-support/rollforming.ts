import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '@millrace/domain';
import { readMapping, readRecording } from '@millrace/machine-mapping';
import { recordingPath } from './recordings';

const EXAMPLE = join(__dirname, '../../../../libs/machine-mapping/examples/roll-former.yaml');

/**
 * The example mapping of a roll former for machines of the default tenant, under a name of its own. The recording came over a
 * line that repeats and swaps, so its signals wait for the ones before them.
 */
export const rollFormerMapping = (name: string, machines: readonly string[]): string => {
  const ids = machines.map((id) => `{ id: ${id}, timeZone: ${ZONE}, number: 1 }`);
  return replaced(readFileSync(EXAMPLE, 'utf8'), [
    [/^name: .*$/m, `name: ${name}`],
    [/^machine: .*$/m, `machines: [${ids.join(', ')}]`],
    [/^ {2}line: \{ type: sparkplug,/m, '  line: { type: sparkplug, reorder: { window: 2s, records: 256 },'],
  ]);
};

/** Each place once; one that is not there means that the example has changed. */
export const replaced = (text: string, places: ReadonlyArray<readonly [RegExp, string]>): string =>
  places.reduce((all, [place, by]) => {
    if (!place.test(all)) throw new Error(`The mapping has nothing like ${place}.`);
    return all.replace(place, by);
  }, text);

const DAY_MS = 86_400_000;
const ZONE = 'America/Chicago';
const STARTED_AT = '2026-02-17T14:00:00.000Z';
const ENDED_AT = '2026-02-17T15:30:00.000Z';

/** The roll-forming recording and the bundle that Eclipse Pro tells of it, later: Eclipse gives up a bundle that ended 30 days ago. */
export class RecordedLine {
  private constructor(private readonly laterByMs: number) {}

  /** It ended between one day and two before `now` (Unix ms): a recording that is played, and no late signals. */
  static ofYesterday(now: number): RecordedLine {
    return new RecordedLine((Math.floor((now - Date.parse(ENDED_AT)) / DAY_MS) - 1) * DAY_MS);
  }

  /** At a time (Unix ms, cut to the second), as on a line that runs today. */
  static endingAt(time: number): RecordedLine {
    return new RecordedLine(Math.floor((time - Date.parse(ENDED_AT)) / 1_000) * 1_000);
  }

  get startedAt(): string {
    return this.later(STARTED_AT);
  }

  get endedAt(): string {
    return this.later(ENDED_AT);
  }

  /** Of a machine of the default tenant, in the order of their receipt. */
  signals(machine: string): Signal[] {
    const read = readMapping(rollFormerMapping('recorded', ['rf-01']));
    if (read.kind === 'refused') throw new Error(read.problems[0]?.detail);
    const text = readFileSync(recordingPath('rollform-synthetic', 'base.ndjson'), 'utf8');
    const { signals, rejected } = readRecording(text, { tenant: 'acme', machines: read.machines });
    if (rejected.length > 0) throw new Error(rejected[0]!.detail);
    return signals.map((signal) => ({
      ...signal,
      tenant: 'default',
      machine,
      sourceTs: signal.sourceTs && this.later(signal.sourceTs),
      receiveTs: this.later(signal.receiveTs),
      at: this.later(signal.at),
    }));
  }

  /** With the blocks that the example has master data for. */
  get bundle(): string {
    const { bundle } = JSON.parse(readFileSync(recordingPath('rollform-synthetic', 'expected.json'), 'utf8'));
    return JSON.stringify({
      ...bundle,
      StartTime: localTime(this.startedAt),
      EndTime: localTime(this.endedAt),
      Material: { Description: '26 gauge forest green', LbsPerFt: 2.616 },
      Tooling: { Description: 'Classic rib', Width: 36 },
    });
  }

  private later(time: string): string {
    return new Date(Date.parse(time) + this.laterByMs).toISOString();
  }
}

/** `2026-02-17T08:00:00`, by the clock on the wall of the plant. */
const localTime = (time: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' })
    .format(new Date(time))
    .replace(' ', 'T');

/** The same with repeats, and with neighbours within the window that have changed places. */
export const disturbed = (signals: readonly Signal[], random: () => number): Signal[] => {
  const mixed = signals.flatMap((one) => (random() < 0.3 ? [one, one] : [one]));
  // Positions are counted from the first that comes: what went before it is not waited for.
  for (let n = 20; n + 1 < mixed.length; n++) {
    const [a, b] = [mixed[n]!, mixed[n + 1]!];
    if (random() < 0.3 && Date.parse(b.at) - Date.parse(a.at) < 1_500) mixed.splice(n, 2, b, a);
  }
  return mixed;
};
