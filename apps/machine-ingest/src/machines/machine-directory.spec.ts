import { type MachineState, newMachineState } from '@millrace/domain';
import { encodeMachineState, type IncomingMessage } from '@millrace/protocol';
import { MachineDirectory } from './machine-directory';

const at = (offset: number, partition = 0): MachineState => ({
  ...newMachineState('default', 'M-1'),
  position: { partition, offset: String(offset) },
});
const written = (state: MachineState): IncomingMessage => {
  const { key, value } = encodeMachineState('states', state);
  return { topic: 'states', partition: 0, offset: 0n, timestamp: 0, headers: {}, key: Buffer.from(key!), value };
};

it('holds the newest state, and knows that it is not the last one written until it is', () => {
  const directory = new MachineDirectory();
  const told: (string | undefined)[] = [];
  directory.onOutrun = ({ position }) => void told.push(position?.offset);
  for (const offset of [100, 150, 100]) directory.apply(written(at(offset)));
  expect(directory.get('default/M-1')).toEqual(at(150));
  expect(told).toEqual(['150']);
  expect(directory.outrunStates()).toEqual([at(150)]);
  directory.apply(written(at(150)));
  expect(directory.outrunStates()).toEqual([]);
});

it('shows no machine that was removed, and keeps its place for whoever folds it', () => {
  const directory = new MachineDirectory();
  const removed: MachineState = { ...at(7), removed: true };
  for (const state of [at(5), removed, at(6)]) directory.apply(written(state));
  expect(directory.present('default/M-1')).toBeNull();
  expect(directory.ofTenant('default')).toEqual([]);
  expect(directory.get('default/M-1')).toEqual(removed);
  directory.apply(written(at(8)));
  expect(directory.ofTenant('default')).toEqual([directory.present('default/M-1')]);
});

it('forgets a machine whose state is deleted', () => {
  const directory = new MachineDirectory();
  for (const offset of [2, 1]) directory.apply(written(at(offset)));
  directory.apply({ ...written(at(2)), value: null });
  expect(directory.get('default/M-1')).toBeNull();
  expect(directory.outrunStates()).toEqual([]);
});
