import { type DispatchState, encodeDispatchState, eraseDispatchState, type OutgoingMessage } from '@millrace/protocol';
import type { PersistentSender } from '../sending/persistent-sender';
import { WRITER_HEADER } from './dispatch-state.view';
import type { OffsetChunk } from './parked-offsets';

interface Write {
  readonly message: OutgoingMessage;
  readonly acknowledged: (() => void)[];
}

interface ChunkWrite {
  readonly partition: number;
  readonly endpointId: string;
  chunk: OffsetChunk;
  readonly acknowledged: (() => void)[];
}

/**
 * Writes the dispatch state in flushes: what changed while the previous flush was under way goes into the next, and of many
 * changes of one thing only the last. So a thousand records that are parked in one go cost one record here.
 */
export class DispatchStatePublisher {
  private pending = new Map<string, Write>();
  private chunks = new Map<string, ChunkWrite>();
  private flushing = false;

  /** @param writer id of this process, by which it tells its own records from those of an owner before it */
  constructor(
    private readonly sender: Pick<PersistentSender, 'send'>,
    private readonly topic: string,
    private readonly writer: string,
  ) {}

  put(partition: number, state: DispatchState, acknowledged?: () => void): void {
    this.write(encodeDispatchState(this.topic, partition, state), acknowledged);
  }

  erase(partition: number, state: DispatchState, acknowledged?: () => void): void {
    this.write(eraseDispatchState(this.topic, partition, state), acknowledged);
  }

  /** The chunk as it stands when the flush begins. */
  putChunk(partition: number, endpointId: string, chunk: OffsetChunk, acknowledged?: () => void): void {
    const name = `${endpointId}/${chunk.base}`;
    const open = this.chunks.get(name);
    if (open) {
      // One that was emptied and filled again meanwhile is another object.
      open.chunk = chunk;
      if (acknowledged) open.acknowledged.push(acknowledged);
      return;
    }
    this.chunks.set(name, { partition, endpointId, chunk, acknowledged: acknowledged ? [acknowledged] : [] });
    this.begin();
  }

  private write(message: OutgoingMessage, acknowledged: (() => void) | undefined): void {
    const key = `${message.partition}/${message.key}`;
    const before = this.pending.get(key)?.acknowledged ?? [];
    if (acknowledged) before.push(acknowledged);
    this.pending.set(key, { message: this.signed(message), acknowledged: before });
    this.begin();
  }

  private begin(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => void this.flush());
  }

  private async flush(): Promise<void> {
    while (this.pending.size > 0 || this.chunks.size > 0) {
      const { pending, chunks } = this;
      this.pending = new Map();
      this.chunks = new Map();
      const messages: OutgoingMessage[] = [];
      for (const { message } of pending.values()) messages.push(message);
      for (const { partition, endpointId, chunk } of chunks.values())
        messages.push(this.messageOf(partition, endpointId, chunk));
      if (!(await this.sender.send(messages))) return;
      for (const { acknowledged } of pending.values()) for (const tell of acknowledged) tell();
      for (const { acknowledged } of chunks.values()) for (const tell of acknowledged) tell();
    }
    this.flushing = false;
  }

  private messageOf(partition: number, endpointId: string, chunk: OffsetChunk): OutgoingMessage {
    const { base, bits, earliestExpiry, count } = chunk;
    const state: DispatchState = {
      kind: 'parked',
      endpointId,
      base,
      bits: Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength),
      earliestExpiry,
    };
    return this.signed(
      count === 0
        ? eraseDispatchState(this.topic, partition, state)
        : encodeDispatchState(this.topic, partition, state),
    );
  }

  private signed(message: OutgoingMessage): OutgoingMessage {
    return { ...message, headers: { [WRITER_HEADER]: this.writer } };
  }
}
