import type { OutgoingMessage } from '@millrace/protocol';
import { mostPublicationSteps, publicationSteps } from './publication-steps';

const message = (topic: string, key: string): OutgoingMessage => ({ topic, key, value: null, headers: {} });
const [plain, order, other, last] = ['endpoints', 'recoveries', 'api-keys', 'signals'];
const later = [order, last];
const stepsOf = (...messages: OutgoingMessage[]) =>
  publicationSteps(messages, later).map((step) => step.map(({ topic, key }) => `${topic} ${key}`));

test.each<[string, OutgoingMessage[], string[][]]>([
  [
    'what stands on nothing goes out at once',
    [message(plain, '1'), message(other, '2')],
    [['endpoints 1', 'api-keys 2']],
  ],
  [
    'an order comes after what it is about',
    [message(order, '1'), message(plain, '1')],
    [['endpoints 1'], ['recoveries 1']],
  ],
  [
    'those of one key keep their order',
    [message(plain, '1'), message(order, 'a'), message(plain, '1'), message(order, 'b'), message(order, 'a')],
    [
      ['endpoints 1', 'endpoints 1'],
      ['recoveries a', 'recoveries b', 'recoveries a'],
    ],
  ],
  [
    'later topics follow each other',
    [message(last, '1'), message(order, '1'), message(plain, '1')],
    [['endpoints 1'], ['recoveries 1'], ['signals 1']],
  ],
  ['orders alone', [message(order, '1')], [['recoveries 1']]],
  ['nothing', [], []],
])('%s', (_, messages, steps) => {
  expect(stepsOf(...messages)).toEqual(steps);
  expect(steps.length).toBeLessThanOrEqual(mostPublicationSteps(later));
});
