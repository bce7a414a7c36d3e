import { release } from './held-messages';
import { definitionsOf, NO_DEFINITIONS, NODE_PREFIX } from './metric-reading';
import { tellMetrics } from './metric-signals';
import { besides } from './node-sessions';
import { type Device, NODE_LIMITS, type NodeMessage, type Place } from './node-state';
import type { NodeTurn } from './node-turn';

/** A DBIRTH. */
export const deviceBirth = (turn: NodeTurn, message: NodeMessage, device: string, place: Place): void => {
  const { payload, original } = message;
  const machine = turn.rules.routes.ofDevice(turn.rules.name, device);
  const known = turn.born.devices.has(device);
  turn.effects.settled.push(original);
  if (machine === null) {
    turn.effects.count('unmapped');
    return;
  }
  if (!known && turn.born.devices.size >= NODE_LIMITS.devices) {
    const why = `The edge node has ${NODE_LIMITS.devices} devices already, which is the limit.`;
    turn.effects.refuse(original, 'too_many_devices', why);
    return;
  }
  const definitions = definitionsOf(payload.metrics);
  turn.setDevice(device, { kind: 'born', definitions });
  if (!known) turn.word(machine, 'birth', place);
  release(turn, device, definitions, place.session, place.seq);
  // Its places lie before the birth of the device, so they are counted beside it.
  const node = turn.born.birth?.place;
  if (node !== undefined) tellNode(turn, machine, { session: besides(node.session, 'node'), seq: node.seq });
  tellMetrics(turn, payload.metrics, NO_DEFINITIONS, {
    message,
    targets: [{ machine, prefix: '' }],
    place,
    flags: ['snapshot'],
  });
};

/** `place`: that of its DDEATH; null where none came. */
export const endDevice = (turn: NodeTurn, device: string, place: Place | null): void => {
  const machine = turn.rules.routes.ofDevice(turn.rules.name, device);
  if (!turn.born.devices.has(device)) return;
  turn.setDevice(device, null);
  if (machine !== null) turn.word(machine, 'death', place, 'spb:DDEATH');
};

/** The node's own metrics as of its birth, once for each machine. */
export const tellNode = (turn: NodeTurn, machine: string, place: Place): void => {
  const { birth, told } = turn.born;
  if (birth === null || told.has(machine)) return;
  turn.change({ told: new Set([...told, machine]) });
  const prefix = machine === turn.rules.routes.ofNode(turn.rules.name) ? '' : NODE_PREFIX;
  tellMetrics(turn, birth.metrics, NO_DEFINITIONS, {
    message: { type: 'NBIRTH', payload: { timestamp: birth.stamp } },
    targets: [{ machine, prefix }],
    place,
    flags: ['snapshot'],
  });
};

/** Devices after the birth of their node: each has to be born again in time. */
export const awaited = (turn: NodeTurn, devices: ReadonlyMap<string, Device>): ReadonlyMap<string, Device> => {
  const until = turn.now + NODE_LIMITS.awaitDeviceMs;
  return new Map(
    [...devices].map(([name, device]) => [name, device.kind === 'awaited' ? device : { kind: 'awaited', until }]),
  );
};

export const endOverdueDevices = (turn: NodeTurn): void => {
  for (const [name, device] of turn.born.devices)
    if (device.kind === 'awaited' && device.until <= turn.now) endDevice(turn, name, null);
};
