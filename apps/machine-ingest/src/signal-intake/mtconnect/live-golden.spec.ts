import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { foldSignal, newMachineState, type Signal } from '@millrace/domain';
import {
  type AgentDevice,
  type AgentItem,
  type AgentObservation,
  eventually,
  MtconnectAgent,
  randomFrom,
} from '@millrace/test-environment';
import { describeRecordings, golden, recordingLines } from '../../test-support/recordings';
import { parseShdr, type ShdrObservation } from '../shdr/parse-shdr';
import { shdrSourceKind } from '../shdr/shdr.kind';
import { readShdrLine, startShdrReading } from '../shdr/shdr-reading';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { mtconnectSourceKind } from './mtconnect.kind';
import { mtconnectSettings } from './mtconnect-settings';

/** What of a signal the machine said, whatever way it came. */
type Said = readonly [path: string, stamp: string | null, value: string, quality: string];

const said = ({ path, sourceTs, value, quality }: Signal): Said => [path, sourceTs, JSON.stringify(value), quality];

/** The recording as its file is read. */
const fromFile = (lines: readonly string[]): Said[] => {
  const session = { tenant: 't', machine: 'M', source: 's', session: 's', proto: 'file' as const };
  let reading = startShdrReading;
  return lines.flatMap((line) => {
    const read = readShdrLine(reading, session, line, null);
    reading = read.reading;
    return read.signals.map(said);
  });
};

const observationsOf = (lines: readonly string[]): Array<{ stamp: string; observation: ShdrObservation }> => {
  let until: string | null = null;
  return lines.flatMap((line) => {
    if (until !== null) {
      if (line.trimEnd() === until) until = null;
      return [];
    }
    const parsed = parseShdr(line);
    if (parsed.kind === 'asset') until = parsed.until;
    if (parsed.kind !== 'observations' || parsed.timestamp === null) return [];
    const { timestamp: stamp } = parsed;
    return parsed.observations.map((observation) => ({ stamp, observation }));
  });
};

/** A device with an item for each name that the recording has; one name may be a value at one time and a condition at another. */
const deviceOf = (rows: ReturnType<typeof observationsOf>): AgentDevice => {
  const items = new Map<string, AgentItem>();
  for (const { observation } of rows) {
    const id = idOf(observation);
    const category = observation.kind === 'condition' ? 'CONDITION' : 'EVENT';
    const type = observation.kind === 'condition' ? 'SYSTEM' : 'BLOCK';
    items.set(id, { id, name: observation.name, category, type });
  }
  return { name: 'M', uuid: 'u', items: [...items.values()] };
};

const idOf = ({ kind, name }: ShdrObservation): string => `${kind}.${name}`;

const agentObservation = ({ stamp, observation }: ReturnType<typeof observationsOf>[number]): AgentObservation => {
  const place = { device: 'M', item: idOf(observation), timestamp: stamp };
  if (observation.kind === 'condition') return { ...place, value: observation.value };
  if (typeof observation.value === 'object' && observation.value !== null)
    throw new Error(`${observation.name} is a time series or a message; no recording has one.`);
  return { ...place, value: observation.value };
};

/** Plays observations through an agent and gives what came out; the connection is killed and documents are repeated. */
const throughAgent = async (
  lines: readonly string[],
  mode: 'stream' | 'poll',
  seed: number,
): Promise<{ said: Said[]; all: readonly Signal[] }> => {
  const random = randomFrom(seed);
  const rows = observationsOf(lines);
  const device = deviceOf(rows);
  const agent = await MtconnectAgent.start({ devices: [device], pieces: () => 1 + Math.floor(random() * 20_000) });
  const begin = agent.nextSequence;
  const settings = mtconnectSettings.parse({
    url: agent.url,
    devices: [{ device: 'M', machine: 'M' }],
    mode,
    intervalMs: 10,
    timeoutMs: 2_000,
  });
  const sink = new MemorySink();
  let source = openOn(mtconnectSourceKind, settings, sink, '');
  const read = () =>
    sink.appended.filter(({ seq, flags }) => seq !== null && seq >= begin && !flags.includes('snapshot'));
  await eventually(() => source.health().connection.state === 'connected', 'the connection');
  const blocks = 12;
  for (let block = 0; block < blocks; block++) {
    const part = rows.slice(
      Math.floor((rows.length * block) / blocks),
      Math.floor((rows.length * (block + 1)) / blocks),
    );
    agent.observe(part.map(agentObservation));
    if (block % 4 === 1) agent.drop();
    if (block % 4 === 2) agent.repeat(Math.floor(random() * 500));
    if (block % 4 === 3) {
      // another process goes on where this one was stopped
      await source.stop();
      source = openOn(mtconnectSourceKind, settings, sink, '');
    }
    const due = Math.floor((rows.length * (block + 1)) / blocks);
    await eventually(() => read().length >= due || Promise.reject(read().length), `${due} observations`, 30_000);
  }
  await source.stop();
  await agent.stop();
  return { said: read().map(said), all: sink.appended };
};

/** Plays lines through an adapter in pieces of any size; its connection is killed once, between two lines. */
const throughAdapter = async (lines: readonly string[], seed: number): Promise<Said[]> => {
  const random = randomFrom(seed);
  const half = lines.findIndex((line, n) => n >= lines.length / 2 && /^\d{4}-.*\|(?!@)/.test(line));
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const mine = connections++ === 0 ? lines.slice(0, half) : lines.slice(half);
    const bytes = Buffer.from(`${mine.join('\r\n')}\r\n`);
    const write = (at: number): void => {
      if (at >= bytes.length) {
        if (connections === 1) socket.end();
        return;
      }
      const to = at + 1 + Math.floor(random() * 50_000);
      if (socket.write(bytes.subarray(at, to))) write(to);
      else socket.once('drain', () => write(to));
    };
    write(0);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink = new MemorySink();
  const { port } = server.address() as AddressInfo;
  const settings = shdrSourceKind.settings.parse({ host: '127.0.0.1', port, machine: 'M' });
  const source = openOn(shdrSourceKind, settings, sink, '');
  const read = () => sink.appended.filter(({ path }) => !path.startsWith('$'));
  const due = fromFile(lines).length;
  await eventually(() => read().length >= due || Promise.reject(read().length), `${due} observations`, 30_000);
  await source.stop();
  server.close();
  expect(sink.refused).toEqual([]);
  return read().map(said);
};

interface GoldenDay {
  readonly status: { readonly by_transition: Record<string, number> };
  readonly alarms: { readonly raised: number; readonly cleared: number };
}

const RECORDINGS = [
  ['nist-sms-testbed', 'Mazak01-20161024-20161025.shdr.txt.gz', 2_500],
  ['nist-sms-testbed', 'GFAgie01-20161019-20161020.shdr.txt.gz', 2_500],
  ['mtconnect-okuma', 'okuma-run1.shdr.txt', 2_500],
] as const;

describeRecordings('real recordings, played through an agent and an adapter, are the same as their files', () => {
  describe.each(RECORDINGS)('%s/%s', (set, file, slice) => {
    const lines = recordingLines(set, file).slice(0, slice);

    it.each(['stream', 'poll'] as const)(
      'through an agent by %s: every observation once, over lost connections',
      async (mode) => {
        expect((await throughAgent(lines, mode, 11)).said).toEqual(fromFile(lines));
      },
      60_000,
    );

    it('through an adapter, in pieces', async () => {
      expect(await throughAdapter(lines, 5)).toEqual(fromFile(lines));
    }, 60_000);
  });

  it('the outages and alarms of the GFAgie, folded from what an agent gave, are the golden ones', async () => {
    const file = 'GFAgie01-20161019-20161020';
    const expected = golden<{ shdr: Record<string, GoldenDay> }>('nist-sms-testbed').shdr[`${file}.txt`]!;
    const { all } = await throughAgent(recordingLines('nist-sms-testbed', `${file}.shdr.txt.gz`), 'stream', 8);
    let state = newMachineState('default', 'M');
    const told: Array<{ type: string; data: Record<string, unknown> }> = [];
    all.forEach((signal, offset) => {
      const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, () => null);
      state = folded.state;
      for (const { type, data } of folded.events)
        told.push({ type, data: JSON.parse(data) as Record<string, unknown> });
    });
    const counts: Record<string, number> = {};
    for (const { type, data } of told) {
      if (type === 'machine.status_changed') {
        const change = `${data['previous']}>${data['current']}`;
        counts[change] = (counts[change] ?? 0) + 1;
      }
    }
    expect(counts).toEqual(expected.status.by_transition);
    const alarms = (status: string) =>
      told.filter(({ type, data }) => type === 'machine.alarm' && data['status'] === status);
    expect(alarms('raised')).toHaveLength(expected.alarms.raised);
    expect(alarms('cleared')).toHaveLength(expected.alarms.cleared);
  }, 60_000);

  it('the whole day of the Mazak', async () => {
    const lines = recordingLines('nist-sms-testbed', 'Mazak01-20161024-20161025.shdr.txt.gz');
    const expected = fromFile(lines);
    expect(expected).toHaveLength(93_174);
    expect((await throughAgent(lines, 'stream', 3)).said).toEqual(expected);
    expect(await throughAdapter(lines, 3)).toEqual(expected);
  }, 120_000);
});
