import type { OutgoingMessage } from '@millrace/protocol';
import { BufferFull, type ProduceFailed } from './durable-producer';

export interface QueueLimits {
  /** A request carries at most so many bytes, or one message. */
  readonly batchBytes: number;
  readonly batchRecords: number;
  readonly bufferedBytes: number;
}

/** A call of `send`: settled when its last message is acknowledged, or with the first failure. */
interface Call {
  readonly messages: readonly OutgoingMessage[];
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: ProduceFailed) => void;
  readonly bytes: number;
  taken: number;
  acknowledged: number;
  settled: boolean;
}

/** Consecutive messages of one call. */
export interface BatchPart {
  readonly call: Call;
  readonly entries: readonly BatchEntry[];
}

export interface BatchEntry {
  readonly message: OutgoingMessage;
  /** Where it goes: as its writer said, else chosen with the first attempt, and the same on all that follow. */
  partition: number | undefined;
}

export interface Batch {
  readonly parts: readonly BatchPart[];
  readonly records: number;
}

const RECORD_OVERHEAD = 40;

/** About what a message takes in memory and on the wire. */
export const sizeOf = (message: OutgoingMessage): number => {
  let bytes = RECORD_OVERHEAD + (message.value?.length ?? 0) + (message.key?.length ?? 0);
  for (const name in message.headers) bytes += name.length + message.headers[name]!.length + 4;
  return bytes;
};

/** Calls in order of arrival, cut into batches. A large call spans batches; small ones share one. */
export class SendQueue {
  private readonly calls: Call[] = [];
  private head = 0;
  private buffered = 0;

  constructor(private readonly limits: QueueLimits) {}

  get bufferedBytes(): number {
    return this.buffered;
  }

  get empty(): boolean {
    return this.head >= this.calls.length;
  }

  /** @throws BufferFull; one call alone is always taken. */
  add(
    messages: readonly OutgoingMessage[],
    deadline: number,
    resolve: () => void,
    reject: (error: ProduceFailed) => void,
  ): void {
    let bytes = 0;
    for (const message of messages) bytes += sizeOf(message);
    if (this.buffered > 0 && this.buffered + bytes > this.limits.bufferedBytes)
      throw new BufferFull(
        `the producer holds ${this.buffered} of ${this.limits.bufferedBytes} bytes; ${bytes} more do not fit`,
      );
    this.buffered += bytes;
    this.calls.push({ messages, deadline, resolve, reject, bytes, taken: 0, acknowledged: 0, settled: false });
  }

  /** The next batch; without parts when nothing waits. */
  take(): Batch {
    const parts: BatchPart[] = [];
    let records = 0;
    let bytes = 0;
    for (let full = false; !full && this.head < this.calls.length; ) {
      const call = this.calls[this.head]!;
      const entries: BatchEntry[] = [];
      while (!call.settled && call.taken < call.messages.length) {
        const message = call.messages[call.taken]!;
        const size = sizeOf(message);
        if (records > 0 && (records >= this.limits.batchRecords || bytes + size > this.limits.batchBytes)) {
          full = true;
          break;
        }
        entries.push({ message, partition: message.partition });
        call.taken++;
        records++;
        bytes += size;
      }
      if (entries.length > 0) parts.push({ call, entries });
      if (!full) this.head++;
    }
    if (this.head > 1024 || this.empty) {
      this.calls.splice(0, this.head);
      this.head = 0;
    }
    return { parts, records };
  }

  acknowledge(batch: Batch): void {
    for (const { call, entries } of batch.parts) {
      call.acknowledged += entries.length;
      if (call.acknowledged === call.messages.length && this.settle(call)) call.resolve();
    }
  }

  /** Rejects the calls of the batch; what they have not sent yet is dropped. */
  fail(batch: Batch, error: ProduceFailed): void {
    for (const { call } of batch.parts) if (this.settle(call)) call.reject(error);
  }

  private settle(call: Call): boolean {
    if (call.settled) return false;
    call.settled = true;
    this.buffered -= call.bytes;
    return true;
  }
}

/** The batch in two: what is past its deadline, and the rest. */
export const splitExpired = (batch: Batch, now: number): { expired: Batch; open: Batch } => ({
  expired: batchOf(batch.parts.filter(({ call }) => call.deadline <= now)),
  open: batchOf(batch.parts.filter(({ call }) => call.deadline > now)),
});

/** Halves, so that the one call that a broker refuses is found in a few steps and fails alone. */
export const halves = (batch: Batch): [Batch, Batch] => {
  const middle = batch.parts.length >> 1;
  return [batchOf(batch.parts.slice(0, middle)), batchOf(batch.parts.slice(middle))];
};

export const firstDeadline = (batch: Batch): number =>
  batch.parts.reduce((first, { call }) => Math.min(first, call.deadline), Number.POSITIVE_INFINITY);

const batchOf = (parts: readonly BatchPart[]): Batch => ({
  parts,
  records: parts.reduce((sum, { entries }) => sum + entries.length, 0),
});
