import { gapSignal } from '../lifecycle-signal';
import { tellData } from './data-message';
import { hold } from './held-messages';
import { NODE_LIMITS, type NodeMessage } from './node-state';
import type { NodeTurn } from './node-turn';

/**
 * Messages went by, and any metric may have changed in them: an order, a number. From when the node was heard last its
 * machines are out of sight, until a birth says how all of it stands. A node that must not be asked for one goes on.
 */
export const miss = (
  turn: NodeTurn,
  value: { readonly from: number | null; readonly to: number | null; readonly lost: number | null },
): void => {
  const { missed, heardAt, session } = turn.born;
  const isNews = turn.rules.mayAsk && missed === null;
  turn.effects.count('gaps');
  turn.effects.count('lost', value.lost ?? 0);
  const at = isNews ? heardAt : turn.now;
  for (const machine of turn.machines)
    turn.effects.signals.push(gapSignal({ ...turn.rules.place, machine, session }, value, at));
  turn.ask(0);
  if (!isNews) return;
  turn.words('disconnected', 'spb:gap', heardAt);
  turn.change({ missed: { until: turn.untilBirth } });
};

/** What comes after it waits for the birth under its number, under which it goes on where none comes. */
export const holdAfterMiss = (turn: NodeTurn, message: NodeMessage, seq: number): void => {
  hold(turn, message, null, seq);
  if (turn.state.held.length > NODE_LIMITS.held) goOn(turn);
};

/** No birth has come for what was missed: the data are what there is. */
export const goOn = (turn: NodeTurn): void => {
  const mine = turn.state.held.filter(({ seq }) => seq !== null);
  turn.state = { ...turn.state, held: turn.state.held.filter(({ seq }) => seq === null) };
  turn.change({ missed: null });
  turn.words('connected');
  for (const { message, seq } of mine) tellData(turn, message, turn.placeOf(message, seq!));
};
