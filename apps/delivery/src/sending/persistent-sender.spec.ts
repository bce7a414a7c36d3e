import { BufferFull, ProduceFailed } from '@millrace/kafka';
import type { OutgoingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { PersistentSender } from './persistent-sender';

const message = (value: string): OutgoingMessage => ({ topic: 't', key: null, value: Buffer.from(value), headers: {} });
const text = (messages: readonly OutgoingMessage[]) => messages.map(({ value }) => value!.toString());
const tooLarge = () =>
  new ProduceFailed('refused', false, { cause: Object.assign(new Error('x'), { type: 'MESSAGE_TOO_LARGE' }) });

/** A Kafka that takes no message longer than five characters. */
const small = () => {
  const written: string[] = [];
  const producer = {
    send: async (messages: readonly OutgoingMessage[]) => {
      if (text(messages).some((each) => each.length > 5)) throw tooLarge();
      written.push(...text(messages));
    },
  };
  return { producer, written };
};

describe('persistent sender', () => {
  it('tries again until Kafka has acknowledged', async () => {
    const failures = [new ProduceFailed('no acknowledgement', true), new BufferFull('full')];
    const producer = {
      send: async () => {
        const failure = failures.shift();
        if (failure) throw failure;
      },
    };
    const sender = new PersistentSender(producer, silentLogger);
    expect(await sender.send([message('a')])).toBe(true);
    expect(failures).toEqual([]);
  });

  it('sends the reduced form of the one message that is too large, and the others whole and in order', async () => {
    const { producer, written } = small();
    const sender = new PersistentSender(producer, silentLogger, () => message('small'));
    expect(await sender.send(['a', 'much too large', 'b'].map(message))).toBe(true);
    expect(written).toEqual(['a', 'small', 'b']);
  });

  it('does not drop what is too large and has no smaller form', async () => {
    const { producer, written } = small();
    const sender = new PersistentSender(producer, silentLogger);
    let settled = false;
    const sent = sender.send([message('much too large')]).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([settled, written]).toEqual([false, []]);
    sender.stop();
    expect(await sent).toBe(false);
  });

  it('ends every call when it stops, also those that Kafka has not answered', async () => {
    const sender = new PersistentSender({ send: () => new Promise<void>(() => {}) }, silentLogger);
    const calls = [sender.send([message('a')]), sender.send([message('b')])];
    sender.stop();
    expect(await Promise.all(calls)).toEqual([false, false]);
    expect(await sender.send([message('c')])).toBe(false);
  });

  it('says once that Kafka is away, however many calls wait', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, error: (_fields: object, line: string) => void lines.push(line) };
    const away = { send: () => Promise.reject(new ProduceFailed('no acknowledgement', true)) };
    const sender = new PersistentSender(away, logger, undefined, () => 0);
    const calls = Array.from({ length: 100 }, () => sender.send([message('a')]));
    await new Promise((resolve) => setImmediate(resolve));
    sender.stop();
    await Promise.all(calls);
    expect(lines).toHaveLength(1);
  });
});
