import type { Signal } from '@millrace/domain';
import { recordingLines } from '../../test-support/recordings';

/** One frame of the recording of a third-party PackML line simulator. */
export interface Frame {
  readonly n: number;
  /** Since the start. */
  readonly ms: number;
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly payload: Buffer;
}

export const recordedFrames = (): Frame[] =>
  recordingLines('sparkplug-packml-sim', 'capture-part1.ndjson').map((line) => {
    const { n, ms, topic, qos, payload_b64 } = JSON.parse(line) as Frame & { payload_b64: string };
    return { n, ms, topic, qos, payload: Buffer.from(payload_b64, 'base64') };
  });

export interface GoldenLine {
  readonly frames: number;
  readonly byType: { readonly [type: string]: number };
  readonly sessions: ReadonlyArray<{
    readonly firstFrame: number;
    readonly bdSeq: number;
    readonly births: number;
    readonly states: readonly string[];
    readonly counts: { readonly [name: string]: number };
    readonly typeChanges: { readonly [metric: string]: number };
  }>;
}

/** The golden numbers, as signals tell them. */
export const numbersOf = (
  signals: readonly Signal[],
): Omit<GoldenLine['sessions'][number], 'firstFrame' | 'bdSeq'> & {
  readonly sessions: readonly string[];
} => {
  const sessions = [
    ...new Set(signals.filter(({ flags }) => flags.includes('snapshot')).map(({ session }) => session)),
  ];
  const states: string[] = [];
  const counts: { [name: string]: number } = {};
  const typeChanges: { [metric: string]: number } = {};
  for (const { path, value, flags } of signals) {
    if (path === 'Status/StateCurrentStr' && value !== '' && states.at(-1) !== value) states.push(String(value));
    const count = /^Admin\/Prod(\w+)Count\/0\/AccCount$/.exec(path)?.[1];
    if (count !== undefined && value !== null) counts[count] = Number(value);
    if (flags.includes('type_changed')) typeChanges[path] = (typeChanges[path] ?? 0) + 1;
  }
  return { births: sessions.length, sessions, states, counts, typeChanges };
};
