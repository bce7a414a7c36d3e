import type { SignalFlag } from '@millrace/domain';
import { hold } from './held-messages';
import { targetsOf, tellMetrics } from './metric-signals';
import type { NodeMessage, Place } from './node-state';
import type { NodeTurn } from './node-turn';

/** An NDATA or DDATA. `place` null: it has no place in the numbering any more. */
export const tellData = (
  turn: NodeTurn,
  message: NodeMessage,
  place: Place | null,
  flags: readonly SignalFlag[] = [],
): void => {
  const { device, original } = message;
  const { name, routes } = turn.rules;
  if (device !== null && routes.ofDevice(name, device) === null) {
    turn.effects.count('unmapped');
    turn.effects.settled.push(original);
    return;
  }
  const known = device === null ? null : turn.born.devices.get(device);
  if (known !== null && known?.kind !== 'born') {
    hold(turn, message, null);
    return;
  }
  const definitions = known === null ? turn.born.definitions : known.definitions;
  const targets = targetsOf(turn, device);
  const unknown = tellMetrics(turn, message.payload.metrics, definitions, { message, targets, place, flags });
  if (unknown.length === 0) turn.effects.settled.push(original);
  else hold(turn, message, unknown);
};
