import { createHash } from 'node:crypto';
import { type MachineState, STATE_LIMITS } from './machine-state';
import type { Signal } from './signal';

/**
 * What the items that number nothing said last, so that a repeat is known: of the last STATE_LIMITS.paths that were heard
 * always, and of no more than twice as many. A full table becomes the earlier one as a whole, in place of that: to take one
 * name out of it with each that comes costs as much as to write all anew.
 */
export type LastOfPath = Pick<MachineState, 'lastOfPath' | 'earlierOfPath'>;

export interface Heard {
  readonly isRepeat: boolean;
  /** What of the state is another for it. */
  readonly remembered: Partial<LastOfPath>;
}

export const hearOfPath = (
  { lastOfPath, earlierOfPath = {} }: LastOfPath,
  { source, path, sourceTs, quality, value }: Signal,
): Heard => {
  const key = short(`${source}\n${path}`);
  const said = short(`${sourceTs}\n${quality}\n${JSON.stringify(value)}`);
  if (Object.hasOwn(lastOfPath, key)) {
    const isRepeat = lastOfPath[key] === said;
    return { isRepeat, remembered: isRepeat ? {} : { lastOfPath: { ...lastOfPath, [key]: said } } };
  }
  const isRepeat = Object.hasOwn(earlierOfPath, key) && earlierOfPath[key] === said;
  const remembered =
    Object.keys(lastOfPath).length < STATE_LIMITS.paths
      ? { lastOfPath: { ...lastOfPath, [key]: said } }
      : { lastOfPath: { [key]: said }, earlierOfPath: lastOfPath };
  return { isRepeat, remembered };
};

/** The text itself, or a hash of a long one. */
const short = (text: string): string => (text.length <= 96 ? text : createHash('sha256').update(text).digest('hex'));
