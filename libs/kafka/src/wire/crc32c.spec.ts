import fc from 'fast-check';
import { crc32c } from './crc32c';

const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

describe('CRC-32C', () => {
  // RFC 3720, B.4, and the usual check value
  test.each([
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 times 0xff', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
    ['digits', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s', (_what, bytes, crc) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(crc);
  });

  test('of any stretch is what kafkajs, byte by byte, makes of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (array, a, b) => {
        const bytes = Buffer.from(array);
        const start = Math.min(a, bytes.length);
        const end = Math.max(start, Math.min(b, bytes.length));
        expect(crc32c(bytes, start, end)).toBe(kafkajsCrc32c(bytes.subarray(start, end)));
      }),
    );
  });
});
