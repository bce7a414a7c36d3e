import { RESUMED_CODE, type Signal } from '../signal/signal';
import type { HeldValue } from './held-value';
import type { Heard, LifecycleWord } from './rule-kind';

export const isLoss = (word: LifecycleWord): boolean => word === 'disconnected' || word === 'death';

/** Whether nothing is heard any more of what gives this value; a value that never came may be anyone's. */
export const isLossOf = (heard: Heard, held: HeldValue | null): boolean =>
  heard.kind === 'lifecycle' && isLoss(heard.word) && (held === null || held.source === heard.signal.source);

/**
 * Whether a source is there again, where a loss was told of a value that never came: it is nobody's, so no value of it will say
 * that it is back. A machine that its gateway has called dead is there when the gateway says so.
 */
export const isReturnOf = (heard: Heard, held: HeldValue | null, ofDeath: boolean): boolean =>
  heard.kind === 'lifecycle' && !isLoss(heard.word) && held === null && !(ofDeath && heard.word === 'connected');

/** The source is back and has missed nothing; of what follows, the values that it had before carry the code too. */
export const isResumed = ({ qualityCode }: Pick<Signal, 'qualityCode'>): boolean => qualityCode === RESUMED_CODE;
