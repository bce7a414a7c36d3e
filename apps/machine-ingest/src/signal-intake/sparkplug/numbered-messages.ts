import { tellData } from './data-message';
import { deviceBirth, endDevice } from './device-life';
import { placeMessage } from './message-order';
import { holdAfterMiss, miss } from './missed-messages';
import { isUnkept } from './node-sessions';
import { NODE_LIMITS, type NodeMessage } from './node-state';
import type { NodeTurn } from './node-turn';
import { resume } from './taken-over';

/** A message of a born node that has a number: NDATA, DBIRTH, DDATA, DDEATH. */
export const takeNumbered = (turn: NodeTurn, message: NodeMessage): void => {
  if (turn.born.resumed) resume(turn, message);
  const life = turn.born;
  const { reorderTimeoutMs } = turn.rules;
  const placed = placeMessage(life, message, turn.now);
  switch (placed.kind) {
    case 'next':
      apply(turn, message, placed.seq);
      applyWaiting(turn);
      return;
    case 'late':
      applyLate(turn, message);
      return;
    case 'ahead': {
      const waiting = [...life.waiting, { seq: placed.seq, message }].sort((a, b) => a.seq - b.seq);
      turn.change({ waiting, waitUntil: life.waitUntil ?? turn.now + reorderTimeoutMs });
      if (waiting.length > NODE_LIMITS.waiting || reorderTimeoutMs === 0) waitNoLonger(turn);
    }
  }
};

/** What the first of the waiting messages has waited for does not come any more. */
export const waitNoLonger = (turn: NodeTurn): void => {
  const { next, waiting } = turn.born;
  const [first] = waiting;
  if (first === undefined) return;
  if (first.seq <= next) {
    applyWaiting(turn);
    return;
  }
  miss(turn, { from: next, to: first.seq - 1, lost: first.seq - next });
  turn.change({ next: first.seq });
  applyWaiting(turn);
  if (turn.born.waiting.length > 0) turn.change({ waitUntil: turn.now + turn.rules.reorderTimeoutMs });
};

export const endWaiting = (turn: NodeTurn): void => {
  while (turn.born.waiting.length > 0) waitNoLonger(turn);
};

const applyWaiting = (turn: NodeTurn): void => {
  for (;;) {
    const [first, ...rest] = turn.born.waiting;
    if (first === undefined || first.seq > turn.born.next) break;
    turn.change({ waiting: rest });
    if (first.seq === turn.born.next) apply(turn, first.message, first.seq);
    else applyLate(turn, first.message);
  }
  const { waiting, waitUntil } = turn.born;
  if (waiting.length === 0 && waitUntil !== null) turn.change({ waitUntil: null });
};

const apply = (turn: NodeTurn, message: NodeMessage, seq: number): void => {
  const { payload, device } = message;
  turn.change({
    next: seq + 1,
    lastMs: payload.timestamp ?? turn.born.lastMs,
    heardAt: turn.now,
    exact: turn.born.exact && !isUnkept(message),
    doubtUntil: null,
  });
  const place = turn.placeOf(message, seq);
  switch (message.type) {
    case 'DBIRTH':
      deviceBirth(turn, message, device!, place);
      return;
    case 'DDEATH':
      endDevice(turn, device!, place);
      turn.effects.settled.push(message.original);
      return;
    default:
      if (turn.born.missed === null) tellData(turn, message, place);
      else holdAfterMiss(turn, message, seq);
  }
};

/** It has come after its gap was told. Values count as what they are; births and deaths have been overtaken. */
const applyLate = (turn: NodeTurn, message: NodeMessage): void => {
  turn.effects.count('late');
  if (message.type === 'NDATA' || message.type === 'DDATA') tellData(turn, message, null, ['late']);
  else turn.effects.settled.push(message.original);
};
