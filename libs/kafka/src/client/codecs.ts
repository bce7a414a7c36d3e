import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

// has no types of its own
const snappy = require('kafkajs-snappy') as () => Codec;

/** The fastest level: a batch of webhook bodies shrinks about as far as with the default, at a third of the time. */
const ZSTD_LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * Both work on the event loop: a batch takes less than a millisecond, and kafkajs decodes one after the other, so the way to
 * the thread pool and back would be most of the time.
 */
const lz4: Codec = {
  compress: async (encoder) => compressFrameSync(encoder.buffer),
  decompress: async (buffer) => decompressFrameSync(buffer),
};
const zstd: Codec = {
  compress: async (encoder) => zstdCompressSync(encoder.buffer, ZSTD_LEVEL),
  decompress: async (buffer) => zstdDecompressSync(buffer),
};

/**
 * Registers every codec that a producer elsewhere may choose. kafkajs brings gzip only, and one batch in another codec ends
 * its consumer for good. Idempotent.
 */
export const registerCodecs = (): void => {
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;
};
