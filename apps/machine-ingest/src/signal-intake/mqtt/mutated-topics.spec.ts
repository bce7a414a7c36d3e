import type { Signal } from '@millrace/domain';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';
import { mutate } from '../../test-support/mutate';
import { mqttSettings } from './mqtt-settings';
import { TopicsIntake } from './topics-intake';

const MUTATIONS = 10_000;
const now = Date.parse('2026-02-17T13:00:00Z');
const settings = mqttSettings.parse({
  url: 'mqtt://broker:1883',
  topics: [
    { filter: 'plain/+/#', machine: '{2}' },
    { filter: 'one/+/+', machine: '{2}', path: '{3}', value: 'v', timestamp: 'meta.t', seq: 'n', unit: 'mm' },
    { filter: 'text/+/+', machine: '{2}', format: 'text' },
  ],
});

const isStorable = (signal: Signal): boolean => {
  const { topic, key, value } = encodeSignal('signals', signal);
  const from = { topic, value, key: Buffer.from(key!), partition: 0, offset: 0n, timestamp: 0, headers: {} };
  return decodeSignal(from).kind === 'signal';
};

it.each([
  [
    'plain/press-1/hydraulics',
    '{"temp":61.5,"axes":[{"load":0.5},{"load":null}],"on":true,"order":12345678901234567890}',
  ],
  ['one/press-1/length', '{"v":2.5,"meta":{"t":1767592800123},"n":7,"other":1}'],
  ['text/press-1/state', 'RUN'],
])('messages on %s that are broken in 10,000 ways are refused or read, and harm none between them', (topic, whole) => {
  const random = randomFrom(29);
  const intake = new TopicsIntake(settings, { tenant: 'acme', source: 'plant', proto: 'mqtt' }, 'c', null);
  const hear = (on: string, payload: Buffer) =>
    intake.take({ topic: on, payload, retain: false, dup: false, receivedAt: now } as Parameters<
      typeof intake.take
    >[0]);
  const saidOf = (signals: readonly Signal[]) => signals.map(({ path, value, type }) => [path, value, type]);
  const right = saidOf(hear(topic, Buffer.from(whole)).signals.slice(1));
  const payloads = [whole, '{"v":1}', '[1,{"a":[]}]'].map((text) => Buffer.from(text));
  const outcomes = { read: 0, refused: 0, nothing: 0, unstorable: 0, harmed: 0, unsettled: 0 };
  for (let n = 0; n < MUTATIONS; n++) {
    // the name of a topic is as much the sender's as what he says on it
    const on = n % 5 === 0 ? mutate(Buffer.from(topic), random).toString('utf8') : topic;
    const { signals, refused, settled } = hear(on, mutate(Buffer.from(whole), random, payloads));
    if (settled.length !== 1) outcomes.unsettled++;
    if (signals.length > 0) outcomes.read++;
    else if (refused.length === 1) outcomes.refused++;
    else outcomes.nothing++;
    outcomes.unstorable += signals.filter((signal) => !isStorable(signal)).length;
    if (n % 4 !== 0) continue;
    const between = hear(topic, Buffer.from(whole));
    if (JSON.stringify(saidOf(between.signals)) !== JSON.stringify(right)) outcomes.harmed++;
  }
  expect(outcomes).toMatchObject({ unstorable: 0, harmed: 0, unsettled: 0 });
  const { empty, unmapped } = intake.counts() as { empty: number; unmapped: number };
  expect(outcomes.nothing).toBe(empty + unmapped);
  expect(outcomes.refused).toBeGreaterThan(500);
  expect(outcomes.read).toBeGreaterThan(500);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
