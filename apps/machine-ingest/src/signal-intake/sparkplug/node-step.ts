import { endOverdueDevices } from './device-life';
import { giveUp, hold } from './held-messages';
import { goOn } from './missed-messages';
import type { NodeEffects } from './node-effects';
import { die, doubtUntil, nodeBirth, nodeDeath } from './node-life';
import type { NodeMessage, NodeState } from './node-state';
import { type NodeRules, NodeTurn } from './node-turn';
import { takeNumbered, waitNoLonger } from './numbered-messages';
import { wasHeld } from './taken-over';

/** `now`: Unix ms. `random`: 0 to below 1, spreads the requests of many nodes. */
export type NodeInput =
  | { readonly kind: 'message'; readonly message: NodeMessage; readonly now: number; readonly random: number }
  /** A host has asked the node for a rebirth. */
  | { readonly kind: 'command'; readonly now: number }
  /** The broker, or a host, was away: what came meanwhile may be lost, and of a session that it has not kept, deaths too. */
  | { readonly kind: 'reconnected'; readonly resumed: boolean; readonly now: number; readonly random: number }
  /** There is no room any more for what is held. */
  | { readonly kind: 'relieve'; readonly now: number }
  | { readonly kind: 'time'; readonly now: number };

/** The session of one edge node (Sparkplug 3.0, chapters 5 and 6.4), one input on. Pure: the same input gives the same. */
export const stepNode = (
  state: NodeState,
  input: NodeInput,
  rules: NodeRules,
): { readonly state: NodeState; readonly effects: NodeEffects } => {
  const turn = new NodeTurn(state, rules, input.now, 'random' in input ? input.random : 0);
  switch (input.kind) {
    case 'message':
      takeMessage(turn, input.message);
      break;
    case 'command':
      turn.asked();
      break;
    case 'reconnected':
      takeReconnection(turn, input.resumed);
      break;
    case 'relieve':
      relieve(turn);
      break;
    case 'time':
      takeTime(turn);
  }
  return { state: turn.state, effects: turn.effects };
};

const takeMessage = (turn: NodeTurn, message: NodeMessage): void => {
  switch (message.type) {
    case 'NBIRTH':
      nodeBirth(turn, message);
      return;
    case 'NDEATH':
      nodeDeath(turn, message);
      return;
    default:
      if (turn.isRepeat(message)) return;
      turn.remember(message);
      if (turn.state.life.kind !== 'born') hold(turn, message, null);
      else if (!wasHeld(turn, message)) takeNumbered(turn, message);
  }
};

const takeReconnection = (turn: NodeTurn, resumed: boolean): void => {
  const { life } = turn.state;
  if (!resumed) turn.state = { ...turn.state, heldBefore: new Map() };
  if (life.kind === 'born') {
    if (!resumed || life.doubtUntil !== null) turn.change({ doubtUntil: doubtUntil(turn) });
    // What was not acknowledged does not come again.
    if (!resumed) turn.change({ exact: false });
  }
  // A node that the broker lost too comes back by itself; it is given the time to. One that is dead may have come back
  // while nobody listened, and say nothing.
  turn.ask(turn.rules.reorderTimeoutMs);
};

const relieve = (turn: NodeTurn): void => {
  if (turn.state.life.kind === 'born' && turn.state.life.missed !== null) goOn(turn);
  else giveUp(turn, () => true, 'There was no room to keep it until the birth that it needs.');
};

const takeTime = (turn: NodeTurn): void => {
  const { now } = turn;
  if (turn.state.life.kind === 'born') {
    const { waitUntil, doubtUntil: doubted } = turn.born;
    if (waitUntil !== null && waitUntil <= now) waitNoLonger(turn);
    if (doubted !== null && doubted <= now) die(turn);
  }
  if (turn.state.life.kind === 'born') {
    const { missed } = turn.born;
    if (missed !== null && missed.until <= now) goOn(turn);
    endOverdueDevices(turn);
  }
  if (turn.state.held.some(({ until }) => until <= now))
    giveUp(turn, ({ until }) => until <= now, 'The birth that it needs has not come.');
  const { dueAt } = turn.state.rebirth;
  if (dueAt !== null && dueAt <= now) {
    turn.effects.rebirth = true;
    turn.asked();
  }
};
