import { tellData } from './data-message';
import { hold, unexplained } from './held-messages';
import { distance } from './message-order';
import { holdAfterMiss, miss } from './missed-messages';
import { isUnkept } from './node-sessions';
import { type BornLife, NODE_LIMITS, type NodeMessage } from './node-state';
import type { NodeTurn } from './node-turn';
import { shortDigest } from './settled-messages';

/**
 * The first message that the predecessor had not done with. What the broker keeps is acknowledged after the cursor that
 * knows it is stored, so of it this is the one that follows the cursor. Else it is not known how often the numbers have
 * gone round meanwhile: nobody else has counted what is counted from here.
 */
export const resume = (turn: NodeTurn, message: NodeMessage): void => {
  const life = turn.born;
  const ahead = distance(life.next, message.payload.seq);
  const exact = life.exact && !isUnkept(message);
  turn.change({ resumed: false, exact, next: exact ? life.next : life.next + ahead });
  if (ahead > 0 && !exact) {
    miss(turn, { from: null, to: null, lost: null });
    return;
  }
  if (life.missed !== null) return;
  if (turn.rules.mayAsk) turn.words('connected');
  // Nothing went by, so what is known is what is so.
  if (ahead === 0 && !life.owed && turn.state.held.length === 0 && !wasSilentLong(life, message)) turn.askNot();
};

/** Held by the predecessor, and held again: it was counted then, and what of it could be told was told. */
export const wasHeld = (turn: NodeTurn, message: NodeMessage): boolean => {
  const key = shortDigest(message.digest);
  const known = turn.state.heldBefore.get(key);
  if (known === undefined || !message.original.dup) return false;
  const { seq, older } = known;
  const heldBefore = new Map(turn.state.heldBefore);
  heldBefore.delete(key);
  turn.state = { ...turn.state, heldBefore };
  if (seq === null) hold(turn, message, unexplained(turn, message), null, older);
  else if (turn.born.missed !== null) holdAfterMiss(turn, message, seq);
  else tellData(turn, message, turn.placeOf(message, seq));
  return true;
};

const wasSilentLong = ({ lastMs }: BornLife, { payload: { timestamp } }: NodeMessage): boolean =>
  lastMs !== null && timestamp !== null && timestamp - lastMs > NODE_LIMITS.silentMs;
