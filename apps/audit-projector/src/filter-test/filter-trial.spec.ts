import { FilterTrial, type TrialEvent } from './filter-trial';

const event = (n: number, over: Partial<TrialEvent> = {}): TrialEvent => ({
  id: `evt_${n}`,
  type: 'machine.alarm',
  source: '/plant-1',
  subject: 'press-4',
  time: '2026-02-17T13:00:00Z',
  data: `{"n":${n}}`,
  acceptedAt: 1_000 - n,
  ...over,
});

it('counts, and shows the latest that match', () => {
  const trial = new FilterTrial({ n: { $lt: 20 } });
  for (let n = 0; n < 30; n++) trial.look(event(n));
  const result = trial.result(true);
  expect(result).toMatchObject({ examined: 30, matched: 20, oldest: '1970-01-01T00:00:00.971Z', complete: true });
  expect(result.examples).toHaveLength(10);
  expect(result.examples[0]).toEqual({ eventId: 'evt_0', type: 'machine.alarm', timestamp: '2026-02-17T13:00:00Z' });
});

it('asks about attributes too', () => {
  const trial = new FilterTrial({ '@subject': 'press-7' });
  trial.look(event(1));
  trial.look(event(2, { subject: 'press-7', data: 'null' }));
  expect(trial.result(false)).toMatchObject({ examined: 2, matched: 1, complete: false });
});

it('has no oldest where nothing is stored', () => {
  expect(new FilterTrial({}).result(true)).toEqual({
    examined: 0,
    matched: 0,
    examples: [],
    oldest: null,
    complete: true,
  });
});
