import { type ByteWriter, varintWidth } from './byte-writer';
import { type Compression, compressed } from './codecs';
import { crc32c } from './crc32c';

/** A record as it is written. Text is written as UTF-8. */
export interface RecordToWrite {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  readonly headers: { readonly [name: string]: string | Uint8Array };
  /** Unix ms; default is the batch's. */
  readonly timestamp?: number;
}

export interface BatchToWrite {
  readonly records: readonly RecordToWrite[];
  /** Unix ms, for the records that have none of their own. */
  readonly timestamp: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Number of the first record, of those of this producer for this partition. */
  readonly baseSequence: number;
  readonly compression: Compression;
}

/** Bytes between the first byte of a batch and its first record. */
export const BATCH_HEADER_BYTES = 61;
const LENGTH_AT = 8;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAGIC = 2;

/**
 * Writes a record batch of message format v2 (https://kafka.apache.org/documentation/#recordbatch): each record straight to
 * its place in the writer, then, when it is worthwhile, all of them replaced by what they compress to, if that is less.
 *
 * @throws TypeError over a key, value or header that is neither text nor bytes
 */
export const writeRecordBatch = (writer: ByteWriter, batch: BatchToWrite): void => {
  const { records } = batch;
  const [first, last] = timesOf(batch);
  const start = writer.length;
  writer.int64(0); // base offset: for the broker to say
  writer.int32(0); // length
  writer.int32(0); // partition leader epoch: for the broker to say
  writer.int8(MAGIC);
  writer.int32(0); // checksum
  writer.int16(0); // attributes: codec
  writer.int32(records.length - 1);
  writer.int64(first);
  writer.int64(last);
  writer.bigInt64(batch.producerId);
  writer.int16(batch.producerEpoch);
  writer.int32(batch.baseSequence);
  writer.int32(records.length);
  const body = writer.length;
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    writeRecord(writer, record, index, (record.timestamp ?? batch.timestamp) - first);
  }
  compress(writer, start, body, batch.compression);
  writer.int32At(start + LENGTH_AT, writer.length - start - LENGTH_AT - 4);
  const bytes = writer.view(start);
  writer.uint32At(start + CRC_AT, crc32c(bytes, ATTRIBUTES_AT, bytes.length));
};

const timesOf = ({ records, timestamp }: BatchToWrite): [first: number, last: number] => {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    const time = record.timestamp ?? timestamp;
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return records.length === 0 ? [timestamp, timestamp] : [first, last];
};

const compress = (writer: ByteWriter, start: number, body: number, compression: Compression): void => {
  const result = compressed(compression, writer.view(body));
  if (result === null) return;
  writer.truncate(body);
  writer.raw(result.bytes);
  writer.int8At(start + ATTRIBUTES_AT + 1, result.codec.attribute);
};

const writeRecord = (writer: ByteWriter, record: RecordToWrite, offsetDelta: number, timestampDelta: number): void => {
  const { key, value, headers } = record;
  const start = writer.length;
  // What the record takes at least, which nearly always has the width of what it takes.
  const width = varintWidth(lengthOf(key) + lengthOf(value) + 6);
  writer.skip(width);
  writer.int8(0);
  writer.varint(timestampDelta);
  writer.varint(offsetDelta);
  writeNullable(writer, key);
  writeNullable(writer, value);
  const countAt = writer.length;
  writer.skip(1);
  let count = 0;
  for (const name in headers) {
    writer.varText(name);
    writeBytes(writer, headers[name]!);
    count++;
  }
  writer.varintAt(countAt, 1, count);
  writer.varintAt(start, width, writer.length - start - width);
};

const lengthOf = (value: string | Uint8Array | null): number => value?.length ?? 0;

const writeNullable = (writer: ByteWriter, value: string | Uint8Array | null): void => {
  if (value === null) writer.varNull();
  else writeBytes(writer, value);
};

const writeBytes = (writer: ByteWriter, value: string | Uint8Array): void => {
  if (typeof value === 'string') writer.varText(value);
  else if (value instanceof Uint8Array) writer.varBytes(value);
  else throw new TypeError(`a record holds text, bytes or null, and not ${typeof value}`);
};
