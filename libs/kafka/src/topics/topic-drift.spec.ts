import { driftOf } from './topic-drift';

const spec = { name: 'events', partitions: 12, config: { 'cleanup.policy': 'delete', 'retention.ms': '5' } };

describe('the drift of a topic', () => {
  test.each([
    ['missing', undefined, ['topic events is missing']],
    ['as specified', { partitions: 12, config: { ...spec.config, 'segment.ms': '1' } }, []],
    ['other partitions', { partitions: 6, config: spec.config }, ['topic events has 6 partitions instead of 12']],
    [
      'other settings',
      { partitions: 12, config: { 'cleanup.policy': 'compact' } },
      [
        'topic events has cleanup.policy=compact instead of delete',
        'topic events has retention.ms=nothing instead of 5',
      ],
    ],
  ])('%s', (_what, found, sentences) => {
    expect(driftOf(spec, found).map(({ sentence }) => sentence)).toEqual(sentences);
  });
});
