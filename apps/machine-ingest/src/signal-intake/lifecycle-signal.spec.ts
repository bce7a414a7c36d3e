import { configSignal, gapSignal, lifecycleSignal, tickSignal } from './lifecycle-signal';

const place = { tenant: 'default', machine: 'M-1', source: 's', session: 'x', proto: 'file' } as const;

it('names what the source speaks, and Millrace where no source said it', () => {
  const said = [
    lifecycleSignal(place, 'connected', 0, 0),
    gapSignal(place, { from: 1, to: 2, lost: 2 }, 0),
    tickSignal(place, 1, 0),
    configSignal(place, null, 0),
  ];
  expect(said.map(({ raw }) => `${raw.proto} ${raw.ref}`)).toEqual([
    'file $lifecycle',
    'file $gap',
    'millrace $tick',
    'millrace $config',
  ]);
});
