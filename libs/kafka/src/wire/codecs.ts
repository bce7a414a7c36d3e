import { createRequire } from 'node:module';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';

export type CodecName = 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** `auto`: lz4 for a small batch, zstd for a large one, and nothing where lz4 finds little to save. */
export type Compression = 'none' | 'auto' | CodecName;

/**
 * How the records of a batch are compressed. All codecs work on the event loop: a batch takes less than a millisecond, and
 * the way to the thread pool and back would be most of the time.
 */
export interface Codec {
  /** Its number in the attributes of a batch. */
  readonly attribute: number;
  compress(bytes: Buffer): Uint8Array;
  decompress(bytes: Buffer): Buffer;
}

/** The fastest level: a batch of webhook bodies shrinks about as far as with the default, at a third of the time. */
const ZSTD_LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Decompressed piece by piece, and joined: mostly one piece. */
const ZSTD_PIECE = 16 * 1024;

interface SnappyBlocks {
  compress(bytes: Buffer): Buffer;
  uncompress(bytes: Buffer): Buffer;
}

// kafkajs-snappy itself answers with promises; what it stands on does not, and has no types
const snappyBlocks = createRequire(require.resolve('kafkajs-snappy'))('snappyjs') as SnappyBlocks;

/** With this the frames of Java's snappy stream begin; then two versions, and blocks behind their length. */
const XERIAL = Buffer.from([130, 83, 78, 65, 80, 80, 89, 0]);
const XERIAL_BLOCKS_AT = 16;

const decompressSnappy = (bytes: Buffer): Buffer => {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyBlocks.uncompress(bytes);
  const blocks: Buffer[] = [];
  for (let at = XERIAL_BLOCKS_AT; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    blocks.push(snappyBlocks.uncompress(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
};

export const CODECS: { readonly [name in CodecName]: Codec } = {
  gzip: { attribute: 1, compress: (bytes) => gzipSync(bytes), decompress: (bytes) => gunzipSync(bytes) },
  snappy: { attribute: 2, compress: (bytes) => snappyBlocks.compress(bytes), decompress: decompressSnappy },
  lz4: {
    attribute: 3,
    compress: (bytes) => compressFrameSync(bytes),
    decompress: (bytes) => decompressFrameSync(bytes),
  },
  zstd: {
    attribute: 4,
    compress: (bytes) => zstdCompressSync(bytes, ZSTD_LEVEL),
    decompress: (bytes) => zstdDecompressSync(bytes, { chunkSize: Math.max(ZSTD_PIECE, bytes.length * 6) }),
  },
};

/** Below this, what a codec saves is not worth its start, which every reader of the batch pays as well. */
const WORTH_COMPRESSING = 2 * 1024;
/**
 * To start zstd takes 10 µs here and 8 µs at each reader, four times as much as lz4; per byte they cost about the same, and
 * zstd saves twice as much.
 */
const WORTH_ZSTD = 64 * 1024;
/** What lz4 leaves of a batch that is worth compressing. JSON shrinks to a third; what is dense already, hardly. */
const WORTHWHILE_SHARE = 3 / 4;
/** By these first bytes a large batch is judged. */
const SAMPLE = 8 * 1024;

export interface Compressed {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
}

/** The records of a batch, compressed; null when they are better left as they are. */
export const compressed = (compression: Compression, bytes: Buffer): Compressed | null => {
  if (compression === 'none' || bytes.length < WORTH_COMPRESSING) return null;
  if (compression !== 'auto') return smaller(CODECS[compression], bytes, 1);
  if (bytes.length < WORTH_ZSTD) return smaller(CODECS.lz4, bytes, WORTHWHILE_SHARE);
  if (smaller(CODECS.lz4, bytes.subarray(0, SAMPLE), WORTHWHILE_SHARE) === null) return null;
  return smaller(CODECS.zstd, bytes, 1);
};

const smaller = (codec: Codec, bytes: Buffer, share: number): Compressed | null => {
  const result = codec.compress(bytes);
  return result.length < bytes.length * share ? { codec, bytes: result } : null;
};

const BY_ATTRIBUTE: readonly Codec[] = Object.values(CODECS);
const CODEC_BITS = 7;

/**
 * The codec of a batch; null when it is not compressed.
 * @throws when there is none of this number
 */
export const codecOf = (attributes: number): Codec | null => {
  const number = attributes & CODEC_BITS;
  if (number === 0) return null;
  const codec = BY_ATTRIBUTE.find(({ attribute }) => attribute === number);
  if (codec === undefined) throw new Error(`a record batch is compressed with codec ${number}, which does not exist`);
  return codec;
};
