import { DEFAULT_MAPPING, type Event, foldSignal, type Mapping, newMachineState, type Signal } from '@millrace/domain';
import { readMapping } from '@millrace/machine-mapping';
import { type AgentDevice, eventually, MtconnectAgent } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { mtconnectSourceKind } from './mtconnect.kind';
import { mtconnectSettings } from './mtconnect-settings';

const SAW: AgentDevice = {
  name: 'SAW-1',
  uuid: 'u-1',
  items: [
    { id: 'execution', name: 'execution', category: 'EVENT', type: 'EXECUTION' },
    { id: 'estop', name: 'estop', category: 'EVENT', type: 'EMERGENCY_STOP' },
  ],
};
const CALM: Mapping = {
  ...DEFAULT_MAPPING,
  hash: 'a'.repeat(64),
  rules: DEFAULT_MAPPING.rules.map((rule) => (rule.kind === 'stateMap' ? { ...rule, debounceMs: 2_000 } : rule)),
};

const STOPS = readMapping(`
apiVersion: ingest/v1
machine: { id: SAW-1 }
sources: { any: { type: mtconnect } }
signals: { estop: { source: any, path: estop, type: string } }
rules:
  - { id: stopped, kind: expr, value: "estop == 'TRIGGERED'", emit: null }
  - { id: stop, kind: edge, input: stopped, on: rising, emit: machine.alarm, alarm: { code: E-STOP, severity: fault } }
`);
if (STOPS.kind !== 'mapping') throw new Error(JSON.stringify(STOPS.problems));
const stops = STOPS.mapping;

/** Changes of the status, with the second at which each began. */
const statusesOf = (signals: readonly Signal[], start: number): string[] => {
  let state = {
    ...newMachineState('default', 'SAW-1'),
    config: { name: 'calm', version: 1, hash: CALM.hash },
  };
  const events: Event[] = [];
  signals.forEach((signal, offset) => {
    const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, () => CALM);
    state = folded.state as typeof state;
    events.push(...folded.events);
  });
  return events
    .filter(({ type }) => type === 'machine.status_changed')
    .map(({ data }) => JSON.parse(data) as { previous: string; current: string; since: string })
    .map(({ previous, current, since }) => `${previous}>${current} ${Math.round((Date.parse(since) - start) / 1_000)}`);
};

it.each([{ gap: false }, { gap: true }])(
  'states that an agent held during an outage are told at their times, debounce or not: %j',
  async ({ gap }) => {
    const agent = await MtconnectAgent.start({ devices: [SAW], bufferSize: 8 });
    const start = Date.now();
    const execution = (value: string, second: number) => ({
      device: 'SAW-1',
      item: 'execution',
      value,
      // by the clock of the agent, which stays behind while ours is put on
      timestamp: new Date(start - 600_000 + second * 1_000).toISOString(),
    });
    agent.observe([execution('ACTIVE', 600)]);
    const sink = new MemorySink();
    let later = 0;
    const settings = mtconnectSettings.parse({
      url: agent.url,
      devices: [{ device: 'SAW-1', machine: 'SAW-1' }],
      intervalMs: 10,
      heartbeatMs: 200,
      timeoutMs: 500,
    });
    const clock = () => Date.now() + later;
    const kind = mtconnectSourceKind;
    const source = openOn(
      { ...kind, open: (given, context) => kind.open(given, { ...context, clock }) },
      settings,
      sink,
      '',
    );
    await eventually(() => source.health().connection.state === 'connected', 'the connection');
    later = 4_000;
    agent.freeze();
    await eventually(() => sink.lifecycle().includes('disconnected'), 'the loss');
    if (gap) agent.observe(Array.from({ length: 20 }, () => execution('READY', 30)));
    agent.observe([execution('ACTIVE', 60), execution('READY', 500)]);
    later = 600_000;
    agent.thaw();
    await eventually(() => sink.lifecycle().filter((word) => word === 'connected').length === 2, 'the return');
    await eventually(() => source.health().connection.state === 'connected', 'the connection');
    const present = sink.appended.at(-1)!;
    expect(present).toMatchObject({ path: 'execution', value: 'READY', flags: ['snapshot'] });
    await source.stop();
    await agent.stop();
    expect(sink.appended.some(({ path }) => path === '$gap')).toBe(gap);
    const after = { ...present, seq: present.seq! + 1_000, at: new Date(start + 700_000).toISOString() };
    const told = statusesOf([...sink.appended, after], start);
    expect(told.slice(2)).toEqual([
      ...(gap ? ['offline>idle 30', 'idle>running 60'] : ['offline>running 60']),
      'running>idle 500',
    ]);
    expect(told.slice(0, 2)).toEqual(['unknown>running 0', expect.stringMatching(/^running>offline [45]$/)]);
  },
);

it.each([
  { within: true, alarms: ['raised', 'cleared', 'raised'] },
  // When it was pressed, and how often, is in the gap: what comes after that shows how it stands.
  { within: false, alarms: [] },
])(
  'an emergency stop pressed during an outage is one, where the buffer reaches back to it: %j',
  async ({ within, alarms }) => {
    const agent = await MtconnectAgent.start({ devices: [SAW], bufferSize: 8 });
    const estop = (value: string) => ({ device: 'SAW-1', item: 'estop', value });
    agent.observe([estop('ARMED')]);
    const sink = new MemorySink();
    const settings = mtconnectSettings.parse({
      url: agent.url,
      devices: [{ device: 'SAW-1', machine: 'SAW-1' }],
      intervalMs: 10,
      heartbeatMs: 200,
      timeoutMs: 500,
    });
    const source = openOn(mtconnectSourceKind, settings, sink, '');
    await eventually(() => source.health().connection.state === 'connected', 'the connection');
    agent.freeze();
    await eventually(() => sink.lifecycle().includes('disconnected'), 'the loss');
    agent.observe(
      within
        ? [estop('TRIGGERED'), estop('ARMED'), estop('TRIGGERED')]
        : Array.from({ length: 20 }, () => estop('TRIGGERED')),
    );
    agent.thaw();
    await eventually(() => sink.lifecycle().filter((word) => word === 'connected').length === 2, 'the return');
    await eventually(() => sink.appended.at(-1)?.flags.includes('snapshot') === true, 'what is so');
    await source.stop();
    await agent.stop();
    let state = {
      ...newMachineState('default', 'SAW-1'),
      config: { name: stops.name, version: 1, hash: stops.hash },
    };
    const told: string[] = [];
    sink.appended.forEach((signal, offset) => {
      const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, () => stops);
      state = folded.state as typeof state;
      told.push(...folded.events.map(({ data }) => (JSON.parse(data) as { status: string }).status));
    });
    expect(told).toEqual(alarms);
  },
);
