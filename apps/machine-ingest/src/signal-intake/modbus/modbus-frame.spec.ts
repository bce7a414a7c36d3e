import { randomFrom } from '@millrace/test-environment';
import fc from 'fast-check';
import { type Frame, FrameSplitter, type ReadRequest, readAnswer, TABLES, writeRequest } from './modbus-frame';

const REQUEST: ReadRequest = { unit: 17, table: 'holding', address: 0x6b, count: 3 };
/** Transaction 7; registers 555, 0 and 100. */
const ANSWER = Buffer.from('0007 0000 0009 11 03 06 022b 0000 0064'.replaceAll(' ', ''), 'hex');
/** The device refuses it. */
const REFUSAL = Buffer.from('0007000000031183 02'.replaceAll(' ', ''), 'hex');
const frameOf = (bytes: Buffer): Frame => new FrameSplitter().push(bytes).frames[0]!;
const answerTo = (request: ReadRequest, pdu: string, unit = request.unit) =>
  readAnswer(request, { transaction: 1, unit, pdu: Buffer.from(pdu.replaceAll(' ', ''), 'hex') });

describe('messages of Modbus TCP', () => {
  it.each([
    ['coil', '0001 0000 0006 11 01 006b 0003'],
    ['discrete', '0001 0000 0006 11 02 006b 0003'],
    ['holding', '0001 0000 0006 11 03 006b 0003'],
    ['input', '0001 0000 0006 11 04 006b 0003'],
  ] as const)('asks for a %s as the specification has it', (table, hex) => {
    expect(writeRequest(1, { ...REQUEST, table }).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  it('are found in a stream however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 253 }), { maxLength: 6 }),
        fc.infiniteStream(fc.nat(40)),
        (pdus, cuts) => {
          const frames = pdus.map((pdu, n) => ({ transaction: n, unit: n * 3, pdu: Buffer.from(pdu) }));
          let stream = Buffer.concat(
            frames.map(({ transaction, unit, pdu }) => {
              const head = Buffer.alloc(7);
              head.writeUInt16BE(transaction, 0);
              head.writeUInt16BE(pdu.length + 1, 4);
              head.writeUInt8(unit, 6);
              return Buffer.concat([head, pdu]);
            }),
          );
          const splitter = new FrameSplitter();
          const found: Frame[] = [];
          for (const cut of cuts) {
            if (stream.length === 0) break;
            const pushed = splitter.push(stream.subarray(0, cut + 1));
            expect(pushed.garbage).toBeNull();
            found.push(...pushed.frames);
            stream = stream.subarray(cut + 1);
          }
          expect(found).toEqual(frames);
        },
      ),
    );
  });

  it.each([
    ['another protocol', '0007 0001 0009 11 03', 'the protocol in its header is 1'],
    ['a length without a function', '0007 0000 0001 11', 'its header says 1 bytes'],
    ['a length above the largest', '0007 0000 00ff 11 03', 'its header says 255 bytes'],
    ['a web server', Buffer.from('HTTP/1.1 400').toString('hex'), 'the protocol in its header is 21584'],
  ])('are told from %s by the header alone', (_, hex, detail) => {
    const { frames, garbage } = new FrameSplitter().push(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(frames).toEqual([]);
    expect(garbage!.detail).toContain(detail);
  });

  it('come before the garbage that follows them', () => {
    const { frames, garbage } = new FrameSplitter().push(Buffer.concat([ANSWER, Buffer.from('garbage')]));
    expect(frames).toHaveLength(1);
    expect(garbage!.bytes.toString()).toBe('garbage');
  });

  it.each<[string, ReadRequest, string, object]>([
    ['registers', REQUEST, '03 06 022b 0000 0064', { kind: 'data', data: Buffer.from('022b00000064', 'hex') }],
    [
      'bits',
      { ...REQUEST, table: 'coil', count: 19 },
      '01 03 cd 6b 05',
      { kind: 'data', data: Buffer.from([0xcd, 0x6b, 5]) },
    ],
    ['an exception', REQUEST, '83 02', { kind: 'exception', code: 2 }],
    ['an exception to another function', REQUEST, '84 02', { kind: 'malformed' }],
    ['an exception without a code', REQUEST, '83', { kind: 'malformed' }],
    ['an exception with the code 0', REQUEST, '83 00', { kind: 'malformed' }],
    ['an exception and more', REQUEST, '83 02 00', { kind: 'malformed' }],
    ['another function', REQUEST, '04 06 022b 0000 0064', { kind: 'malformed' }],
    ['too few registers', REQUEST, '03 04 022b 0000', { kind: 'malformed' }],
    ['too many registers', REQUEST, '03 08 022b 0000 0064 0001', { kind: 'malformed' }],
    ['less than it announces', REQUEST, '03 06 022b 0000', { kind: 'malformed' }],
    ['more than it announces', REQUEST, '03 06 022b 0000 0064 0001', { kind: 'malformed' }],
    ['nothing but its function', REQUEST, '03', { kind: 'malformed' }],
  ])('say %s', (_, request, pdu, answer) => {
    expect(answerTo(request, pdu)).toMatchObject(answer);
  });

  it('are of the unit that was asked', () => {
    expect(answerTo(REQUEST, '03 06 022b 0000 0064', 1)).toMatchObject({
      kind: 'malformed',
      detail: 'Unit 1 answers where unit 17 was asked.',
    });
  });

  it('of 10,000 mutated ones none is taken for an answer that is not framed like the answer', () => {
    const random = randomFrom(502);
    const below = (most: number) => Math.floor(random() * most);
    const kinds = { data: 0, exception: 0, malformed: 0, foreign: 0, garbage: 0, incomplete: 0 };
    for (let n = 0; n < 10_000; n++) {
      const table = TABLES[below(4)]!;
      const request = { ...REQUEST, table };
      const fn = writeRequest(7, request)[7]!;
      const refused = random() < 0.2;
      let bytes: Buffer = Buffer.from(refused ? REFUSAL : ANSWER);
      bytes.writeUInt8(refused ? fn | 0x80 : fn, 7);
      for (let edits = 1 + below(3); edits > 0; edits--) {
        const at = below(bytes.length);
        const put = Buffer.from([random() < 0.3 ? [0, 1, 2, 0x7f, 0x80, 0xff][below(6)]! : below(256)]);
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + below(3))]);
      }
      const { frames, garbage } = new FrameSplitter().push(bytes);
      const [frame] = frames;
      if (frame === undefined) kinds[garbage === null ? 'incomplete' : 'garbage']++;
      else if (frame.transaction !== 7) kinds.foreign++;
      else {
        const answer = readAnswer(request, frame);
        kinds[answer.kind]++;
        if (answer.kind !== 'data') continue;
        const size = table === 'coil' || table === 'discrete' ? 1 : 6;
        expect(answer.data).toHaveLength(size);
        const head = Buffer.from([0, 7, 0, 0, 0, size + 3, 17, fn, size]);
        expect(bytes.subarray(0, 9)).toEqual(head);
      }
    }
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(0);
  });

  it('holds no more than one of them', () => {
    const splitter = new FrameSplitter();
    const head = Buffer.from('0001000000fe11', 'hex');
    splitter.push(head);
    for (let n = 0; n < 252; n++) expect(splitter.push(Buffer.from([1])).frames).toEqual([]);
    expect(splitter.push(Buffer.from([1])).frames).toHaveLength(1);
    expect(frameOf(ANSWER).unit).toBe(17);
  });
});
