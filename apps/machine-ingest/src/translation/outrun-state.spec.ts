import { type MachineState, newMachineState } from '@millrace/domain';
import type { WindowedConsumer, WindowedConsumerOptions } from '@millrace/kafka';
import {
  decodeMachineState,
  encodeMachineState,
  type IncomingMessage,
  type OutgoingMessage,
  topicNames,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { MachineDirectory } from '../machines/machine-directory';
import { TranslationConsumer } from './translation.consumer';

const topics = topicNames('t');
const at = (offset: number): MachineState => ({
  ...newMachineState('default', 'M-1'),
  position: { partition: 0, offset: String(offset) },
});
const arrived = ({ key, value }: OutgoingMessage): IncomingMessage => ({
  topic: topics.machineState,
  partition: 0,
  offset: 0n,
  timestamp: 0,
  headers: {},
  key: Buffer.from(key!),
  value,
});

it('says the newest state again when its owner died before it could, and until Kafka has it', async () => {
  const directory = new MachineDirectory();
  // The owner wrote 150, an owner before it 100, and then nobody was there.
  for (const offset of [150, 100]) directory.apply(arrived(encodeMachineState(topics.machineState, at(offset))));
  let options: WindowedConsumerOptions | null = null;
  let failures = 1;
  const written: OutgoingMessage[] = [];
  const translation = new TranslationConsumer({
    consumer: (asked) => {
      options = asked;
      return {
        start: async () =>
          options!.onAssigned!({ gained: [{ topic: topics.signals, partition: 0 }], lost: [] } as never),
        stop: async () => undefined,
      } as unknown as WindowedConsumer;
    },
    producer: {
      send: async (messages) => {
        if (failures-- > 0) throw new Error('no broker');
        written.push(...messages);
        for (const message of messages) directory.apply(arrived(message));
      },
    },
    directory,
    directoryCaughtUp: async () => undefined,
    topics,
    mappings: () => () => null,
    mappingsCaughtUp: async () => undefined,
    clock: () => 0,
    logger: silentLogger,
    heard: () => undefined,
    onOwnership: async () => undefined,
    livesNow: () => false,
    told: { translated: () => undefined, refused: () => undefined, ruleFailed: () => undefined },
  });
  await translation.start();
  await eventually(() => written.length > 0, 'the newest state');
  await translation.stop(0);
  const read = decodeMachineState(arrived(written[0]!));
  expect(read).toMatchObject({ kind: 'put', state: { position: { offset: '150' } } });
  expect(written).toHaveLength(1);
});
