import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface AgentDevice {
  readonly name: string;
  readonly uuid: string;
  readonly items: readonly AgentItem[];
}

export interface AgentItem {
  readonly id: string;
  /** Items without a name are known by their id. */
  readonly name?: string;
  readonly category: 'SAMPLE' | 'EVENT' | 'CONDITION';
  /** `PART_COUNT`; its element is `PartCount`. */
  readonly type: string;
  readonly subType?: string;
  readonly units?: string;
  readonly nativeUnits?: string;
}

export interface AgentObservation {
  /** Name of the device. */
  readonly device: string;
  /** Id of the item. */
  readonly item: string;
  /** Text, null for UNAVAILABLE; of a condition its level with what the controller says of it. */
  readonly value: string | null | AgentCondition;
  /** Default: the agent's clock. */
  readonly timestamp?: string;
}

export interface AgentCondition {
  readonly level: string;
  readonly nativeCode?: string;
  readonly nativeSeverity?: string;
  readonly qualifier?: string;
  readonly text?: string;
}

/** What stands in place of the next document. `flood` is a part or body of 100 MB. */
export type AgentGarbage = 'html' | 'bad_gateway' | 'doctype' | 'mismatched' | 'truncated' | 'reset' | 'flood';

export interface MtconnectAgentOptions {
  readonly devices: readonly AgentDevice[];
  /** Observations that are kept; the oldest go. */
  readonly bufferSize?: number;
  readonly instanceId?: number;
  /** `1.3`, `2.3`: the namespace of its documents. */
  readonly version?: string;
  /** When its model changed last, as its headers tell it; agents before 2.0 do not. */
  readonly modelTime?: string;
  /** Bytes of the next piece that is written to a socket; default all at once. */
  readonly pieces?: () => number;
  readonly port?: number;
}

interface Stored {
  readonly sequence: number;
  readonly device: string;
  readonly item: AgentItem;
  readonly value: string | AgentCondition;
  readonly timestamp: string;
}

interface Stream {
  readonly response: ServerResponse;
  readonly device: string | null;
  readonly count: number;
  readonly interval: number;
  readonly heartbeat: number;
  next: number;
  lastWrite: number;
  timer: NodeJS.Timeout | null;
}

const BOUNDARY = 'a1b2c3d4e5f6';
const FLOOD_BYTES = 100 * 1024 * 1024;

/**
 * An MTConnect agent on 127.0.0.1 that says what it is told: `probe`, `current` and `sample`, the last by request or as a
 * stream with a heartbeat, out of a buffer with sequences. It can restart, lose its connections, freeze, and answer garbage.
 */
export class MtconnectAgent {
  /** Paths with queries, as they were asked. */
  readonly requests: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly streams = new Set<Stream>();
  private waiting: Array<() => void> = [];
  private frozen = false;
  private garbage: AgentGarbage | null = null;
  private stepBack = 0;
  private buffer: Stored[] = [];
  private latest = new Map<string, Stored[]>();
  private sequence = 1;
  private devices: readonly AgentDevice[];
  private instanceId: number;
  private modelTime: string | undefined;
  private items = new Map<string, AgentItem>();

  private constructor(
    private readonly server: Server,
    private readonly options: MtconnectAgentOptions,
  ) {
    this.devices = options.devices;
    this.instanceId = options.instanceId ?? 1_475_083_573;
    this.modelTime = options.modelTime;
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request, response) => this.receive(request, response));
    this.begin();
  }

  static async start(options: MtconnectAgentOptions): Promise<MtconnectAgent> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const agent = new MtconnectAgent(server, options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return agent;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sequence of the next observation. */
  get nextSequence(): number {
    return this.sequence;
  }

  get firstSequence(): number {
    return this.buffer[0]?.sequence ?? this.sequence;
  }

  /** Adds observations to the buffer, in this order; an item that the model does not have throws. */
  observe(observations: readonly AgentObservation[]): void {
    for (const one of observations) this.store(one);
    for (const stream of this.streams) this.schedule(stream);
  }

  /** A new life: another instance, an empty buffer, every item unavailable. Connections break unless `quietly`. */
  restart(options: { instanceId?: number; devices?: readonly AgentDevice[]; quietly?: boolean } = {}): void {
    this.instanceId = options.instanceId ?? this.instanceId + 1;
    this.devices = options.devices ?? this.devices;
    this.begin();
    if (options.quietly !== true) this.drop();
  }

  /** Other items in the same life, as agents from 2.0 on can have it. */
  changeModel(devices: readonly AgentDevice[], modelTime: string): void {
    this.devices = devices;
    this.modelTime = modelTime;
    this.items = itemsOf(devices);
    for (const place of this.latest.keys()) if (!this.items.has(place)) this.latest.delete(place);
  }

  /** Breaks all connections, in the middle of whatever they carry. */
  drop(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Holds all connections and says nothing more, not even a heartbeat, until `thaw`. */
  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    for (const go of this.waiting.splice(0)) go();
    for (const stream of this.streams) this.schedule(stream);
  }

  /** The next document is this instead. */
  answerGarbage(kind: AgentGarbage): void {
    this.garbage = kind;
    for (const stream of this.streams) this.write(stream);
  }

  /** The next document begins so many observations earlier than it was asked for. */
  repeat(observations: number): void {
    this.stepBack = observations;
    for (const stream of this.streams) this.write(stream);
  }

  async stop(): Promise<void> {
    for (const stream of this.streams) if (stream.timer !== null) clearTimeout(stream.timer);
    this.streams.clear();
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private begin(): void {
    this.buffer = [];
    this.latest = new Map();
    this.sequence = 1;
    this.items = itemsOf(this.devices);
    for (const { name, items } of this.devices)
      for (const item of items) this.store({ device: name, item: item.id, value: null });
  }

  private store({ device, item: id, value, timestamp }: AgentObservation): void {
    const item = this.items.get(`${device}\n${id}`);
    if (item === undefined) throw new Error(`The agent has no item ${id} of ${device}.`);
    const stored: Stored = {
      sequence: this.sequence++,
      device,
      item,
      value: value ?? (item.category === 'CONDITION' ? { level: 'Unavailable' } : 'UNAVAILABLE'),
      timestamp: timestamp ?? new Date().toISOString(),
    };
    this.buffer.push(stored);
    if (this.buffer.length > (this.options.bufferSize ?? 131_072)) this.buffer.shift();
    this.latest.set(`${device}\n${id}`, this.active(stored));
  }

  /** Of a condition, all that are active at once count as its present. */
  private active(stored: Stored): Stored[] {
    if (typeof stored.value === 'string') return [stored];
    const { level, nativeCode } = stored.value;
    if (/^(normal|unavailable)$/i.test(level)) return [stored];
    const before = this.latest.get(`${stored.device}\n${stored.item.id}`) ?? [];
    const others = before.filter(
      ({ value }) =>
        typeof value !== 'string' && /^(warning|fault)$/i.test(value.level) && value.nativeCode !== nativeCode,
    );
    return [...others, stored];
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.url ?? '/';
    this.requests.push(asked);
    const go = () => this.answer(new URL(asked, this.url), response);
    if (this.frozen) this.waiting.push(go);
    else go();
  }

  private answer(url: URL, response: ServerResponse): void {
    const steps = url.pathname
      .split('/')
      .filter((step) => step !== '')
      .map(decodeURIComponent);
    const what = steps.pop();
    const device = steps.pop() ?? null;
    const known =
      device === null ? undefined : this.devices.find(({ name, uuid }) => name === device || uuid === device);
    const name = known?.name ?? null;
    if (device !== null && known === undefined)
      this.send(response, this.error('NO_DEVICE', `Could not find the device '${device}'`), 404);
    else if (what === 'probe') this.send(response, this.probe(name));
    else if (what === 'current') {
      const shown = [...this.latest.values()].flat().filter((one) => name === null || one.device === name);
      this.send(response, this.streamsDocument(shown, this.sequence));
    } else if (what === 'sample') this.sample(url.searchParams, name, response);
    else this.send(response, this.error('UNSUPPORTED', `Not known: ${url.pathname}`), 404);
  }

  private sample(query: URLSearchParams, device: string | null, response: ServerResponse): void {
    const from = Number(query.get('from') ?? this.firstSequence);
    const count = Number(query.get('count') ?? 100);
    const range = this.rangeError(from);
    if (range !== null || query.get('interval') === null) {
      this.send(response, range ?? this.samples(device, from, count).document, range === null ? 200 : 404);
      return;
    }
    response.writeHead(200, { 'content-type': `multipart/x-mixed-replace;boundary=${BOUNDARY}` });
    response.flushHeaders();
    const stream: Stream = {
      response,
      device,
      count,
      interval: Number(query.get('interval')),
      heartbeat: Number(query.get('heartbeat') ?? 10_000),
      next: from,
      lastWrite: Date.now(),
      timer: null,
    };
    this.streams.add(stream);
    response.once('close', () => {
      this.streams.delete(stream);
      if (stream.timer !== null) clearTimeout(stream.timer);
    });
    this.schedule(stream);
  }

  private rangeError(from: number): string | null {
    if (from >= this.firstSequence && from <= this.sequence) return null;
    const bound =
      from < this.firstSequence ? `greater than ${this.firstSequence - 1}` : `less than ${this.sequence + 1}`;
    return this.error('OUT_OF_RANGE', `'from' must be ${bound}`);
  }

  private samples(device: string | null, from: number, count: number): { document: string; next: number } {
    const begin = Math.max(this.firstSequence, from - this.stepBack);
    this.stepBack = 0;
    const at = begin - this.firstSequence;
    const taken: Stored[] = [];
    let next = begin;
    for (let n = at; n < this.buffer.length && taken.length < count; n++) {
      const one = this.buffer[n]!;
      next = one.sequence + 1;
      if (device === null || one.device === device) taken.push(one);
    }
    return { document: this.streamsDocument(taken, next), next };
  }

  /** Writes at once when there is something, at the heartbeat when there is not. */
  private schedule(stream: Stream): void {
    if (stream.timer !== null) clearTimeout(stream.timer);
    const wait = this.sequence > stream.next ? stream.interval : stream.heartbeat;
    stream.timer = setTimeout(() => this.write(stream), Math.max(0, stream.lastWrite + wait - Date.now()));
  }

  private write(stream: Stream): void {
    if (this.frozen) return;
    stream.lastWrite = Date.now();
    const range = this.rangeError(stream.next);
    if (range !== null) {
      this.part(stream, range);
      stream.response.end(`--${BOUNDARY}--\r\n`);
      return;
    }
    const { document, next } = this.samples(stream.device, stream.next, stream.count);
    const garbage = this.takeGarbage();
    if (garbage === null) stream.next = next;
    if (garbage === 'reset') {
      this.streams.delete(stream);
      this.put(stream.response, this.framed(document).subarray(0, 300));
      setTimeout(() => stream.response.socket?.resetAndDestroy(), 20);
      return;
    }
    this.part(stream, garbage === null ? document : spoiled(document, garbage));
    this.schedule(stream);
  }

  private part(stream: Stream, document: string | Buffer): void {
    this.put(stream.response, this.framed(document));
  }

  private framed(document: string | Buffer): Buffer {
    const body = Buffer.from(document);
    const head = `--${BOUNDARY}\r\nContent-type: text/xml\r\nContent-length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
  }

  private send(response: ServerResponse, document: string, status = 200): void {
    const garbage = this.takeGarbage();
    if (garbage === 'reset') {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(document) });
      response.write(document.slice(0, document.length / 2));
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
      return;
    }
    const body = garbage === null ? Buffer.from(document) : Buffer.from(spoiled(document, garbage));
    response.writeHead(garbage === 'bad_gateway' ? 502 : status, {
      'content-type': garbage === 'html' || garbage === 'bad_gateway' ? 'text/html' : 'text/xml',
      'content-length': body.length,
    });
    this.put(response, body);
    response.end();
  }

  private put(response: ServerResponse, bytes: Buffer): void {
    if (this.options.pieces === undefined) {
      response.write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + Math.max(1, this.options.pieces()));
      response.write(piece);
      at += piece.length;
    }
  }

  private takeGarbage(): AgentGarbage | null {
    const { garbage } = this;
    this.garbage = null;
    return garbage;
  }

  private documentOf(kind: string, header: string, body: string): string {
    const version = this.options.version ?? '1.3';
    return `<?xml version="1.0" encoding="UTF-8"?>
<MTConnect${kind} xmlns="urn:mtconnect.org:MTConnect${kind}:${version}"><Header creationTime="${new Date().toISOString()}" sender="emulator" instanceId="${this.instanceId}" version="${version}.0.0"${attributes({ deviceModelChangeTime: this.modelTime })} bufferSize="${this.options.bufferSize ?? 131_072}"${header}/>${body}</MTConnect${kind}>\n`;
  }

  private error(code: string, text: string): string {
    return this.documentOf('Error', '', `<Errors><Error errorCode="${code}">${escaped(text)}</Error></Errors>`);
  }

  private probe(only: string | null): string {
    const devices = this.devices
      .filter(({ name }) => only === null || name === only)
      .map(({ name, uuid, items }) => {
        const all = items.map((item) => `<DataItem${attributes({ ...item })}/>`).join('');
        return `<Device${attributes({ id: name, name, uuid })}><DataItems>${all}</DataItems></Device>`;
      });
    return this.documentOf('Devices', '', `<Devices>${devices.join('')}</Devices>`);
  }

  /** Grouped by category and item, as agents write it: only the sequence tells the order. */
  private streamsDocument(observations: readonly Stored[], nextSequence: number): string {
    const header = ` firstSequence="${this.firstSequence}" lastSequence="${this.sequence - 1}" nextSequence="${nextSequence}"`;
    const devices = this.devices.flatMap(({ name, uuid }) => {
      const own = observations.filter(({ device }) => device === name);
      if (own.length === 0) return [];
      const byItem = [...own].sort((a, b) => (a.item.id < b.item.id ? -1 : a.item.id > b.item.id ? 1 : 0));
      const group = (element: string, category: AgentItem['category']) => {
        const rows = byItem.filter(({ item }) => item.category === category).map(observationElement);
        return rows.length === 0 ? '' : `<${element}>${rows.join('')}</${element}>`;
      };
      const groups = group('Samples', 'SAMPLE') + group('Events', 'EVENT') + group('Condition', 'CONDITION');
      return [
        `<DeviceStream${attributes({ name, uuid })}><ComponentStream component="Device"${attributes({ name, componentId: name })}>${groups}</ComponentStream></DeviceStream>`,
      ];
    });
    return this.documentOf('Streams', header, `<Streams>${devices.join('')}</Streams>`);
  }
}

const itemsOf = (devices: readonly AgentDevice[]): Map<string, AgentItem> =>
  new Map(devices.flatMap(({ name, items }) => items.map((item) => [`${name}\n${item.id}`, item] as const)));

const observationElement = ({ sequence, item, value, timestamp }: Stored): string => {
  const place = { dataItemId: item.id, timestamp, name: item.name, sequence: String(sequence), subType: item.subType };
  if (typeof value === 'string') {
    const element = item.type
      .replace(/^.*:/, '')
      .toLowerCase()
      .replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    return `<${element}${attributes(place)}>${escaped(value)}</${element}>`;
  }
  const level = value.level.charAt(0).toUpperCase() + value.level.slice(1).toLowerCase();
  const { nativeCode, nativeSeverity, qualifier, text } = value;
  return `<${level}${attributes({ ...place, type: item.type, nativeCode, nativeSeverity, qualifier })}>${escaped(text ?? '')}</${level}>`;
};

const attributes = (named: { readonly [name: string]: string | undefined }): string =>
  Object.entries(named)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => ` ${name}="${escaped(value!)}"`)
    .join('');

const escaped = (text: string): string => text.replace(/[&<>"\t\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);

const spoiled = (document: string, garbage: AgentGarbage): string | Buffer => {
  switch (garbage) {
    case 'html':
      return '<!DOCTYPE html><html><body>It works!</body></html>';
    case 'bad_gateway':
      return '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
    case 'doctype': {
      const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join('');
      return document.replace('?>', `?><!DOCTYPE b [<!ENTITY e0 "x">${entities}]>`);
    }
    case 'mismatched':
      return document.replace('</Streams>', '</Stream>').replace('</Devices>', '</Device>');
    case 'flood':
      return Buffer.alloc(FLOOD_BYTES, 0x20);
    default:
      return document.slice(0, document.length - 30);
  }
};
