import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

// has no types of its own
const snappy = require('kafkajs-snappy') as () => Codec;

const compressZstd = promisify(zstdCompress);
const decompressZstd = promisify(zstdDecompress);
/** The fastest level: a batch of webhook bodies shrinks about as far as with the default, at a third of the time. */
const ZSTD_LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const lz4: Codec = {
  compress: (encoder) => compressFrame(encoder.buffer),
  decompress: (buffer) => decompressFrame(buffer),
};
const zstd: Codec = {
  compress: (encoder) => compressZstd(encoder.buffer, ZSTD_LEVEL),
  decompress: (buffer) => decompressZstd(buffer),
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
