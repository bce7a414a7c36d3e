import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { OpcuaServerProcess } from './opcua-server.fixture';
import { opcuaSettings } from './opcua-settings';
import { opcuaSourceKind } from './opcua-source-kind';

const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

jest.setTimeout(60_000);

let server: OpcuaServerProcess;
let sink: MemorySink;
let source: OpenSource | null = null;

beforeEach(() => {
  server = new OpcuaServerProcess(join(folder, 'pki'));
  sink = new MemorySink();
});
afterEach(async () => {
  server.thaw();
  await source?.stop();
  source = null;
  await server.kill();
});

const open = (change: object): OpenSource => {
  source = openOn(
    opcuaSourceKind,
    opcuaSettings.parse({
      endpointUrl: server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: 'press-01',
      publishingIntervalMs: 50,
      keepAliveMs: 1_000,
      ...change,
    }),
    sink,
    join(folder, 'own'),
  );
  return source;
};
const of = (path: string): Signal[] => sink.appended.filter((signal) => signal.path === path);
const last = (path: string): Signal | undefined => of(path).at(-1);
const comes = (path: string, expected: object) =>
  eventually(
    () => {
      expect(last(path)).toMatchObject(expected);
      return true;
    },
    `${path} to be ${JSON.stringify(expected)}`,
    15_000,
  );
const set = (name: string, type: string, value: unknown, status?: number) =>
  server.order({ do: 'set', nodeId: `ns=1;s=${name}`, type, value, ...(status !== undefined && { status }) });

describe('values of an OPC UA server', () => {
  it('keep type, unit, stamps and quality, and the first is a snapshot', async () => {
    await server.start();
    open({ browse: [{ root: 'ns=1;s=Press', depth: 1 }] });
    await comes('Profile', { value: { values: [1, 2.5] }, type: 'json', flags: ['snapshot'] });
    expect(last('Big')).toMatchObject({ value: '9223372036854775807', type: 'int64', kind: 'sample' });
    expect(last('Ratio')).toMatchObject({ value: 16.4226, type: 'float' });
    expect(last('Ready')).toMatchObject({ value: true, type: 'bool', kind: 'event' });
    expect(last('Label')).toMatchObject({ value: 'Main press', type: 'string' });
    expect(last('Since')).toMatchObject({ value: '2026-01-02T03:04:05.678Z', type: 'datetime' });
    expect(last('Length')).toMatchObject({ value: 12.5, unit: 'mm', flags: ['snapshot'] });
    expect(last('Mode')?.sourceTs).toMatch(/^20\d\d-/);
    expect(of('EURange')).toEqual([]);

    await set('Count', 'Double', 1, 0x480);
    await comes('Count', { value: 1, quality: 'good', qualityCode: 'ua:0x00000480', flags: ['overflow'] });
    expect(last('$gap')).toMatchObject({ kind: 'lifecycle', value: { kind: 'queue', lost: null, path: 'Count' } });
    await set('Count', 'Double', 2, 0x40000000);
    await comes('Count', { value: 2, quality: 'uncertain', qualityCode: 'ua:0x40000000', flags: [] });
    await set('Count', 'Double', 3, 0x80000000);
    await comes('Count', { value: null, type: 'double', quality: 'bad', qualityCode: 'ua:0x80000000' });
    await set('Count', 'Double', 'NaN');
    await comes('Count', { value: null, quality: 'bad', qualityCode: 'ua:NaN' });
    await set('Count', 'Double', 4);
    await comes('Count', { value: 4, quality: 'good', qualityCode: null });

    await server.order({ do: 'use-inches' });
    await set('Length', 'Double', 1);
    await comes('Length', { value: 1, unit: '[in_i]' });

    const seqs = sink.appended.map(({ seq }) => seq);
    const start = seqs.lastIndexOf(0);
    expect(seqs.slice(start)).toEqual(seqs.slice(start).map((_, index) => index));
  });

  it('that were browsed once are bad when the server has them no more', async () => {
    await server.start({ items: 4 });
    open({ browse: [{ root: 'ns=1;s=Items' }] });
    await comes('Item3', { value: 0 });
    await server.kill();
    await server.start({ without: [2] });
    await comes('Item2', { value: null, quality: 'bad', qualityCode: 'ua:0x80340000' });
    await eventually(() => of('Item3').length > 1, 'the others to resume', 15_000);
  });

  it('go on where a broken connection left off, as the same session', async () => {
    await server.start();
    open({ nodes: [{ nodeId: 'ns=1;s=Count', path: 'count', samplingMs: 0, queueSize: 100 }] });
    await comes('count', { value: 0 });
    await server.order({ do: 'say', values: [1, 2, 3] });
    await comes('count', { value: 3 });
    await server.order({ do: 'break-connections' });
    await server.order({ do: 'say', values: [4, 5] });
    await comes('count', { value: 5 });
    await server.order({ do: 'say', values: [6] });
    await comes('count', { value: 6 });
    const told = of('count').map(({ value, flags }) => `${String(value)}${flags.includes('snapshot') ? '*' : ''}`);
    // What it was before the loss is said once more, so that it is known to be so.
    expect(told).toEqual(['0*', '1', '2', '3', '3*', '4', '5', '6']);
    expect(new Set(of('count').map(({ session }) => session)).size).toBe(1);
    expect(sink.lifecycle().filter((word) => word !== 'alive')).toEqual(['connected', 'disconnected', 'connected']);
    expect(source?.health().counts).toMatchObject({ recovered: 1 });
    expect(source?.health().counts['gaps']).toBeUndefined();
  });

  it('that are lost on the way are counted', async () => {
    await server.start();
    open({ nodes: [{ nodeId: 'ns=1;s=Count', path: 'count', samplingMs: 0 }] });
    await comes('count', { value: 0 });
    await server.order({ do: 'lose-message' });
    await server.order({ do: 'lose-message' });
    await server.order({ do: 'say', values: [1] });
    await comes('count', { value: 1 });
    const loss = last('$gap')!.value as { first: number; last: number };
    expect(loss).toMatchObject({ kind: 'messages', lost: 2, from: null, to: null, last: loss.first + 1 });
    expect(sink.appended.findIndex(({ path }) => path === '$gap')).toBeLessThan(
      sink.appended.findIndex(({ value }) => value === 1),
    );
    expect(source?.health().counts).toMatchObject({ gaps: 1 });
  });

  it('wait with the server while Kafka is away, and their loss there is told', async () => {
    await server.start({ items: 500 });
    open({ browse: [{ root: 'ns=1;s=Items', samplingMs: 0, queueSize: 5 }] });
    await comes('Item499', { value: 0 });
    sink.fail();
    await server.order({ do: 'pump', everyMs: 40, rounds: 60 });
    const { queued } = source!.health();
    expect(queued).toBeLessThanOrEqual(20_000);
    expect(queued).toBeLessThan(500 * 60);
    sink.recover();
    await comes('Item499', { value: 60 });
    await eventually(() => source!.health().queued === 0, 'all to be stored', 10_000);
    expect(of('$gap').length).toBeGreaterThan(0);
    for (const index of [0, 250, 499]) {
      const values = of(`Item${index}`);
      const numbers = values.map(({ value }) => Number(value));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      // Each jump is told: by the flag of the value after it.
      for (const [at, signal] of values.entries())
        if (at > 0 && numbers[at]! > numbers[at - 1]! + 1) expect(signal.flags).toContain('overflow');
    }
    expect(sink.lifecycle().filter((word) => word === 'disconnected')).toEqual([]);
  });

  it('come from a machine that is described by PackML', async () => {
    await server.start({ packML: true });
    open({ browse: [{ root: 'ns=1;s=PackMachine', depth: 4 }] });
    await comes('Status/CurMachSpeed', { type: 'float', flags: ['snapshot'] });
    await comes('Status/UnitModeCurrent', { type: 'int64' });
    await comes('BaseStateMachine/CurrentState', { kind: 'event' });
  });
});
