import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import { eventually, MtconnectAgent, randomFrom } from '@millrace/test-environment';
import { mutate } from '../../test-support/mutate';
import { streamsFixture } from '../../test-support/streams-fixture';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { AgentFault } from './agent-client';
import { DeviceModelReader } from './device-model';
import { mtconnectSourceKind } from './mtconnect.kind';
import { mtconnectSettings } from './mtconnect-settings';
import { MultipartReader, MultipartRefused } from './multipart-reader';
import { readPart } from './read-answer';
import { StreamsRefused } from './streams-document';
import { signalOf } from './streams-signals';
import { XmlRefused } from './xml-reader';

const MUTATIONS = 10_000;
/** Far above what the slowest takes on a busy machine, and far below what work takes that grows with the square of it. */
const LONG_MS = 5_000;

const probe = `<?xml version="1.0"?><m:MTConnectDevices xmlns:m="urn:mtconnect.org:MTConnectDevices:2.3">
<m:Header instanceId="1475083573" version="2.3.0.1" bufferSize="131072"/><m:Devices><m:Device id="d" name="SAW-1" uuid="u">
<m:DataItems><m:DataItem id="avail" type="AVAILABILITY" category="EVENT"/></m:DataItems><m:Components><m:Axes id="a"><m:DataItems>
<m:DataItem id="x" name="Xposition" category="SAMPLE" type="POSITION" subType="ACTUAL" units="MILLIMETER" nativeUnits="INCH"/>
<m:DataItem id="v" category="EVENT" type="VARIABLE" representation="DATA_SET"/></m:DataItems></m:Axes></m:Components>
</m:Device></m:Devices></m:MTConnectDevices>`;
const current = Buffer.from(streamsFixture());
const others = [
  Buffer.from(probe),
  Buffer.from('<MTConnectError><Errors><Error errorCode="OUT_OF_RANGE">too far</Error></Errors></MTConnectError>'),
  Buffer.from('<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><hr></body></html>'),
];
const framed = Buffer.concat(
  [1, 2].flatMap(() => [
    Buffer.from(`--b\r\nContent-type: text/xml\r\nContent-length: ${current.length}\r\n\r\n`),
    current,
    Buffer.from('\r\n'),
  ]),
);
const REFUSALS = [AgentFault, MultipartRefused, StreamsRefused, XmlRefused];

const model = (bytes: Buffer) => {
  const reader = new DeviceModelReader();
  const cut = Math.floor(bytes.length / 2);
  const utf8 = new TextDecoder();
  for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) reader.push(utf8.decode(part, { stream: true }));
  const { devices } = reader.end();
  return devices.map(({ name, items }) => [name, ...items.values()]);
};
const parts = (bytes: Buffer) => {
  const reader = new MultipartReader('b', 100_000);
  const cut = Math.floor(bytes.length / 2);
  return [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((chunk) =>
    reader.push(chunk).map((part) => readPart(part).answer),
  );
};
/** Each observation is a signal that the translation reads back. */
const streams = (bytes: Buffer) => {
  const { answer } = readPart(bytes);
  for (const { observations } of answer.devices)
    for (const observation of observations) {
      const place = { tenant: 't', machine: 'm', source: 's' };
      const signal = signalOf(observation, place, answer.header.instanceId, Date.parse('2026-02-17T13:00:00Z'));
      const { topic, key, value } = encodeSignal('signals', signal);
      const from = { topic, value, key: Buffer.from(key!), partition: 0, offset: 0n, timestamp: 0, headers: {} };
      if (decodeSignal(from).kind !== 'signal') throw new Error(`not storable: ${JSON.stringify(signal)}`);
    }
  return answer;
};

it.each<[string, Buffer, (bytes: Buffer) => unknown]>([
  ['current and sample', current, streams],
  ['probe', Buffer.from(probe), model],
  ['streams of parts', framed, parts],
])(
  'answers to %s that are broken in 10,000 ways are read or refused in words, and harm none between them',
  (_, whole, read) => {
    const random = randomFrom(17);
    const right = JSON.stringify(read(whole));
    const outcomes = { read: 0, refused: 0, harmed: 0, slowest: 0 };
    for (let n = 0; n < MUTATIONS; n++) {
      const bytes = mutate(whole, random, others);
      const before = process.threadCpuUsage();
      try {
        read(bytes);
        outcomes.read++;
      } catch (error) {
        if (!REFUSALS.some((kind) => error instanceof kind) || (error as Error).message === '') throw error;
        outcomes.refused++;
      }
      outcomes.slowest = Math.max(outcomes.slowest, process.threadCpuUsage(before).user / 1_000);
      if (n % 10 === 0 && JSON.stringify(read(whole)) !== right) outcomes.harmed++;
    }
    expect(outcomes.harmed).toBe(0);
    expect(outcomes.slowest).toBeLessThan(LONG_MS);
    expect(outcomes.read).toBeGreaterThan(200);
    expect(outcomes.refused).toBeGreaterThan(3_000);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);

it('has every value once and in order, with a mutated document after each', async () => {
  const random = randomFrom(4);
  const foreign = Buffer.from(streamsFixture());
  const device = { name: 'SAW-1', uuid: 'u', items: [{ id: 'n', category: 'EVENT', type: 'PART_COUNT' }] } as const;
  const agent = await MtconnectAgent.start({ devices: [device], instanceId: 42 });
  let bad = 0;
  let said = 0;
  // every other answer to `sample` is a mutated document of another agent
  const between = createServer((request, response) => {
    if (request.url!.includes('/sample') && bad <= said) {
      bad++;
      response.writeHead(200, { 'content-type': 'text/xml' }).end(mutate(foreign, random, others));
      return;
    }
    if (request.url!.includes('/sample')) agent.observe([{ device: 'SAW-1', item: 'n', value: String(++said) }]);
    fetch(`${agent.url}${request.url}`).then(
      async (answer) => void response.writeHead(answer.status).end(await answer.text()),
      () => response.destroy(),
    );
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const sink = new MemorySink();
  const settings = mtconnectSettings.parse({
    url: `http://127.0.0.1:${(between.address() as AddressInfo).port}`,
    devices: [{ device: 'SAW-1', machine: 'SAW-1' }],
    mode: 'poll',
    intervalMs: 10,
  });
  const atOnce = {
    ...mtconnectSourceKind,
    open: (...[given, context]: Parameters<typeof mtconnectSourceKind.open>) =>
      mtconnectSourceKind.open(given, { ...context, random: () => 0 }),
  };
  const source = openOn(atOnce, settings, sink, '');
  await eventually(() => said >= 200 && bad >= 200, '200 values and as many mutated documents', 20_000);
  await source.stop();
  between.closeAllConnections();
  between.close();
  await agent.stop();
  const values = sink.appended.filter(({ path, flags }) => path === 'n' && !flags.includes('snapshot'));
  expect(values.map(({ value }) => value)).toEqual(Array.from(values, (_, n) => String(n + 1)));
  expect(values.length).toBeGreaterThanOrEqual(199);
  expect(sink.refused.length).toBeGreaterThan(50);
  expect(new Set(sink.appended.map(({ path }) => path))).toEqual(new Set(['$lifecycle', 'n']));
});
