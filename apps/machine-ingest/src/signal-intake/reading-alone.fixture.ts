import { subscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { readStructuredEvent } from '@millrace/domain';
import { compileSchema } from '@millrace/event-schema';
import { RecordingTooLarge, readMapping, readRecording } from '@millrace/machine-mapping';
import { builtInEventType } from '@millrace/protocol';
import { decodePayload, encodePayload, readValue } from '@millrace/sparkplug';
import { randomFrom } from '../../../../libs/test-environment/src/random-from';
import { mutate } from '../test-support/mutate';
import { streamsFixture } from '../test-support/streams-fixture';
import { FileRefused } from './files/file-row';
import { filesSettings } from './files/files-settings';
import { readerOf } from './files/read-file-rows';
import { readBundleMessage } from './http/push/bundle-message';
import { readJsonMessage } from './http/push/json-message';
import { readMesMessage } from './http/push/mes-message';
import { readSignalRequest } from './http/read-signal-request';
import { mqttSettings } from './mqtt/mqtt-settings';
import { readTopicMessage } from './mqtt/read-topic-message';
import { AgentFault } from './mtconnect/agent-client';
import { DeviceModelReader } from './mtconnect/device-model';
import { MultipartReader, MultipartRefused } from './mtconnect/multipart-reader';
import { readPart } from './mtconnect/read-answer';
import { StreamsRefused } from './mtconnect/streams-document';
import { XmlRefused } from './mtconnect/xml-reader';
import { LineSplitter } from './shdr/line-splitter';
import { readShdrLine, startShdrReading } from './shdr/shdr-reading';

/**
 * A process that may read no file but this program, write none, and start nothing: it reads what comes from outside by every
 * reader there is, and tells what they reached for. `node --permission reading-alone.js <port> <file> <mutations>`; the port
 * and the file are what the documents lead to.
 */
export interface ReadAlone {
  /** Documents that were read, and that were refused, by reader. */
  readonly readers: { readonly [name: string]: { read: number; refused: number } };
  /** What was opened, called or asked for. */
  readonly reached: readonly string[];
  /** Errors that are no refusals. */
  readonly thrown: readonly string[];
  /** Names that a document left behind where every object has them. */
  readonly polluted: readonly string[];
  /** What took longest, ms of the processor, and how that document begins. */
  readonly slowest: { readonly reader: string; readonly ms: number; readonly document: string };
}

interface Reader {
  readonly name: string;
  /** Rejects with one of REFUSALS, or resolves false, for what is refused. */
  readonly read: (bytes: Buffer) => Promise<boolean> | boolean;
  readonly right: readonly string[] | readonly Buffer[];
}

const REFUSALS = [FileRefused, AgentFault, MultipartRefused, StreamsRefused, XmlRefused, RecordingTooLarge];
const now = Date.parse('2026-02-17T13:00:00Z');
const place = { tenant: 'acme', source: 'drop', session: 's', clock: () => now };
const context = { tenant: 'acme', source: 'peer', receivedAt: now };

async function* pieces(content: Buffer): AsyncGenerator<Buffer> {
  const size = content.length < LARGE ? 64 : 64 * 1024;
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
const files = (name: string, settings: object, ...right: string[]): Reader => {
  const read = readerOf(filesSettings.parse({ folder: '/srv/drop', machine: 'm', ...settings }));
  return {
    name: `files of ${name}`,
    right,
    read: async (bytes) => {
      let signals = 0;
      for await (const row of read(pieces(bytes), place)) if (row.kind === 'signals') signals++;
      return signals > 0;
    },
  };
};

const topics = mqttSettings.parse({
  url: 'mqtt://broker:1883',
  topics: [{ filter: 'plant/+/+', machine: '{2}', timestamp: 't' }],
}).topics;
const bundle = builtInEventType('bundle.completed')!;
const check = compileSchema(bundle.schema);
const signals = { tenant: 'acme', receivedAt: now, repeatable: null, source: 'http', machine: 'm' };
const session = { tenant: 'acme', machine: 'm', source: 's', session: 's', proto: 'mtc' } as const;
const mapping = `apiVersion: ingest/v1
machine: { id: rf-01, timeZone: America/Chicago }
sources: { line: { type: sparkplug } }
signals:
  state: { source: line, metric: Line/State, type: string }
  good: { source: line, metric: Length/Good, type: double, unit: "[in_i]" }
rules:
- { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle } }
- { id: long, kind: expr, value: "good * 2.0 > 7.0", emit: machine.long }
`;
const mappingInJson = JSON.stringify({
  apiVersion: 'ingest/v1',
  machine: { id: 'rf-01', timeZone: 'America/Chicago' },
  sources: { line: { type: 'sparkplug' } },
  signals: { state: { source: 'line', metric: 'Line/State', type: 'string' } },
  rules: [{ id: 'status', kind: 'stateMap', input: 'state', map: { RUN: 'running' } }],
});
const mapped = readMapping(mapping);
const machines = mapped.kind === 'mapping' ? mapped.machines : [];
const b2mml =
  '<SyncMaterialInformation xmlns="http://www.wbf.org/xml/B2MML-V0401"><DataArea><Sync/><MaterialInformation><MaterialLot><ID>7</ID></MaterialLot></MaterialInformation></DataArea></SyncMaterialInformation>';
const probe =
  '<MTConnectDevices><Header instanceId="1"/><Devices><Device name="a" uuid="u"><DataItems><DataItem id="x" category="EVENT" type="T"/></DataItems></Device></Devices></MTConnectDevices>';
const part = `--b\r\nContent-type: text/xml\r\nContent-length: ${Buffer.byteLength(streamsFixture())}\r\n\r\n${streamsFixture()}\r\n`;

const READERS: readonly Reader[] = [
  files('CSV', { format: 'csv', columns: [{ column: 'n', path: 'n', type: 'double' }] }, 'n,m\n1,x\n2.5,"a ""b"""\n'),
  files('B2MML', { format: 'b2mml' }, b2mml),
  files('JSON', { format: 'json' }, '[{"a":{"b":[1,"x"]}}]'),
  files('NDJSON', { format: 'ndjson' }, '{"path":"n","value":1}\n{"path":"o","value":{"a":1}}\n'),
  {
    name: 'bundles',
    right: [JSON.stringify(bundle.example)],
    read: (bytes) =>
      readBundleMessage(bytes, { machine: 'm', machines: {}, timeZone: 'America/Chicago' }, context, check).kind ===
      'signals',
  },
  {
    name: 'messages of the MES',
    right: [JSON.stringify({ id: 'e', type: 'operation.started', timestamp: '2026-02-17T12:30:00Z', data: { a: 1 } })],
    read: (bytes) => readMesMessage(bytes, { machine: 'm', maxAgeDays: 30 }, context).kind === 'signals',
  },
  {
    name: 'documents',
    right: ['{"m":"press-1","a":{"b":[1,2.5,"x",null,true]}}'],
    read: (bytes) =>
      readJsonMessage(
        bytes,
        { machine: 'm', machineMember: 'm', timestampMember: null },
        { ...context, repeatable: null },
      ).kind === 'signals',
  },
  ...(['application/json', 'application/x-ndjson'] as const).map(
    (contentType): Reader => ({
      name: `signals as ${contentType}`,
      right: ['{"path":"n","value":1}', '{"path":"c","kind":"condition","value":{"level":"FAULT","text":"hot"}}'],
      read: (body) => readSignalRequest({ body, contentType }, signals).kind === 'signals',
    }),
  ),
  {
    name: 'topics',
    right: ['{"temp":61.5,"t":1767592800123}', '21.5', '"RUN"'],
    read: (payload) => readTopicMessage({ topic: 'plant/m/x', payload }, topics).kind === 'values',
  },
  {
    name: 'streams documents',
    right: [streamsFixture()],
    read: (bytes) => readPart(bytes).answer.devices.length > 0,
  },
  {
    name: 'device models',
    right: [probe],
    read: (bytes) => {
      const reader = new DeviceModelReader();
      reader.push(bytes.toString('utf8'));
      return reader.end().devices.length > 0;
    },
  },
  {
    name: 'parts of a stream',
    right: [part],
    read: (bytes) => new MultipartReader('b', 100_000).push(bytes).filter((one) => readPart(one)).length > 0,
  },
  {
    name: 'lines of an adapter',
    right: [
      '2026-02-17T13:00:00Z|execution|ACTIVE|load|12.5\n2026-02-17T13:00:00Z|logic|Warning|81|2|HIGH|79 PRELUBE\n',
    ],
    read: (bytes) => {
      const splitter = new LineSplitter();
      const lines = [...splitter.push(bytes), ...splitter.end()];
      return lines.some(
        (line) => line.kind === 'line' && readShdrLine(startShdrReading, session, line.text, now).signals.length > 0,
      );
    },
  },
  {
    name: 'Sparkplug payloads',
    right: [encodePayload({ timestamp: 1, seq: 1, metrics: [{ name: 'a', type: 'String', value: 'RUN' }] })],
    read: (bytes) => {
      const read = decodePayload(bytes);
      if (read.kind !== 'payload') return false;
      for (const { value, datatype } of read.payload.metrics) if (value !== null) readValue(value, datatype);
      return true;
    },
  },
  {
    name: 'events',
    right: ['{"specversion":"1.0","id":"e","source":"/a","type":"a.b","data":{"a":1}}'],
    read: (bytes) =>
      readStructuredEvent(bytes.toString('utf8'), {
        tenant: 'acme',
        fixedTenant: true,
        acceptedAt: '2026-02-17T13:00:00Z',
        fallbackId: 'f',
      }).kind === 'event',
  },
  ...(['yaml', 'json'] as const).map(
    (format): Reader => ({
      name: `mappings in ${format}`,
      right: format === 'yaml' ? [mapping] : [mappingInJson],
      read: (bytes) => readMapping(bytes.toString('utf8'), { format }).kind === 'mapping',
    }),
  ),
  {
    name: 'recordings',
    right: ['{"machine":"rf-01","path":"Line/State","value":"RUN"}\n'],
    read: (bytes) => readRecording(bytes.toString('utf8'), { tenant: 'acme', machines }).signals.length > 0,
  },
];

/** Documents that lead elsewhere, in the words of each format. */
const leading = (to: string): string[] => [
  ...[`<!DOCTYPE a SYSTEM "${to}"><a/>`, `<!DOCTYPE a PUBLIC "-//X//EN" "${to}"><a xmlns="B2MML"/>`],
  `<!DOCTYPE a [<!ENTITY x SYSTEM "${to}">]><a xmlns="B2MML">&x;</a>`,
  `<!DOCTYPE a [<!ENTITY % p SYSTEM "${to}"> %p;]><MTConnectStreams/>`,
  `<?xml-stylesheet type="text/xsl" href="${to}"?>${streamsFixture()}`,
  `<?xml-model href="${to}"?>${probe}`,
  b2mml.replace('<DataArea>', `<DataArea xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="${to}"/>`),
  b2mml.replace(
    'xmlns=',
    `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="B2MML ${to}" xmlns=`,
  ),
  probe.replace('<Header', `<Header xml:base="${to}" xsi:noNamespaceSchemaLocation="${to}"`),
  streamsFixture().replace('ACTIVE', to),
  `{"$ref":"${to}","$schema":"${to}","@context":"${to}","path":"n","value":{"$ref":"${to}"}}`,
  `{"BundleCode":"1","Complete":true,"$ref":"${to}#/x","FinalMachineNumber":1}`,
  `{"id":"e","type":"a.b","timestamp":"2026-02-17T12:30:00Z","data":{"$ref":"${to}","href":"${to}"}}`,
  `{"specversion":"1.0","id":"e","source":"${to}","type":"a.b","dataschema":"${to}","data":{"$ref":"${to}"}}`,
  `n,m\n=WEBSERVICE("${to}"),"=HYPERLINK(""${to}"")"\n1,${to}\n`,
  `2026-02-17T13:00:00Z|execution|${to}|@ASSET@|${to}`,
  `a: !include ${to}\nb: !!js/function 'function () { require("fs").readFileSync("${to}") }'`,
  mapping.replace('type: sparkplug', `type: !url "${to}"`),
  mapping.replace('Line/State', `"${to}"`),
  mapping.replace('good * 2.0', `open('${to}') + fetch('${to}')`),
  `%TAG ! ${to}\n---\n!x a: 1`,
  `{"apiVersion":"ingest/v1","$schema":"${to}","$ref":"${to}"}`,
];
const BOMBS = [
  `<!DOCTYPE a [<!ENTITY a "${'a'.repeat(50)}">${'bcdefgh'.replace(/./g, (name) => `<!ENTITY ${name} "${`&${String.fromCharCode(name.charCodeAt(0) - 1)};`.repeat(20)}">`)}]><a>&h;</a>`,
  `a: &a [x,x]\n${'bcdefgh'.replace(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"path":"n","value":{"__proto__":{"polluted":1}}}',
  '['.repeat(100_000),
  '{"a":'.repeat(100_000),
  '<a>'.repeat(100_000),
];

/** What is cheap to write and may be dear to read: work that grows with the square of it takes a minute. */
const LARGE = 60_000;
const filled = (before: string, with_: string, after = '') =>
  before + with_.repeat(Math.ceil(LARGE / with_.length)) + after;
const GIANTS = [
  ...[' ', '\n', '\r\n', '\t', ',', '"', '""', "'", '|', '\\|', '\\', '<', '>', '&', '&lt;', '-', '9', '1 ', '[', ']'],
  ...[
    '{',
    '}',
    '#',
    ': ',
    '- ',
    '\u2028',
    '\u0000',
    '=',
    ';',
    '<a>',
    '<a/>',
    '--b\r\n',
    '{}\n',
    'a: b\n',
    '*\n',
    '@',
    '0.',
  ],
].map((part) => filled('', part));
const LONG = [
  filled('* A', ' ', 'x\u2028y'),
  filled('*', ' ', 'x'),
  filled('2026-02-17T13:00:00Z|a|', ' ', 'x'),
  filled('2026-02-17T13:00:00Z|', 'a|', ''),
  filled('2026-02-17T13:00:00Z|a|9|1|', '1 ', 'x'),
  filled('2026-02-17T13:00:00Z|a|"', '\\|', ''),
  filled('2026-02-17T13:00:00Z', '|"', ''),
  filled('2026-02-17T13:00:00.', '1', '|a|b'),
  filled('{"path":"n","value":"', ' ', 'x"}'),
  filled('{"path":"n","timestamp":"2026-02-17T13:00:00.', '1', 'Z","value":1}'),
  filled('{"path":"n","value":', '9', '}'),
  filled('{"path":"n","value":{', '"a":1,', '"b":1}}'),
  filled('{"path":"n","value":0.', '0', '1}'),
  filled('[{"path":"n","value":1}', ',{"path":"n","value":1}', ']'),
  filled('{"a":[1', ',1', ']}'),
  filled('{"t":"', '\\u0020', '"}'),
  filled('n,m\n"', '""', '"\n'),
  filled('n,m\n', '1,2\n'),
  filled('n', ',n'),
  filled('--b\r\nContent-length:', ' ', 'x\r\n\r\n'),
  filled('--b\r\n', 'content-length\t', '\r\n\r\n'),
  filled('--b\r\n\r\n', '-', '\r\n--b'),
  filled('<a ', 'b="c" ', '/>'),
  filled('<a b="', ' ', '"/>'),
  filled('<a>', '<!-- -->', '</a>'),
  filled('<a>', ' ', '</a>'),
  filled('<MTConnectStreams>', '<Header instanceId="1"/>', '</MTConnectStreams>'),
  filled('<a xmlns="B2MML">', '<b>1</b>', '</a>'),
  filled('<a xmlns="B2MML"><b>', 'x<c/>', '</b></a>'),
  filled(`${streamsFixture().split('<m:Events>')[0]!}<m:Events>`, '<m:X dataItemId="a" sequence="1" timestamp="x"/>'),
];

const reached: string[] = [];
const note = (what: string) => {
  if (reached.length < 50) reached.push(what.slice(0, 300));
};

/** From here on, whatever is opened, called or asked for is noted; what the permissions refuse is noted by Node itself. */
const watch = (): void => {
  for (const kind of ['fs', 'child', 'worker', 'inspector', 'addon', 'wasi'])
    subscribe(`node:permission-model:${kind}`, (message) => {
      note(`${kind} ${String((message as { resource?: string }).resource)}`);
    });
  const refuse = (what: string) =>
    function refused(...args: readonly unknown[]): never {
      note(`${what} ${JSON.stringify(args[0]) ?? ''}`);
      throw new Error(`${what} was called`);
    };
  net.Socket.prototype.connect = refuse('net.connect') as never;
  for (const module of [dns, dns.promises, http, https] as unknown as Array<{ [name: string]: unknown }>)
    for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse', 'request', 'get'])
      if (typeof module[name] === 'function') module[name] = refuse(name);
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'eval'])
    (globalThis as { [name: string]: unknown })[name] = refuse(name);
};

const main = async (port: string, file: string, mutations: number): Promise<ReadAlone> => {
  const thrown: string[] = [];
  const readers: { [name: string]: { read: number; refused: number } } = {};
  let slowest = { reader: '', ms: 0, document: '' };
  const reading = async ({ name, read }: Reader, bytes: Buffer): Promise<void> => {
    readers[name] ??= { read: 0, refused: 0 };
    const began = process.cpuUsage();
    try {
      readers[name][(await read(bytes)) ? 'read' : 'refused']++;
    } catch (error) {
      readers[name].refused++;
      if (!REFUSALS.some((kind) => error instanceof kind) && thrown.length < 20)
        thrown.push(`${name}: ${(error as Error).stack?.slice(0, 500)}`);
    }
    const ms = Math.round(process.cpuUsage(began).user / 1_000);
    if (ms > slowest.ms) slowest = { reader: name, ms, document: bytes.toString('utf8', 0, 60) };
  };
  // what a reader prepares for itself it prepares with the first right document
  for (const reader of READERS) for (const right of reader.right) await reading(reader, Buffer.from(right));
  watch();
  const random = randomFrom(5);
  const everywhere = [`http://127.0.0.1:${port}/x`, `file://${file}`, file].flatMap(leading);
  const hostile = [...everywhere, ...BOMBS].map((text) => Buffer.from(text));
  for (const reader of READERS) {
    for (const bytes of hostile) await reading(reader, bytes);
    const right = reader.right.map((one) => Buffer.from(one));
    for (let n = 0; n < mutations; n++)
      await reading(
        reader,
        mutate(n % 3 === 0 ? hostile[n % hostile.length]! : right[n % right.length]!, random, hostile),
      );
  }
  const giants = [...GIANTS, ...LONG].map((text) => Buffer.from(text));
  for (const reader of READERS) for (const bytes of giants) await reading(reader, bytes);
  return { readers, reached, thrown, polluted: Object.keys(Object.prototype), slowest };
};

/** What a reader that follows a document would do, to see that it would be noticed. */
const follow = async (port: string, file: string): Promise<ReadAlone> => {
  watch();
  const { readFile } = await import('node:fs/promises');
  await readFile(file).catch(() => undefined);
  await Promise.resolve()
    .then(() => fetch(`http://127.0.0.1:${port}/x`))
    .catch(() => undefined);
  await Promise.resolve()
    .then(() => net.connect(Number(port)))
    .catch(() => undefined);
  return { readers: {}, reached, thrown: [], polluted: [], slowest: { reader: '', ms: 0, document: '' } };
};

const [port = '', file = '', mutations = ''] = process.argv.slice(2);
void (mutations === 'follow' ? follow(port, file) : main(port, file, Number(mutations))).then((said) => {
  process.stdout.write(JSON.stringify(said));
});
