import type { DispatchStateReading, ParkedChunk } from '@millrace/protocol';
import { PARKED_CHUNK_SIZE } from '@millrace/protocol';

interface Chunk {
  readonly endpointId: string;
  bits: Buffer;
  /** Bits whose record was read and is the endpoint's. */
  readonly matched: Buffer;
}

export interface ParkedPosition {
  readonly endpointId: string;
  /** In the partition of `deliveries`. */
  readonly offset: number;
}

/** What the topic `dispatch-state` says is parked in one partition, and up to where of the delivery log it is complete. */
export class ParkedBits {
  private readonly byBase = new Map<number, Map<string, Chunk>>();
  /** Offset in the delivery log: what came before it is in the state. Null as long as no checkpoint was written. */
  checkpoint: number | null = null;

  apply(reading: DispatchStateReading): void {
    if (reading.kind === 'erased') this.erase(reading.key);
    else if (reading.kind === 'put') {
      const { state } = reading;
      if (state.kind === 'parked') this.put(state);
      else if (state.kind === 'checkpoint') this.checkpoint = state.logOffset;
    }
  }

  has(endpointId: string, offset: number): boolean {
    const chunk = this.chunkOf(endpointId, offset);
    return chunk !== undefined && isSet(chunk.bits, offset % PARKED_CHUNK_SIZE);
  }

  /** As `has`; a record of the endpoint was read at the offset. */
  match(endpointId: string, offset: number): boolean {
    const chunk = this.chunkOf(endpointId, offset);
    const bit = offset % PARKED_CHUNK_SIZE;
    if (chunk === undefined || !isSet(chunk.bits, bit)) return false;
    chunk.matched[bit >> 3]! |= 1 << (bit & 7);
    return true;
  }

  /** Bits to which no record was matched, of one endpoint or of all, from an offset on. */
  unmatched(endpointId: string | null, from: number): ParkedPosition[] {
    const found: ParkedPosition[] = [];
    for (const [base, chunks] of this.byBase)
      for (const chunk of chunks.values())
        if (endpointId === null || chunk.endpointId === endpointId)
          for (let bit = 0; bit < PARKED_CHUNK_SIZE; bit++)
            if (base + bit >= from && isSet(chunk.bits, bit) && !isSet(chunk.matched, bit))
              found.push({ endpointId: chunk.endpointId, offset: base + bit });
    return found;
  }

  private chunkOf(endpointId: string, offset: number): Chunk | undefined {
    return this.byBase.get(offset - (offset % PARKED_CHUNK_SIZE))?.get(endpointId);
  }

  private put({ endpointId, base, bits }: ParkedChunk): void {
    let chunks = this.byBase.get(base);
    if (!chunks) {
      chunks = new Map();
      this.byBase.set(base, chunks);
    }
    const held = chunks.get(endpointId);
    if (held) held.bits = bits;
    else chunks.set(endpointId, { endpointId, bits, matched: Buffer.alloc(PARKED_CHUNK_SIZE / 8) });
  }

  /** The key is `parked/<endpoint>/<base>`; keys of other states are left alone. */
  private erase(key: string): void {
    const [, endpointId, base] = /^parked\/(.+)\/(\d+)$/.exec(key) ?? [];
    if (endpointId === undefined) return;
    const chunk = this.byBase.get(Number(base))?.get(endpointId);
    if (chunk) chunk.bits = Buffer.alloc(PARKED_CHUNK_SIZE / 8);
  }
}

const isSet = (bits: Buffer, bit: number): boolean => (bits[bit >> 3]! & (1 << (bit & 7))) !== 0;
