import type { Mapping, Signal } from '@millrace/domain';
import type { MachineMappingOf } from '../read-mapping';
import { readRecordedSignal } from './recorded-signal';

export const RECORDING_LIMITS = {
  signals: 100_000,
  /** Bytes of NDJSON. */
  bytes: 5 * 1024 * 1024,
} as const;

export interface Recording {
  readonly signals: readonly Signal[];
  /** Lines (from 1) or entries (from 1) that are no signals. */
  readonly rejected: ReadonlyArray<{ readonly line: number; readonly code: string; readonly detail: string }>;
}

/** A recording that is too large as a whole. */
export class RecordingTooLarge extends Error {
  override readonly name = 'RecordingTooLarge';
}

interface Target {
  readonly tenant: string;
  readonly machines: readonly MachineMappingOf[];
  /** Signals that it may have; default what a trial may have. */
  readonly most?: number;
}

const REJECTED_TOLD = 100;

/** Signals of NDJSON text, one on a line, or of a list; what cannot be read is left out and told. */
export const readRecording = (
  source: string | readonly unknown[],
  { tenant, machines, most = RECORDING_LIMITS.signals }: Target,
): Recording => {
  const items = typeof source === 'string' ? linesOf(source) : source.map((value, n) => ({ line: n + 1, value }));
  if (items.length > most) throw new RecordingTooLarge(`has ${items.length} signals; ${most} are allowed`);
  const [first] = machines;
  const { signals: signalsOfFirst, sources }: Pick<Mapping, 'signals' | 'sources'> = first?.mapping ?? {
    signals: {},
    sources: {},
  };
  const known = new Set(machines.map(({ machine }) => machine));
  const signals: Signal[] = [];
  const rejected: { line: number; code: string; detail: string }[] = [];
  const reject = (line: number, code: string, detail: string) => {
    if (rejected.length < REJECTED_TOLD) rejected.push({ line, code, detail });
  };
  let before: number | null = null;
  for (const { line, value: written } of items) {
    const value = typeof source === 'string' ? parsed(written as string) : written;
    if (value instanceof Unreadable) {
      reject(line, 'not_json', 'is not JSON');
      continue;
    }
    const reading = readRecordedSignal(value, {
      tenant,
      machine: first?.machine ?? '',
      signals: signalsOfFirst,
      sources,
      before,
    });
    if (reading.kind === 'refused') reject(line, reading.code, reading.detail);
    else if (!known.has(reading.signal.machine))
      reject(line, 'other_machine', `is of ${reading.signal.machine}, which the mapping does not serve`);
    else {
      signals.push(reading.signal);
      before = Math.max(before ?? 0, Date.parse(reading.signal.at));
    }
  }
  return { signals, rejected };
};

class Unreadable {}

const linesOf = (text: string): { line: number; value: unknown }[] => {
  const bytes = Buffer.byteLength(text);
  if (bytes > RECORDING_LIMITS.bytes)
    throw new RecordingTooLarge(`has ${bytes} bytes; a trial may have ${RECORDING_LIMITS.bytes}`);
  return text.split('\n').flatMap((line, n) => (line.trim() === '' ? [] : [{ line: n + 1, value: line }]));
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return new Unreadable();
  }
};
