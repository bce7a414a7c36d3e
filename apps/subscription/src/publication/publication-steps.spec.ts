import { type OutgoingMessage, topicNames } from '@millrace/protocol';
import { MOST_PUBLICATION_STEPS, publicationSteps } from './publication-steps';

const topics = topicNames('t.');
const message = (topic: string, key: string): OutgoingMessage => ({ topic, key, value: null, headers: {} });
const [endpoint, order, key] = [topics.endpoints, topics.recoveries, topics.apiKeys];
const stepsOf = (...messages: OutgoingMessage[]) =>
  publicationSteps(messages, topics).map((step) => step.map(({ topic, key }) => `${topic} ${key}`));

test.each<[string, OutgoingMessage[], string[][]]>([
  ['no orders go out at once', [message(endpoint, '1'), message(key, '2')], [['t.endpoints 1', 't.api-keys 2']]],
  [
    'an order comes after its endpoint',
    [message(order, '1'), message(endpoint, '1')],
    [['t.endpoints 1'], ['t.recoveries 1']],
  ],
  [
    'those of one key keep their order',
    [message(endpoint, '1'), message(order, 'a'), message(endpoint, '1'), message(order, 'b'), message(order, 'a')],
    [
      ['t.endpoints 1', 't.endpoints 1'],
      ['t.recoveries a', 't.recoveries b', 't.recoveries a'],
    ],
  ],
  ['orders alone', [message(order, '1')], [['t.recoveries 1']]],
  ['nothing', [], []],
])('%s', (_, messages, steps) => {
  expect(stepsOf(...messages)).toEqual(steps);
  expect(steps.length).toBeLessThanOrEqual(MOST_PUBLICATION_STEPS);
});
