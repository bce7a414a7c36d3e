import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { CODECS } from '../wire/codecs';

/** Gives kafkajs' own encoder and decoder, to which ours are held, the codecs that it lacks. Idempotent. */
export const registerKafkajsCodecs = (): void => {
  for (const [type, name] of [
    [CompressionTypes.Snappy, 'snappy'],
    [CompressionTypes.LZ4, 'lz4'],
    [CompressionTypes.ZSTD, 'zstd'],
  ] as const) {
    const codec = CODECS[name];
    CompressionCodecs[type] = () => ({
      compress: async (encoder: { buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: async (bytes: Buffer) => codec.decompress(bytes),
    });
  }
};
