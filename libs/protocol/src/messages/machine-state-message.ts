import { type MachineState, machineKey } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * What the rules remember of each machine, on the compacted topic `machine-state`: key is tenant and machine, value the
 * whole state with the offset of the last signal in it. Of two states of one machine the one with the higher offset
 * counts, whichever was written later: an owner that has lost its partition may still write once. A state of another
 * version of its form is unreadable, and its machine begins anew.
 */
export const encodeMachineState = (topic: string, state: MachineState): OutgoingMessage => ({
  topic,
  key: machineKey(state.tenant, state.machine),
  value: Buffer.from(JSON.stringify(state)),
  headers: {},
});

export type MachineStateChange =
  | { readonly kind: 'put'; readonly key: string; readonly state: MachineState }
  | { readonly kind: 'deleted'; readonly key: string }
  | { readonly kind: 'unreadable' };

export const decodeMachineState = (message: IncomingMessage): MachineStateChange => {
  const key = message.key?.toString('utf8');
  if (!key) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'deleted', key };
  try {
    const state = JSON.parse(message.value.toString('utf8')) as MachineState;
    return state.v === 2 && machineKey(state.tenant, state.machine) === key
      ? { kind: 'put', key, state }
      : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};
