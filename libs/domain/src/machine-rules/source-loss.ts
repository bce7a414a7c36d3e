import type { HeldValue } from './held-value';
import type { Heard, LifecycleWord } from './rule-kind';

export const isLoss = (word: LifecycleWord): boolean => word === 'disconnected' || word === 'death';

/** Whether nothing is heard any more of what gives this value; a value that never came may be anyone's. */
export const isLossOf = (heard: Heard, held: HeldValue | null): boolean =>
  heard.kind === 'lifecycle' && isLoss(heard.word) && (held === null || held.source === heard.signal.source);
