import { readMapping } from '@millrace/machine-mapping';
import type { SourceRecord } from '@millrace/protocol';
import { KnownWorlds } from './known-world';

const source = (tenant: string, name: string): SourceRecord => ({
  v: 1,
  tenant,
  name,
  type: 'modbus',
  enabled: true,
  version: 1,
  createdAt: 0,
  settings: {},
});

const outsideOf = (machines: string[]) => {
  const read = readMapping(`
apiVersion: ingest/v1
name: saws
machines: [${machines.map((id) => `{ id: ${id} }`).join(', ')}]
sources: { plc: { type: modbus, id: saws } }
signals: { a: { source: plc, path: speed } }
rules: [{ id: silent, kind: watchdog, timeout: 30s }]
`);
  if (read.kind === 'refused') throw new Error(read.problems[0]?.detail);
  return { warnings: [], outside: read.outside };
};

/** @param heard paths of the source `saws` by machine */
const codesOf = async (
  machines: string[],
  heard: { readonly [machine: string]: readonly string[] },
  { tenant = 'acme', areAll = true } = {},
): Promise<string[]> => {
  let isCaughtUp = false;
  const worlds = new KnownWorlds({
    sources: {
      all: () => (isCaughtUp ? [source('acme', 'saws'), source('globex', 'other')] : []).values(),
    },
    machines: {
      heardMachines: (of) => (of === 'acme' ? Object.keys(heard) : []),
      itemsOf: (_tenant, machine) => ({
        items: heard[machine]!.map((path) => ({ source: 'saws', path })),
        areAll,
      }),
    },
    caughtUp: async () => {
      isCaughtUp = true;
    },
  });
  return (await worlds.warningsOf(tenant, outsideOf(machines))).map(({ code }) => code);
};

describe('what a mapping names, held against what is known here', () => {
  it('is of the tenant alone, once the sources are those that there are now', async () => {
    expect(await codesOf(['saw-1'], { 'saw-1': ['speed'] })).toEqual([]);
    expect(await codesOf(['saw-1'], { 'saw-1': ['speed'] }, { tenant: 'globex' })).toEqual([
      'unknown_machine',
      'unknown_source',
    ]);
  });

  it('is heard where one of the machines has told of it', async () => {
    const machines = ['saw-1', 'saw-2', 'saw-3'];
    expect(await codesOf(machines, { 'saw-1': ['feed'], 'saw-3': ['speed'] })).toEqual(['unknown_machine']);
    expect(await codesOf(machines, { 'saw-1': ['feed'], 'saw-3': ['feed'] })).toEqual([
      'unknown_machine',
      'unknown_path',
    ]);
  });

  it('is no unknown path where a machine has more items than are remembered or looked at', async () => {
    expect(await codesOf(['saw-1'], { 'saw-1': ['feed'] }, { areAll: false })).toEqual([]);
    const many = Array.from({ length: 20_000 }, (_, n) => `p${n}`);
    expect(await codesOf(['saw-1', 'saw-2'], { 'saw-1': many, 'saw-2': ['speed'] })).toEqual([]);
    expect(await codesOf(['saw-1', 'saw-2'], { 'saw-1': many.slice(1), 'saw-2': ['feed'] })).toEqual(['unknown_path']);
  });
});
