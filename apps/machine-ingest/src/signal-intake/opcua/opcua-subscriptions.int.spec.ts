import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { OpcuaServerProcess } from './opcua-server.fixture';
import { ReadServer } from './read-server.fixture';

/** What a server keeps for us may be more than one subscription takes, and may be gone while the server lives. */
const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
const ITEMS = 40;
/** With the beat of the server's clock, 29 items find room. */
const limits = { perCall: 7, perSubscription: 10, subscriptions: 3 };
const small = new OpcuaServerProcess(join(folder, 'small'), { items: ITEMS, limits });
const usual = new OpcuaServerProcess(join(folder, 'usual'));
const poor = new OpcuaServerProcess(join(folder, 'poor'), { items: ITEMS, limits: { perCall: 9, unsaid: true } });
const servers = [small, usual, poor];

jest.setTimeout(60_000);
beforeAll(() => Promise.all(servers.map((server) => server.start())));
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
});

let read: ReadServer;
afterEach(async () => {
  await read.close();
});
const on = (server: OpcuaServerProcess): ReadServer => {
  read = new ReadServer(server, join(folder, 'own'));
  return read;
};

const items = (count: number) => ({
  nodes: Array.from({ length: count }, (_, index) => ({
    nodeId: `ns=1;s=Item/${index}`,
    path: `i${index}`,
    samplingMs: 0,
    queueSize: 50,
  })),
});
const paths = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `i${from + index}`);
const count = { nodes: [{ nodeId: 'ns=1;s=Count', path: 'count', samplingMs: 0, queueSize: 100 }] };
const say = (server: OpcuaServerProcess, ...values: number[]) => server.order({ do: 'say', values });
/** Gives all items these values, one after the other. */
const pump = (server: OpcuaServerProcess, rounds: number) => server.order({ do: 'pump', everyMs: 20, rounds });
const sameSession = () => new Set(read.sink.appended.filter(({ kind }) => kind === 'sample').map((one) => one.session));

/** An alarm of a limit, and one of an edge. */
const MAPPING = `
apiVersion: ingest/v1
machine: { id: press-01 }
sources: { press: { type: opcua } }
signals:
  heat: { source: press, node: i12, type: double }
  door: { source: press, node: door, type: boolean }
rules:
  - { id: hot, kind: threshold, input: heat, raiseAbove: 4.5, clearBelow: 4.5, alarm: { code: HOT } }
  - { id: opened, kind: edge, input: door, on: rising, emit: machine.alarm, alarm: { code: DOOR } }
`;

describe('more items than a subscription takes', () => {
  it('are spread over several, and those for which none has room are bad', async () => {
    on(small).open(items(ITEMS));
    await read.comes('i28', { value: 0, quality: 'good' });
    await read.comes('i39', { value: null, quality: 'bad', qualityCode: 'ua:0x80DB0000' });
    await pump(small, 5);
    await eventually(() => paths(0, 29).every((path) => read.last(path)?.value === 5), 'all values', 10_000);
    for (const path of paths(0, 29)) expect(read.said(path)).toEqual(['0*', '1', '2', '3', '4', '5']);
    for (const path of paths(29, ITEMS)) expect(read.said(path)).toEqual(['null']);
    expect(read.source!.health().counts).toMatchObject({ refusedItems: 11 });
    expect(read.words()).toEqual(['connected']);
  });

  it('go on, all of them, where a broken connection left off', async () => {
    await pump(small, 5);
    on(small).open(items(25));
    await eventually(() => paths(0, 25).every((path) => read.last(path)?.value === 5), 'the first values', 10_000);
    await small.order({ do: 'break-connections' });
    await pump(small, 5);
    await eventually(() => paths(0, 25).every((path) => read.of(path).length === 7), 'all values', 20_000);
    // What they were before the loss is said once more, so that it is known to be so.
    for (const path of paths(0, 25)) expect(read.said(path)).toEqual(['5*', '5*', '1', '2', '3', '4', '5']);
    expect(sameSession().size).toBe(1);
    expect(read.of('$gap')).toEqual([]);
  });

  it.each([
    ['tells that it ended one of them', 'expire-subscription' as const],
    ['ends one of them without a word', 'drop-subscription' as const],
  ])('begin anew when the server %s', async (_, end) => {
    await pump(small, 5);
    const { nodes } = items(25);
    // Both are in the second subscription.
    nodes.splice(12, 0, { nodeId: 'ns=1;s=Ready', path: 'door', samplingMs: 0, queueSize: 50 });
    on(small).open({ nodes });
    await eventually(() => paths(0, 25).every((path) => read.last(path)?.value === 5), 'the first values', 10_000);
    await read.set('Item/12', 0);
    await read.set('Ready', false);
    await read.comes('i12', { value: 0 });
    await read.comes('door', { value: false });
    // In one go: what the server says of it before it is subscribed to again is said to nobody.
    await Promise.all([
      small.order({ do: end, index: 1 }),
      read.set('Ready', true),
      small.order({ do: 'pump', everyMs: 0, rounds: 5 }),
    ]);
    await eventually(() => read.words().length === 3, 'the loss to be noticed', 20_000);
    await eventually(() => paths(0, 25).every((path) => read.last(path)?.value === 5), 'the values', 20_000);
    await eventually(() => sameSession().size === 2, 'another session', 20_000);
    await read.comes('i12', { value: 5, flags: ['snapshot'] });
    // 1 to 4 of it were told to nobody, and nobody says that they were.
    expect(read.said('i12')).toEqual(['5*', '0', '5*']);
    expect(read.said('door')).toEqual(['true*', 'false', 'true*']);
    expect(read.words()).toEqual(['connected', 'disconnected', 'connected']);
    expect(read.of('$gap')).toMatchObject([{ value: { kind: 'subscription', lost: null } }]);
    const { events } = read.folded(MAPPING);
    // That it is above the limit is a fact, whenever it came about; when the door was opened nobody has seen.
    expect(events.map(({ type, data }) => `${type} ${String(data['code'])} ${String(data['status'])}`)).toEqual([
      'machine.alarm HOT raised',
    ]);
  });
});

describe('a server that can do little', () => {
  it('is asked for less at once where it takes less than it says', async () => {
    on(poor).open({ ...items(ITEMS / 2), browse: [{ root: 'ns=1;s=Items', samplingMs: 0 }] });
    const good = () => read.sink.appended.filter(({ kind, quality }) => kind === 'sample' && quality === 'good');
    await eventually(() => good().length >= ITEMS, 'all nodes', 20_000);
    expect(read.source!.health()).toMatchObject({ connection: { state: 'connected' }, lastError: null });
  });

  it('has its units read though it follows no browse path', async () => {
    await poor.order({ do: 'unlearn', service: 'TranslateBrowsePathsToNodeIds' });
    on(poor).open({ nodes: [{ nodeId: 'ns=1;s=Length', path: 'length' }, ...count.nodes] });
    await read.comes('length', { value: 12.5, unit: 'mm' });
    await read.comes('count', { unit: null });
  });

  it.each([
    ['a fault', 'fault'],
    ['an empty message', 'empty'],
  ] as const)('is read on after a break though it repeats nothing and answers with %s', async (_, answer) => {
    await say(poor, 0);
    on(poor).open(count);
    await read.comes('count', { value: 0 });
    await poor.order({ do: 'unlearn-republish', answer });
    await poor.order({ do: 'break-connections' });
    await eventually(() => read.words().length === 3, 'the return', 20_000);
    await say(poor, 1, 2);
    await read.comes('count', { value: 2 });
    await poor.order({ do: 'lose-message' });
    await say(poor, 3);
    await read.comes('count', { value: 3 });
    expect(read.said('count')).toEqual(['0*', '0*', '1', '2', '3']);
    expect(sameSession().size).toBe(1);
    expect(read.of('$gap')).toMatchObject([{ value: { kind: 'messages', lost: 1 } }]);
    expect(read.words()).toEqual(['connected', 'disconnected', 'connected']);
    // A repetition would say that the subscription is gone; here nothing is ever repeated.
    await poor.order({ do: 'drop-subscription', index: 0 });
    await say(poor, 4);
    await read.comes('count', { value: 4, flags: ['snapshot'] });
    expect(sameSession().size).toBe(2);
  });
});

describe('a server that says in no way whether it still has a subscription', () => {
  it('is subscribed to anew after a break, and where one of several is silent', async () => {
    await small.order({ do: 'unlearn-republish', answer: 'fault' });
    await small.order({ do: 'unlearn', service: 'SetPublishingMode' });
    await pump(small, 5);
    on(small).open(items(25));
    await eventually(() => paths(0, 25).every((path) => read.last(path)?.value === 5), 'the first values', 10_000);
    await small.order({ do: 'break-connections' });
    await eventually(() => sameSession().size === 2, 'another session', 20_000);
    await small.order({ do: 'drop-subscription', index: 1 });
    await eventually(() => sameSession().size === 3, 'one more', 20_000);
    await pump(small, 4);
    await eventually(() => paths(0, 25).every((path) => read.last(path)?.value === 4), 'the values', 20_000);
    const subscription = { value: { kind: 'subscription', lost: null } };
    expect(read.of('$gap')).toMatchObject([subscription, subscription]);
  });
});

describe('a session that the server has ended', () => {
  const secured = {
    securityMode: 'SignAndEncrypt',
    securityPolicy: 'Basic256Sha256',
    serverCertificate: { trust: 'first-use' },
    user: { username: 'operator', password: 'right' },
  };

  it('leaves its subscriptions to the next one, with all that they hold', async () => {
    await say(usual, 0);
    on(usual).open({ ...secured, ...count });
    await read.comes('count', { value: 0 });
    await say(usual, 1, 2);
    await read.comes('count', { value: 2 });
    await usual.order({ do: 'end-sessions' });
    await say(usual, 3, 4);
    await read.comes('count', { value: 4 });
    await say(usual, 5);
    await read.comes('count', { value: 5 });
    expect(read.said('count')).toEqual(['0*', '1', '2', '2*', '3', '4', '5']);
    expect(sameSession().size).toBe(1);
    expect(read.words()).toEqual(['connected', 'disconnected', 'connected']);
    expect(read.of('$gap')).toEqual([]);
    expect(read.source!.health().counts).toMatchObject({ recovered: 1 });
  });

  it('takes them with it where the server gives them to nobody, and that is told', async () => {
    await say(usual, 0);
    on(usual).open(count);
    await read.comes('count', { value: 0 });
    await usual.order({ do: 'end-sessions' });
    await say(usual, 7, 8);
    await eventually(() => read.words().length === 3, 'the return', 20_000);
    await read.comes('count', { value: 8, flags: ['snapshot'] });
    await say(usual, 9);
    await read.comes('count', { value: 9 });
    expect(read.said('count')).toEqual(['0*', '8*', '9']);
    expect(sameSession().size).toBe(2);
    expect(read.of('$gap')).toMatchObject([{ value: { kind: 'subscription', lost: null } }]);
  });

  it('is told as a gap, too, when nobody listened between two lives of the source', async () => {
    await say(usual, 0);
    on(usual).open(count);
    await read.comes('count', { value: 0 });
    expect(read.of('$gap')).toEqual([]);
    await read.close();
    await say(usual, 1, 2, 3);
    read.open(count);
    await read.comes('count', { value: 3, flags: ['snapshot'] });
    expect(read.of('$gap')).toMatchObject([{ value: { kind: 'subscription', lost: null } }]);
  });
});
