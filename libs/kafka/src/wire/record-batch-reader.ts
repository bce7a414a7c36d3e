import type { IncomingMessage } from '@millrace/protocol';
import { ByteReader } from './byte-reader';
import { codecOf } from './codecs';
import { HeaderNames } from './header-names';

/** A message with what a consumer counts by. */
export interface FetchedMessage extends IncomingMessage {
  /** The offset once more: a partition does not reach 2^53. */
  readonly position: number;
  /** Bytes of the record as it was written, before compression. */
  readonly size: number;
}

/** Of a transaction that was aborted: its records from this offset on are not to be read. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** What a broker answered for one partition. */
export interface RecordSet {
  readonly topic: string;
  readonly partition: number;
  /** Whole record batches; the last one may be cut off. */
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}

export interface RecordsRead {
  readonly messages: FetchedMessage[];
  /** The offset to go on from, behind what the log holds beside records. */
  readonly next: number;
}

export interface RecordsOpened {
  readonly runs: RecordRun[];
  readonly next: number;
}

const LOG_OVERHEAD = 12;
const BATCH_OVERHEAD = 61;
const MAGIC = 2;
const APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;
/** Type of the control record that ends an aborted transaction, in the second half of its key. */
const ABORT = 0;

const NO_BYTES = Buffer.alloc(0);
const names = new HeaderNames();

/** All of {@link openRecords} at once. */
export const readRecords = (set: RecordSet, from: number): RecordsRead => {
  const { runs, next } = openRecords(set, from);
  const messages: FetchedMessage[] = [];
  for (const run of runs) for (let each = run.take(); each !== null; each = run.take()) messages.push(each);
  return { messages, next };
};

/**
 * The records at and after an offset: all that is committed, without control records. The bytes of keys, values and
 * headers are views of what was fetched or decompressed.
 *
 * @throws when the bytes are no record batches of message format v2
 */
export const openRecords = (set: RecordSet, from: number): RecordsOpened => {
  const { topic, partition, bytes } = set;
  const aborted = new AbortedProducers(set.aborted);
  const runs: RecordRun[] = [];
  let next = from;
  for (let at = 0; at + BATCH_OVERHEAD <= bytes.length; ) {
    const batch = readBatch(bytes, at, `${topic}/${partition}`);
    if (batch === null) break;
    at = batch.end;
    if (batch.lastOffset < from) continue;
    next = batch.lastOffset + 1;
    if (aborted.covers(batch) || batch.attributes & CONTROL) continue;
    runs.push(new RecordRun(batch, topic, partition, from));
  }
  return { runs, next };
};

interface BatchRead {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly count: number;
  readonly records: Buffer;
  readonly end: number;
}

/** Null when the batch is cut off, which a broker does to keep to the bytes it was asked for. */
const readBatch = (bytes: Buffer, start: number, where: string): BatchRead | null => {
  const reader = new ByteReader(bytes, start);
  const baseOffset = reader.int64();
  const end = start + LOG_OVERHEAD + reader.int32();
  reader.at += 4; // leader epoch
  const magic = reader.int8();
  if (magic !== MAGIC)
    throw new Error(`${where} holds records of message format v${magic} at offset ${baseOffset}; only v2 can be read`);
  if (end > bytes.length) return null;
  reader.at += 4; // checksum: the broker has checked it, and TCP's stands for the way here
  const attributes = reader.int16();
  const lastOffset = baseOffset + reader.int32();
  const baseTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  const producerId = reader.bigInt64();
  reader.at += 6; // producer epoch, first sequence
  const count = reader.int32();
  const records = bytes.subarray(reader.at, end);
  return { baseOffset, lastOffset, attributes, baseTimestamp, maxTimestamp, producerId, count, records, end };
};

/** Follows the transactions that were aborted through the batches of one fetch. */
class AbortedProducers {
  private readonly ahead: AbortedTransaction[];
  private readonly open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.ahead = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  covers(batch: BatchRead): boolean {
    while (this.ahead.length > 0 && this.ahead[0]!.firstOffset <= batch.lastOffset)
      this.open.add(this.ahead.shift()!.producerId);
    if (!(batch.attributes & TRANSACTIONAL)) return false;
    if (batch.attributes & CONTROL) {
      if (controlType(batch) === ABORT) this.open.delete(batch.producerId);
      return false;
    }
    return this.open.has(batch.producerId);
  }
}

const controlType = (batch: BatchRead): number | null => {
  const marker = new RecordRun(batch, '', 0, 0).take();
  return marker?.key && marker.key.length >= 4 ? marker.key.readInt16BE(2) : null;
};

/**
 * The records of one batch, decompressed, and each made when it is taken: what only waits is bytes, and nothing that the
 * garbage collector has to carry along.
 */
export class RecordRun {
  /** Of the records that were not taken. */
  bytes: number;
  /** Those that can be taken, at most: of the first batch those before the wanted offset are passed over. */
  remaining: number;
  private readonly reader: RecordReader;
  private readonly appendedAt: number | null;

  constructor(
    private readonly batch: BatchRead,
    private readonly topic: string,
    private readonly partition: number,
    private readonly from: number,
  ) {
    const codec = codecOf(batch.attributes);
    const bytes = codec === null ? batch.records : codec.decompress(batch.records);
    this.reader = new RecordReader(bytes);
    this.bytes = bytes.length;
    this.remaining = batch.count;
    this.appendedAt = batch.attributes & APPEND_TIME ? batch.maxTimestamp : null;
  }

  /** No record has an offset below this one. */
  get start(): number {
    return Math.max(this.batch.baseOffset, this.from);
  }

  /**
   * The next record; null when all are taken.
   * @throws RangeError when the record is cut off
   */
  take(): FetchedMessage | null {
    const { reader, batch, from } = this;
    while (this.remaining > 0) {
      this.remaining--;
      const end = reader.varint() + reader.at;
      const size = end - reader.at;
      reader.at++; // attributes: none are in use
      const timestampDelta = reader.varint();
      const position = batch.baseOffset + reader.varint();
      if (position < from) {
        reader.at = end;
        continue;
      }
      const key = reader.bytesOrNull();
      const value = reader.bytesOrNull();
      const headers = reader.headers();
      reader.at = end;
      this.bytes = reader.left;
      return {
        topic: this.topic,
        partition: this.partition,
        offset: BigInt(position),
        timestamp: this.appendedAt ?? batch.baseTimestamp + timestampDelta,
        key,
        value,
        headers,
        position,
        size,
      };
    }
    this.bytes = 0;
    return null;
  }
}

class RecordReader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** In zigzag form; a number of up to 53 bits. */
  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let raw = byte & 127;
    for (let scale = 128; ; scale *= 128) {
      byte = bytes[this.at++]!;
      if (byte === undefined) throw new RangeError('a record is cut off');
      raw += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  bytesOrNull(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    return this.take(length);
  }

  /** Of a repeated header the last value counts; a null value is empty. */
  headers(): { readonly [name: string]: Buffer } {
    const headers: { [name: string]: Buffer } = {};
    for (let count = this.varint(); count > 0; count--) {
      const length = this.varint();
      const name = names.read(this.bytes, this.at, this.at + length);
      this.at += length;
      const value = this.bytesOrNull() ?? NO_BYTES;
      if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true });
      else headers[name] = value;
    }
    return headers;
  }

  private take(length: number): Buffer {
    const start = this.at;
    this.at = start + length;
    if (this.at > this.bytes.length) throw new RangeError('a record is cut off');
    return length === 0 ? NO_BYTES : this.bytes.subarray(start, this.at);
  }
}
