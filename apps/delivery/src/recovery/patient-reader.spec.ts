import type { IncomingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { JobControl, JobStopped } from './job-control';
import { PatientReader } from './patient-reader';
import type { RecordSource } from './recovery.ports';
import type { Stretch } from './recovery-cursor';

const at = (offset: bigint): IncomingMessage => ({
  topic: 't',
  partition: 0,
  offset,
  timestamp: 0,
  key: null,
  value: null,
  headers: {},
});

const stretch = (next: bigint, end: bigint): Stretch => ({ topic: 't', partition: 0, next, end });

/** A log of one partition with the offsets first … end − 1, of which a fetch gives three. */
const logOf = (log: { first: bigint; end: bigint; failures?: number; appendedAt?: (offset: bigint) => number }) => {
  const asked: string[] = [];
  const mayFail = (what: string): void => {
    asked.push(what);
    if ((log.failures ?? 0) > 0) {
      log.failures!--;
      throw new Error('no broker');
    }
  };
  const source: RecordSource = {
    async fetch(_topic, _partition, from) {
      mayFail(`fetch ${from}`);
      if (from < log.first || from > log.end) throw new Error('OFFSET_OUT_OF_RANGE');
      const messages = [from, from + 1n, from + 2n].filter((offset) => offset < log.end).map(at);
      return { messages, next: messages.length === 0 ? from : messages.at(-1)!.offset + 1n };
    },
    async beginnings() {
      mayFail('beginnings');
      return new Map([[0, log.first]]);
    },
    async ends() {
      mayFail('ends');
      return new Map([[0, log.end]]);
    },
    async offsetsAt(_topic, timestamp) {
      mayFail(`offsetsAt ${timestamp}`);
      for (let offset = log.first; offset < log.end; offset++)
        if ((log.appendedAt?.(offset) ?? 0) >= timestamp) return new Map([[0, offset]]);
      return new Map([[0, -1n]]);
    },
    close: async () => {},
  };
  const control = new JobControl();
  const waits: number[] = [];
  control.wait = async (ms) => {
    waits.push(ms);
    control.check();
  };
  return { reader: new PatientReader(source, control, () => 0, silentLogger), control, asked, waits };
};

const offsets = ({ messages }: { messages: IncomingMessage[] }) => messages.map(({ offset }) => Number(offset));

describe('a reader that waits for Kafka', () => {
  it('gives what lies in the stretch, and not what lies behind its end', async () => {
    const { reader } = logOf({ first: 0n, end: 10n });
    const whole = await reader.fetch(stretch(2n, 9n));
    expect([offsets(whole), whole.next]).toEqual([[2, 3, 4], 5n]);
    const last = await reader.fetch(stretch(7n, 9n));
    expect([offsets(last), last.next]).toEqual([[7, 8], 9n]);
  });

  it('waits out errors, longer each time, and goes on where it was', async () => {
    const { reader, waits } = logOf({ first: 0n, end: 10n, failures: 8 });
    expect(offsets(await reader.fetch(stretch(2n, 9n)))).toEqual([2, 3, 4]);
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it('steps over what retention has taken', async () => {
    const { reader } = logOf({ first: 6n, end: 10n });
    expect(offsets(await reader.fetch(stretch(2n, 9n)))).toEqual([6, 7, 8]);
    const gone = await logOf({ first: 20n, end: 30n }).reader.fetch(stretch(2n, 9n));
    expect([offsets(gone), gone.next]).toEqual([[], 9n]);
  });

  it('does not wait for what a log has lost', async () => {
    const { reader } = logOf({ first: 0n, end: 5n });
    const lost = await reader.fetch(stretch(5n, 9n));
    expect([offsets(lost), lost.next]).toEqual([[], 9n]);
  });

  it('ends when its job is stopped, also while Kafka is away', async () => {
    const { reader, control } = logOf({ first: 0n, end: 10n, failures: 1_000 });
    control.stop('cancel');
    await expect(reader.fetch(stretch(2n, 9n))).rejects.toThrow(JobStopped);
    const away = logOf({ first: 0n, end: 10n, failures: 1_000 });
    const wait = away.control.wait;
    away.control.wait = (ms) => {
      if (away.waits.length === 3) away.control.stop('lost');
      return wait(ms);
    };
    await expect(away.reader.fetch(stretch(2n, 9n))).rejects.toThrow('lost');
  });

  it('finds the stretch of a time with a minute of room for the clocks of brokers', async () => {
    const minute = (offset: bigint) => 1_000_000 + Number(offset) * 60_000;
    const { reader } = logOf({ first: 3n, end: 30n, appendedAt: minute });
    expect(await reader.stretches('t', minute(10n), minute(20n))).toEqual([stretch(9n, 21n)]);
    expect(await reader.stretches('t', minute(10n), minute(90n))).toEqual([stretch(9n, 30n)]);
    expect(await reader.stretches('t', minute(40n), minute(90n))).toEqual([]);
    expect(await reader.stretches('t', 0, minute(1n))).toEqual([]);
    expect(await reader.stretchSince('t', 0, minute(10n))).toEqual(stretch(9n, 30n));
    expect(await reader.stretchSince('t', 0, minute(40n))).toEqual(stretch(30n, 30n));
  });
});

describe('the control of a job', () => {
  it('cuts a wait short, and nothing overrules that the endpoint went', async () => {
    const control = new JobControl();
    const waiting = control.wait(3_600_000);
    control.stop('lost');
    control.stop('pause');
    await expect(waiting).rejects.toMatchObject({ reason: 'lost' });
    expect(() => control.check()).toThrow(JobStopped);
  });

  it('lets the last wish of its user count', () => {
    const control = new JobControl();
    control.check();
    control.stop('pause');
    control.stop('cancel');
    expect(() => control.check()).toThrow('cancel');
  });
});
