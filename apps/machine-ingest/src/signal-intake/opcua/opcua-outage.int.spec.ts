import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { OpcuaServerProcess } from './opcua-server.fixture';
import type { AlarmStep } from './opcua-server-process.fixture';
import { opcuaSettings } from './opcua-settings';
import { ReadServer } from './read-server.fixture';

/** What a mapping tells of a machine whose OPC UA server is lost and comes back: what is so, and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
const NODES = Array.from({ length: 200 }, (_, n) => ({ nodeId: `ns=1;s=Item/${n}`, path: `i${n}` }));
const GONE = Array.from({ length: 50 }, (_, n) => n * 4);
/** As they are where nobody says otherwise. */
const USUAL_PACE = (({ publishingIntervalMs, keepAliveMs }) => ({ publishingIntervalMs, keepAliveMs }))(
  opcuaSettings.parse({ endpointUrl: 'opc.tcp://press', machine: 'press-01', nodes: NODES }),
);

const MAPPING = `
apiVersion: ingest/v1
machine: { id: press-01 }
sources: { press: { type: opcua } }
signals:
  state: { source: press, node: i1, type: double }
  heat: { source: press, node: i2, type: double }
  force: { source: press, node: i3, type: double }
  oil: { source: press, node: i4, type: double }
  dust: { source: press, node: i8, type: double }
  strokes: { source: press, node: i5, type: double }
  ready: { source: press, node: ready, type: boolean }
  guard: { source: press, node: guard, type: boolean }
rules:
  - { id: status, kind: stateMap, input: state, map: { 0: idle, 1: running, 2: held }, debounceOffline: 0s, debounceLost: 0s }
  - { id: hot, kind: threshold, input: heat, raiseAbove: 80, clearBelow: 75, alarm: { code: HEAT } }
  - { id: strong, kind: threshold, input: force, raiseAbove: 80, clearBelow: 75, alarm: { code: FORCE } }
  - { id: oily, kind: threshold, input: oil, raiseAbove: 80, clearBelow: 75, alarm: { code: OIL } }
  - { id: dusty, kind: threshold, input: dust, raiseAbove: 80, clearBelow: 75, alarm: { code: DUST } }
  - { id: opened, kind: edge, input: guard, on: rising, emit: machine.alarm, alarm: { code: GUARD } }
  - { id: readied, kind: edge, input: ready, on: rising, emit: machine.alarm, alarm: { code: READY } }
  - { id: made, kind: counter, input: strokes }
  - { id: alarms, kind: condition, source: press }
`;

jest.setTimeout(90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const frozen = new ReadServer(new OpcuaServerProcess(join(folder, 'frozen')), join(folder, 'own'));
let frozenAt: number;
/** It is silent while the other tests run. */
beforeAll(async () => {
  await frozen.server.start();
  frozen.open({ nodes: [{ nodeId: 'ns=1;s=Count', path: 'count' }], ...USUAL_PACE });
  await frozen.comes('count', { value: 0 });
  frozen.server.freeze();
  frozenAt = Date.now();
});
afterAll(async () => {
  frozen.server.thaw();
  await frozen.close();
  await frozen.server.kill();
});

let read: ReadServer;
beforeEach(() => {
  read = new ReadServer(new OpcuaServerProcess(join(folder, 'pki')), join(folder, 'own'));
});
afterEach(async () => {
  await read.close();
  await read.server.kill();
});

/** `alarm HEAT raised`, `status running`, `production.counted 5`, in the order in which they were told. */
const told = () =>
  read.folded(MAPPING).events.map(({ type, data }) => {
    if (type === 'machine.alarm') return `alarm ${String(data['code'])} ${String(data['status'])}`;
    if (type === 'machine.status_changed') return `status ${String(data['current'])}`;
    return `${type} ${String(data['delta'] ?? data['value'] ?? '')}`.trim();
  });

const sameSession = () => new Set(read.sink.appended.map(({ session }) => session)).size === 1;

describe('a server that is killed and comes back without 50 of 200 nodes', () => {
  it('is offline and back; of what it says again no alarm, no edge and no piece is made', async () => {
    const { server } = read;
    await server.start({ items: NODES.length });
    read.open({
      nodes: [...NODES, { nodeId: 'ns=1;s=Ready', path: 'ready' }, { nodeId: 'ns=1;s=Guard', path: 'guard' }],
      ...USUAL_PACE,
    });
    await read.comes('i199', { value: 0 });
    await read.set('Ready', false);
    await read.comes('ready', { value: false });
    for (const [item, value] of Object.entries({ 1: 1, 2: 90, 4: 90, 5: 7 })) {
      await read.set(`Item/${item}`, value);
      await read.comes(`i${item}`, { value });
    }
    await read.set('Guard', true);
    await read.comes('guard', { value: true });
    const before = [
      'status idle',
      'status running',
      'alarm HEAT raised',
      'alarm OIL raised',
      'production.counted 7',
      'alarm GUARD raised',
    ];
    expect(told()).toEqual(before);
    const heard = read.sink.appended.length;

    const killed = performance.now();
    await server.kill();
    await read.comes('$lifecycle', { value: 'disconnected' }, 5_000);
    expect(performance.now() - killed).toBeLessThan(5_000);
    // In its new life it is ready, as nobody has seen it become, and all else is as it was.
    await server.start({ without: GONE, values: { 1: 1, 2: 90, 5: 7 }, guard: true });
    const back = performance.now();
    await read.comes('i4', { quality: 'bad', qualityCode: 'ua:0x80340000' }, 30_000);
    await eventually(
      () => {
        const after = read.sink.appended.slice(heard).filter(({ path }) => !path.startsWith('$'));
        return after.length >= NODES.length + 2 || Promise.reject(after.length);
      },
      'all nodes',
      30_000 - (performance.now() - back),
    );
    const after = read.sink.appended.slice(heard);
    const bad = after.filter(({ quality }) => quality === 'bad').map(({ path }) => path);
    expect(bad).toEqual(GONE.map((n) => `i${n}`));
    expect(read.source!.health().counts).toMatchObject({ refusedItems: GONE.length, gaps: 1 });
    const rest = after.filter(({ path, quality }) => !path.startsWith('$') && quality !== 'bad');
    expect(rest).toHaveLength(152);
    expect(rest.every(({ quality, flags }) => quality === 'good' && flags.includes('snapshot'))).toBe(true);

    expect(told()).toEqual([...before, 'status offline', 'status running']);
    const { alarms } = read.folded(MAPPING).state;
    const stale = Object.fromEntries(Object.values(alarms).map((alarm) => [alarm.code, alarm.stale]));
    // Nothing is heard of the oil any more, so its alarm is neither renewed nor over.
    expect(stale).toEqual({ HEAT: false, OIL: true, GUARD: false });

    const strokes = read.of('i5').length;
    await read.set('Item/5', 9);
    await read.set('Item/2', 10);
    await read.set('Guard', false);
    await read.comes('i2', { value: 10 });
    await read.comes('guard', { value: false });
    expect(read.of('i5')).toHaveLength(strokes + 1);
    expect(
      told()
        .slice(before.length + 2)
        .sort(),
    ).toEqual(['alarm GUARD cleared', 'alarm HEAT cleared', 'production.counted 2']);
    const ids = read.folded(MAPPING).events.filter(({ data }) => data['code'] === 'HEAT');
    expect(new Set(ids.map(({ data }) => data['alarmId'])).size).toBe(1);
  });
});

describe('a connection that breaks and is taken back', () => {
  it('leaves the machine as it was, and hides nothing that happened meanwhile', async () => {
    const { server } = read;
    await server.start({ items: 6 });
    read.open({
      nodes: [1, 2, 5]
        .map((n) => ({ nodeId: `ns=1;s=Item/${n}`, path: `i${n}` }))
        .concat({ nodeId: 'ns=1;s=Guard', path: 'guard' }, { nodeId: 'ns=1;s=Ready', path: 'ready' }),
    });
    await read.comes('guard', { value: false });
    await read.set('Item/1', 1);
    await read.set('Item/2', 90);
    await read.comes('i1', { value: 1 });
    await read.comes('i2', { value: 90 });
    const before = ['status idle', 'status running', 'alarm HEAT raised'];
    expect(told()).toEqual(before);
    await server.order({ do: 'break-connections' });
    await read.set('Item/5', 3);
    await read.set('Guard', true);
    await eventually(() => read.words().length === 3, 'the return', 15_000);
    await read.comes('guard', { value: true });
    await read.comes('i5', { value: 3 });
    expect(sameSession()).toBe(true);
    expect(read.of('$gap')).toEqual([]);
    expect(told().slice(before.length).sort()).toEqual([
      'alarm GUARD raised',
      'production.counted 3',
      'status offline',
      'status running',
    ]);
    expect(Object.values(read.folded(MAPPING).state.alarms).map(({ stale }) => stale)).toEqual([false, false]);
  });
});

describe('alarms of a server', () => {
  const step = (one: AlarmStep) => read.server.order({ do: 'alarm', step: one });
  const alarms = () =>
    read
      .folded(MAPPING)
      .events.filter(({ type }) => type === 'machine.alarm')
      .map(({ data }) => ({ status: data['status'], severity: data['severity'], id: data['alarmId'] }));
  const statuses = async (...expected: readonly string[]) => {
    await eventually(
      () => {
        expect(alarms().map(({ status, severity }) => `${String(status)} ${String(severity)}`)).toEqual(expected);
        return true;
      },
      expected.join(', '),
      15_000,
    );
  };
  /** A loss leaves it stale until the server names it again. */
  const heardOf = () =>
    eventually(() => Object.values(read.folded(MAPPING).state.alarms)[0]?.stale === false, 'the alarm to be named');
  /** All that was asked for has come: values and events are of one subscription. */
  const caughtUp = async (value: number) => {
    await read.set('Count', value);
    await read.comes('count', { value });
  };

  it('are the same ones over a broken connection and a restart, whatever was done to them', async () => {
    const { server } = read;
    await server.start();
    read.open({ events: [{ notifier: 'i=2253' }], nodes: [{ nodeId: 'ns=1;s=Count', path: 'count' }] });
    await read.comes('count', { value: 0 });
    await read.set('Pressure', 150);
    const story = ['raised warning'];
    await statuses(...story);
    for (const [one, says] of [
      ['make-severe', 'severity_changed fault'],
      ['make-mild', 'severity_changed warning'],
      ['suppress', 'suppressed warning'],
      ['unsuppress', 'unsuppressed warning'],
      ['acknowledge', 'acknowledged warning'],
      ['shelve', 'shelved warning'],
    ] as const) {
      await step(one);
      story.push(says);
      await statuses(...story);
    }

    await server.order({ do: 'break-connections' });
    await eventually(() => read.words().length === 3, 'the return', 15_000);
    await heardOf();
    await caughtUp(1);
    await statuses(...story);
    await step('unshelve');
    await statuses(...story, 'unshelved warning');
    story.push('unshelved warning');

    await server.kill();
    // It stands, and its node has another id.
    await server.start({ pressure: 150, alarm: 's=Alarm-2' });
    await eventually(() => read.words().length === 5, 'the return', 20_000);
    await heardOf();
    await caughtUp(2);
    await statuses(...story);
    expect(new Set(read.of('Press/PressureHigh').map(({ raw }) => raw.ref)).size).toBe(2);
    await step('confirm');
    story.push('confirmed warning');
    await statuses(...story);
    await read.set('Pressure', 50);
    story.push('cleared warning');
    await statuses(...story);
    expect(new Set(alarms().map(({ id }) => id)).size).toBe(1);

    await read.set('Pressure', 150);
    await statuses(...story, 'raised warning');
    await server.kill();
    await server.start({ pressure: 10 });
    // That nobody names it is the only sign that it is over.
    await statuses(...story, 'raised warning', 'cleared warning');
    expect(new Set(alarms().map(({ id }) => id)).size).toBe(2);
  });
});

describe('a server that is frozen', () => {
  it('is lost within 35 s at the usual pace, and read again when it goes on', async () => {
    await eventually(() => frozen.words().includes('disconnected'), 'the silence to be noticed', 35_000);
    const lost = frozen.of('$lifecycle').find(({ value }) => value === 'disconnected')!;
    expect(Date.parse(lost.receiveTs) - frozenAt).toBeLessThan(35_000);
    // That it was silent, or by now what the next try met with.
    expect(frozen.source!.health().lastError).not.toBeNull();
    frozen.server.thaw();
    await frozen.set('Count', 5);
    await frozen.comes('count', { value: 5 }, 40_000);
  });
});
