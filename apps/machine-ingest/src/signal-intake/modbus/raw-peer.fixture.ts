import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A request as a device sees it. */
export interface HeardRequest {
  readonly transaction: number;
  readonly unit: number;
  readonly fn: number;
  readonly address: number;
  readonly count: number;
}

type Act = (request: HeardRequest, socket: Socket, nth: number) => void;

/** A peer that answers byte by byte as it is told, right or wrong. */
export class RawPeer {
  readonly heard: HeardRequest[] = [];
  readonly sockets: Socket[] = [];
  private constructor(private readonly server: Server) {}

  static async start(act: Act, port = 0): Promise<RawPeer> {
    const server = createServer();
    const peer = new RawPeer(server);
    server.on('connection', (socket) => {
      peer.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        for (let at = 0; at + 12 <= bytes.length; at += 12) {
          const request = {
            transaction: bytes.readUInt16BE(at),
            unit: bytes.readUInt8(at + 6),
            fn: bytes.readUInt8(at + 7),
            address: bytes.readUInt16BE(at + 8),
            count: bytes.readUInt16BE(at + 10),
          };
          peer.heard.push(request);
          act(request, socket, peer.heard.length);
        }
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}

/** The frame with which a device answers; `unit` and `fn` are those of the request unless told. */
export const frameOf = (
  request: HeardRequest,
  data: Buffer,
  { transaction = request.transaction, unit = request.unit, fn = request.fn } = {},
): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(data.length + 2, 4);
  head.writeUInt8(unit, 6);
  head.writeUInt8(fn, 7);
  return Buffer.concat([head, data]);
};

/** Registers, in the answer to a read of them. */
export const registers = (request: HeardRequest, values: readonly number[], more: object = {}): Buffer => {
  const data = Buffer.alloc(1 + values.length * 2);
  data.writeUInt8(values.length * 2, 0);
  for (const [n, value] of values.entries()) data.writeUInt16BE(value, 1 + n * 2);
  return frameOf(request, data, more);
};

export const exception = (request: HeardRequest, code: number): Buffer =>
  frameOf(request, Buffer.from([code]), { fn: request.fn | 0x80 });
