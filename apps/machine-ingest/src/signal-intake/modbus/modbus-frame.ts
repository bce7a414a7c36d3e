/** The four tables of a device (MODBUS Application Protocol V1.1b3, 4.3), and the functions that read them (6.1 to 6.4). */
export const TABLES = ['coil', 'discrete', 'input', 'holding'] as const;
export type ModbusTable = (typeof TABLES)[number];

const FUNCTIONS: { readonly [table in ModbusTable]: number } = { coil: 1, discrete: 2, holding: 3, input: 4 };

/** Coils and discrete inputs are single bits, the others registers of 16. */
export const hasBits = (table: ModbusTable): boolean => table === 'coil' || table === 'discrete';

/** Registers, and bits, of one answer at most (6.1, 6.3). */
export const MOST_REGISTERS = 125;
export const MOST_BITS = 2_000;

export interface ReadRequest {
  readonly unit: number;
  readonly table: ModbusTable;
  /** From 0, as it travels. */
  readonly address: number;
  readonly count: number;
}

/** One message of the stream: MBAP header and PDU (MODBUS Messaging on TCP/IP V1.0b, 3.1.3). */
export interface Frame {
  readonly transaction: number;
  readonly unit: number;
  /** Function and what belongs to it. */
  readonly pdu: Buffer;
}

export type Answer =
  /** As many bytes as were asked for: two for each register, one for each eight bits begun. */
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'exception'; readonly code: number }
  /** It is of the right transaction, and is not the answer to what was asked. */
  | { readonly kind: 'malformed'; readonly detail: string; readonly bytes: Buffer };

/** Bytes that are no Modbus: from here on nothing of the stream can be told apart. */
export interface Garbage {
  readonly bytes: Buffer;
  readonly detail: string;
}

const HEADER = 7;
/** What the length of the header counts: the unit, and a PDU of 1 to 253 bytes. */
const LEAST_LENGTH = 2;
const MOST_LENGTH = 254;
const EXCEPTION = 0x80;

export const writeRequest = (transaction: number, { unit, table, address, count }: ReadRequest): Buffer => {
  const frame = Buffer.alloc(12);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(6, 4);
  frame.writeUInt8(unit, 6);
  frame.writeUInt8(FUNCTIONS[table], 7);
  frame.writeUInt16BE(address, 8);
  frame.writeUInt16BE(count, 10);
  return frame;
};

/** Bytes of a stream into frames. Of one that has not ended at most its 260 bytes are held. */
export class FrameSplitter {
  private rest: Buffer = Buffer.alloc(0);

  /** After garbage nothing more can be read of the stream. */
  push(chunk: Buffer): { readonly frames: readonly Frame[]; readonly garbage: Garbage | null } {
    const frames: Frame[] = [];
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.length >= HEADER) {
      const protocol = bytes.readUInt16BE(2);
      const length = bytes.readUInt16BE(4);
      const why =
        protocol !== 0
          ? `the protocol in its header is ${protocol}, and that of Modbus is 0`
          : length < LEAST_LENGTH || length > MOST_LENGTH
            ? `its header says ${length} bytes, and a message of Modbus has ${LEAST_LENGTH} to ${MOST_LENGTH}`
            : null;
      if (why !== null)
        return { frames, garbage: { bytes: Buffer.from(bytes), detail: `No message of Modbus: ${why}.` } };
      const end = HEADER - 1 + length;
      if (bytes.length < end) break;
      frames.push({
        transaction: bytes.readUInt16BE(0),
        unit: bytes.readUInt8(6),
        pdu: Buffer.from(bytes.subarray(HEADER, end)),
      });
      bytes = bytes.subarray(end);
    }
    this.rest = Buffer.from(bytes);
    return { frames, garbage: null };
  }
}

/** What a frame of the request's transaction says to it. */
export const readAnswer = (request: ReadRequest, { unit, pdu }: Frame): Answer => {
  const asked = FUNCTIONS[request.table];
  const said = pdu[0]!;
  const wrong = (detail: string): Answer => ({ kind: 'malformed', detail, bytes: pdu });
  if (unit !== request.unit) return wrong(`Unit ${unit} answers where unit ${request.unit} was asked.`);
  if (said === (asked | EXCEPTION)) {
    if (pdu.length !== 2 || pdu[1] === 0) return wrong(`An exception of ${pdu.length} bytes that names no code.`);
    return { kind: 'exception', code: pdu[1]! };
  }
  if (said !== asked) return wrong(`Function ${said} answers where function ${asked} was asked.`);
  const bytes = hasBits(request.table) ? Math.ceil(request.count / 8) : request.count * 2;
  if (pdu[1] !== bytes || pdu.length !== bytes + 2)
    return wrong(`${pdu.length - 2} bytes of data, announced as ${pdu[1] ?? 'none'}, where ${bytes} were asked for.`);
  return { kind: 'data', data: pdu.subarray(2) };
};

/** The names of the specification (7), for people. */
const EXCEPTIONS: { readonly [code: number]: string } = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
};

export const spokenException = (code: number): string =>
  `exception ${code}${EXCEPTIONS[code] === undefined ? '' : ` (${EXCEPTIONS[code]})`}`;
