/** A part of one partition that is still to be read. Offsets, `end` exclusive. */
export interface Stretch {
  readonly topic: string;
  readonly partition: number;
  next: bigint;
  readonly end: bigint;
}

/**
 * Where a recovery goes on under another owner. `counting` begins again, over the same stretches; `sending` goes on from what
 * Kafka has acknowledged.
 */
export interface RecoveryCursor {
  readonly phase: 'counting' | 'sending';
  readonly stretches: readonly Stretch[];
  /** Unix ms at which it stood there: what was sent behind it is not older. */
  readonly at: number;
}

/** As it stands in a progress record: what is read to its end is left out. */
export const encodeCursor = ({ phase, stretches, at }: RecoveryCursor): object => {
  const byTopic: { [topic: string]: [partition: number, next: number, end: number][] } = {};
  for (const { topic, partition, next, end } of stretches) {
    if (next >= end) continue;
    byTopic[topic] ??= [];
    byTopic[topic].push([partition, Number(next), Number(end)]);
  }
  return { v: 1, phase, at, stretches: byTopic };
};

/** Null for what is none, or of another release: the recovery begins anew. */
export const decodeCursor = (value: unknown): RecoveryCursor | null => {
  if (!isObject(value) || value['v'] !== 1 || !isObject(value['stretches'])) return null;
  const { phase, at } = value;
  if ((phase !== 'counting' && phase !== 'sending') || !isWhole(at)) return null;
  const stretches: Stretch[] = [];
  for (const [topic, parts] of Object.entries(value['stretches'])) {
    if (!Array.isArray(parts)) return null;
    for (const part of parts as unknown[]) {
      if (!Array.isArray(part) || part.length !== 3 || !part.every(isWhole)) return null;
      const [partition, next, end] = part as [number, number, number];
      stretches.push({ topic, partition, next: BigInt(next), end: BigInt(end) });
    }
  }
  return { phase, stretches, at };
};

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
