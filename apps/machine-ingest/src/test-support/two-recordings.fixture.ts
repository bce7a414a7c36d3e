import type { Signal } from '@millrace/domain';
import { recordedFrames } from '../signal-intake/sparkplug/recorded-line.fixture';
import { SparkplugIntake } from '../signal-intake/sparkplug/sparkplug-intake';
import { sparkplugSettings } from '../signal-intake/sparkplug/sparkplug-settings';
import type { RecordedLine } from './rollforming';

/** The roll former, whose gateway posts, and the packaging line, whose edge node publishes. */
export const ROLL_FORMER = 'RF';
export const PACKAGING = 'PACK';
export const PACKAGING_ROUTE = { machine: PACKAGING, group: 'PlantA', node: 'RollForm', device: 'Line1' } as const;

export interface Frame {
  readonly kind: 'frame';
  readonly topic: string;
  readonly payload: Buffer;
  /** How many of the packaging line it brings. */
  readonly values: number;
}
export interface Post {
  readonly kind: 'post';
  readonly key: string;
  readonly signals: readonly Signal[];
}

/** What is said at one time of the plant's clock, in this order. */
export interface Moment {
  /** Unix ms. */
  readonly at: number;
  readonly says: ReadonlyArray<Frame | Post>;
}

/** Signals of the recording that lie no further apart than this are said at one time, ms: less than any timer of the mapping. */
const AT_ONCE_MS = 1_000;

/**
 * Both recordings at once: the roll former's at the times at which they were recorded, in posts of a few signals; the frames
 * of the packaging line, which were recorded within 70 s, over the same 90 minutes, some at each moment.
 */
export const bothRecordings = (line: RecordedLine, random: () => number): Moment[] => {
  const groups = momentsOf(line.signals(ROLL_FORMER));
  const frames = framesOf();
  const shares = groups.map(() => Math.floor(random() * (frames.length + 1))).sort((a, b) => a - b);
  // Each recording lasts as long as the other.
  shares[shares.length - 1] = frames.length;
  let next = 0;
  let posts = 0;
  return groups.map((signals, n) => {
    const said = frames.slice(next, shares[n]);
    next = shares[n]!;
    const posted = piecesOf(signals, random).map(
      (piece): Post => ({ kind: 'post', key: `post-${posts++}`, signals: piece }),
    );
    return { at: Date.parse(signals.at(-1)!.at), says: merged(said, posted, random) };
  });
};

const momentsOf = (signals: readonly Signal[]): Signal[][] => {
  const groups: Signal[][] = [];
  for (const signal of signals) {
    const last = groups.at(-1);
    if (last !== undefined && Date.parse(signal.at) - Date.parse(last[0]!.at) < AT_ONCE_MS) last.push(signal);
    else groups.push([signal]);
  }
  return groups;
};

const framesOf = (): Frame[] => {
  const settings = sparkplugSettings.parse({ url: 'mqtt://broker', role: 'passive', machines: [PACKAGING_ROUTE] });
  const place = { tenant: 'default', source: 'line', proto: 'spb' } as const;
  const intake = new SparkplugIntake(settings, place, 'client', null, 0, () => 0, 'process');
  return recordedFrames().map(({ topic, payload, ms }) => {
    const message = { topic, payload, qos: 1, retain: false, dup: false, settle: () => undefined } as const;
    const { signals } = intake.take({ ...message, receivedAt: ms });
    return { kind: 'frame', topic, payload, values: signals.filter(({ path }) => !path.startsWith('$')).length };
  });
};

const piecesOf = (signals: readonly Signal[], random: () => number): Signal[][] => {
  const pieces: Signal[][] = [];
  for (let at = 0; at < signals.length; at += pieces.at(-1)!.length)
    pieces.push(signals.slice(at, at + 1 + Math.floor(random() * 4)));
  return pieces;
};

/** Each in its own order, by chance among each other. */
const merged = <A, B>(some: readonly A[], others: readonly B[], random: () => number): Array<A | B> => {
  const left = [...some];
  const right = [...others];
  const all: Array<A | B> = [];
  while (left.length + right.length > 0)
    all.push(random() * (left.length + right.length) < left.length ? left.shift()! : right.shift()!);
  return all;
};
