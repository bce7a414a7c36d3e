import type { SignalFlag } from '@millrace/domain';
import { distance } from './message-order';
import { type Definitions, readMetric } from './metric-reading';
import { targetsOf, tellMetrics } from './metric-signals';
import { besides } from './node-sessions';
import { type Held, NODE_LIMITS, type NodeMessage } from './node-state';
import type { NodeTurn } from './node-turn';

/**
 * Keeps what only a birth can explain, and asks for it. `only`: indexes of the metrics that wait; null: all of them.
 * `older`: it was history when a predecessor held it.
 */
export const hold = (
  turn: NodeTurn,
  message: NodeMessage,
  only: readonly number[] | null,
  seq: number | null = null,
  older = false,
): void => {
  turn.effects.count('held');
  // Whoever joins in the middle has missed what was before.
  const isOlder = older || seq !== null || turn.state.life.kind !== 'born';
  const until = turn.untilBirth;
  turn.state = { ...turn.state, held: [...turn.state.held, { message, only, older: isOlder, seq, until }] };
  if (seq === null && turn.state.held.length > NODE_LIMITS.held) {
    const [oldest] = turn.state.held;
    giveUp(turn, (one) => one === oldest, 'There was no room to keep it until the birth that it needs.');
  }
  turn.ask(0);
};

/**
 * A birth has come for what waited: told before the snapshot, since it happened before. Where messages before it were
 * missed, the snapshot is what counts, and it is late: stored, and nothing of today follows from it.
 *
 * `birth`: session of the birth; `seq`: its number, where it is a device's, of which a session may have several.
 */
export const release = (
  turn: NodeTurn,
  device: string | null,
  definitions: Definitions,
  birth: string,
  seq: number | null = null,
): void => {
  const mine = turn.state.held.filter(({ message }) => message.device === device);
  if (mine.length === 0) return;
  turn.state = { ...turn.state, held: turn.state.held.filter((one) => !mine.includes(one)) };
  // Others have gone by meanwhile, so it is numbered by itself, beside the session that the birth begins. What came to this
  // process alone is not there for another that hears the rest again, whose numbers would lie between.
  const { own } = turn.born;
  const sessionOf = ({ original: { qos } }: NodeMessage): string =>
    besides(qos > 0 ? birth : besides(birth, own), `before${device === null ? '' : `/${seq}/${device}`}`);
  const targets = targetsOf(turn, device);
  // The number last given; that of what is sent again does not hang on what is not.
  const last = { sentAgain: -1, heardOnce: -1 };
  for (const { message, only, older } of mine) {
    const flags: readonly SignalFlag[] = older ? ['late'] : [];
    const { type, original, payload } = message;
    if (type === 'NDATA' || type === 'DDATA') {
      const numbers = original.qos > 0 ? 'sentAgain' : 'heardOnce';
      const after = last[numbers] + 1;
      const nth = after === 0 ? (payload.seq ?? 0) : after + distance(after, payload.seq);
      last[numbers] = nth;
      const place = { session: sessionOf(message), seq: nth };
      const unknown = tellMetrics(turn, payload.metrics, definitions, { message, targets, place, flags, only });
      if (unknown.length > 0)
        turn.effects.refuse(original, 'unknown_metric', `No birth tells what ${unknown.length} of its metrics are.`);
    }
    turn.effects.settled.push(original);
  }
};

export const giveUp = (turn: NodeTurn, which: (one: Held) => boolean, why: string): void => {
  const gone = turn.state.held.filter(which);
  turn.state = { ...turn.state, held: turn.state.held.filter((one) => !gone.includes(one)) };
  for (const { message } of gone) {
    turn.effects.refuse(message.original, 'no_birth', why);
    turn.effects.settled.push(message.original);
  }
};

/** Indexes of the metrics that only a birth can explain; null: all of them. */
export const unexplained = (turn: NodeTurn, { device, payload }: NodeMessage): number[] | null => {
  const known = device === null ? null : turn.born.devices.get(device);
  if (known !== null && known?.kind !== 'born') return null;
  const definitions = known === null ? turn.born.definitions : known.definitions;
  const unknown = payload.metrics.flatMap((metric, index) =>
    readMetric(metric, definitions, payload.timestamp).kind === 'unknown' ? [index] : [],
  );
  return unknown.length === 0 ? null : unknown;
};
