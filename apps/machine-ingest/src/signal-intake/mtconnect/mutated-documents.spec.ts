import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, MtconnectAgent, randomFrom } from '@millrace/test-environment';
import { streamsFixture } from '../../test-support/streams-fixture';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { AgentFault } from './agent-client';
import { DeviceModelReader } from './device-model';
import { mtconnectSourceKind } from './mtconnect.kind';
import { mtconnectSettings } from './mtconnect-settings';
import { MultipartReader, MultipartRefused } from './multipart-reader';
import { readPart } from './read-answer';
import { StreamsRefused } from './streams-document';
import { XmlRefused } from './xml-reader';

const JUNK = [
  '<',
  '>',
  '"',
  '&',
  '</',
  '<!',
  '<!DOCTYPE a [',
  ']]>',
  '<![CDATA[',
  '&#0;',
  '&x;',
  '\0',
  '=',
  '--b',
  '\r\n',
].map((text) => Buffer.from(text));

/** The bytes with one to four places cut out, doubled, flipped or filled with what hurts parsers. */
const mutated = (bytes: Buffer, random: () => number): Buffer => {
  let text = bytes;
  for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) {
    const at = Math.floor(random() * text.length);
    const cut = Math.floor(random() ** 4 * 200);
    const roll = random();
    const put =
      roll < 0.3
        ? Buffer.alloc(0)
        : roll < 0.5
          ? text.subarray(at, at + 2 * cut)
          : roll < 0.7
            ? Buffer.from([Math.floor(random() * 256)])
            : JUNK[Math.floor(random() * JUNK.length)]!;
    text = Buffer.concat([text.subarray(0, at), put, text.subarray(at + cut)]);
  }
  return text;
};

it('reads or refuses 2,000 mutated documents and parts, in words, and nothing else happens', () => {
  const random = randomFrom(17);
  const document = Buffer.from(streamsFixture());
  const head = `--b\r\nContent-type: text/xml\r\nContent-length: ${document.length}\r\n\r\n`;
  const framed = Buffer.concat([Buffer.from(head), document, Buffer.from('\r\n--b--')]);
  const outcomes = { read: 0, refused: 0 };
  const reading = (read: () => void) => {
    try {
      read();
      outcomes.read++;
    } catch (error) {
      const known = [AgentFault, MultipartRefused, StreamsRefused, XmlRefused].some((kind) => error instanceof kind);
      if (!known) throw error;
      expect((error as Error).message).not.toBe('');
      outcomes.refused++;
    }
  };
  for (let n = 0; n < 1_000; n++) {
    reading(() => readPart(mutated(document, random)));
    reading(() => {
      const parts = new MultipartReader('b', 100_000);
      const bytes = mutated(framed, random);
      const cut = Math.floor(random() * bytes.length);
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)])
        for (const part of parts.push(chunk)) readPart(part);
    });
    reading(() => {
      const reader = new DeviceModelReader();
      reader.push(mutated(document, random).toString('utf8').replaceAll('Streams', 'Devices'));
      reader.end();
    });
  }
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(1_000);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

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
      response.writeHead(200, { 'content-type': 'text/xml' }).end(mutated(foreign, random));
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
}, 30_000);
