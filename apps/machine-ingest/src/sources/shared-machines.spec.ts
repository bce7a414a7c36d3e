import { sharedMachines } from './shared-machines';

const source = (name: string, machines: string[] | null, enabled = true) => ({ name, machines, enabled });
const told = (...all: [ReturnType<typeof source>, ...ReturnType<typeof source>[]]) =>
  sharedMachines(all[0], all).map(({ detail }) => detail.replace(/;.*/, ''));

test('the other sources that feed a machine of it are named, those that are switched off are not', () => {
  const press = source('press', ['m-2', 'm-1', 'm-1']);
  expect(told(press, source('line', ['m-3']), source('old', ['m-1'], false), source('hall', null))).toEqual([]);
  expect(told(press, source('a', ['m-1', 'm-2']), source('b', ['m-2']), source('c', ['m-2']))).toEqual([
    'the source a also feeds m-1',
    'the sources a, b and c also feed m-2',
  ]);
  expect(sharedMachines(press, [source('a', ['m-1'])])).toMatchObject([{ path: 'settings', code: 'shared_machine' }]);
});

test('of a source whose peer says which machines there are, nothing is told', () => {
  expect(told(source('hall', null), source('a', ['m-1']))).toEqual([]);
});

test('at most twenty are told', () => {
  const many = [...Array(50).keys()].map((n) => `m-${n}`);
  expect(told(source('press', many), source('a', many))).toHaveLength(20);
});
