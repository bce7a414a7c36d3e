import { DEFAULT_MAPPING, newMachineState } from '@millrace/domain';
import { type LastSignal, machineSignalListSchema, machineViewSchema } from '@millrace/protocol';
import { viewOfMachine } from './machine-view';
import { pageOfSignals } from './signal-view';

const state = newMachineState('default', 'M-1');
const last = (path: string, over: Partial<LastSignal> = {}): LastSignal => ({
  path,
  source: 'line',
  value: 1,
  cut: false,
  type: 'double',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: null,
  at: 1_000,
  count: 1,
  ...over,
});

it('names the mapping by which a machine is read, and none for the built-in one', () => {
  const config = { name: 'press', version: 3, hash: 'a'.repeat(64) };
  expect(machineViewSchema.parse(viewOfMachine(state)).mapping).toBeNull();
  expect(machineViewSchema.parse(viewOfMachine({ ...state, config })).mapping).toEqual({ name: 'press', version: 3 });
});

it('says of a good value that the mapping cannot use why', () => {
  const page = (mapping: typeof DEFAULT_MAPPING | null) =>
    pageOfSignals(
      [
        last('PartCount', { value: 'viele', type: 'string' }),
        last('oil'),
        last('part_count', { value: '7', type: 'string' }),
      ],
      { limit: 10, after: null },
      { state, mapping, now: 1_000 },
    );
  expect(machineSignalListSchema.parse(page(DEFAULT_MAPPING)).data).toMatchObject([
    {
      path: 'PartCount',
      aliases: ['partCount'],
      quality: 'good',
      problems: [{ alias: 'partCount', code: 'wrong_type', expected: 'uint64' }],
    },
    { path: 'oil', aliases: [], problems: [] },
    { path: 'part_count', aliases: ['partCount'], problems: [] },
  ]);
  expect(page(null).data.map(({ aliases, problems }) => [aliases, problems])).toEqual([
    [[], []],
    [[], []],
    [[], []],
  ]);
});
