import { withCpuTime } from '@millrace/test-environment';
import { readOrFail } from '../written.fixture';
import { type KnownWorld, unknownNames } from './unknown-names';

const mapping = (over: { machine?: string; sources?: string; signals?: string } = {}): string => `apiVersion: ingest/v1
machine: { id: ${over.machine ?? 'slit-01'} }
sources: { ${over.sources ?? 'plc: { type: modbus, id: slitter }'} }
signals:
  ${over.signals ?? 'running: { source: plc, register: running, type: bool }'}
rules:
  - { id: silent, kind: watchdog, timeout: 30s }
`;
const WORLD: KnownWorld = {
  sources: [
    { name: 'slitter', type: 'modbus' },
    { name: 'presses', type: 'mqtt' },
  ],
  machines: ['press-01', 'slit-01'],
  items: [
    { source: 'slitter', path: 'running' },
    { source: 'slitter', path: 'fault' },
    { source: 'slitter', path: 'Line/Speed' },
  ],
  areAllItems: true,
};
const NOTHING: KnownWorld = { sources: [], machines: [], items: [], areAllItems: true };

const told = (text: string, world: Partial<KnownWorld> = {}): string[] =>
  unknownNames(readOrFail(text).outside, { ...WORLD, ...world }).map(
    ({ line, column, path, code, detail }) => `${line}:${column} ${path} ${code}: ${detail}`,
  );

describe('names of a mapping that nothing known answers to', () => {
  it('says nothing of what is there', () => {
    expect(told(mapping())).toEqual([]);
    expect(
      told(
        mapping({
          sources: 'slitter: { type: modbus }, presses: { type: mqtt }',
          signals: 'a: { source: slitter, path: fault }',
        }),
      ),
    ).toEqual([]);
    expect(
      told(mapping({ signals: 'a: { path: LINE/SPEED, ignoreCase: true }\n  b: { paths: [old, fault] }' })),
    ).toEqual([]);
  });

  it.each<[string, Parameters<typeof mapping>[0], string[]]>([
    [
      'a machine',
      { machine: 'slit-1' },
      ["2:16 machine.id unknown_machine: nothing was heard of a machine 'slit-1' yet; did you mean 'slit-01'?"],
    ],
    [
      'a machine that is like no other',
      { machine: 'bender' },
      ["2:16 machine.id unknown_machine: nothing was heard of a machine 'bender' yet"],
    ],
    [
      'a source by its id, and none of its items beside it',
      { sources: 'plc: { type: modbus, id: sliter }', signals: 'running: { source: plc, register: runing }' },
      [
        "3:37 sources.plc.id unknown_source: no source 'sliter' is configured, and nothing was heard of one; did you mean 'slitter'?",
      ],
    ],
    [
      'a source by its alias, where there are several',
      { sources: 'slitter: { type: modbus }, press: { type: mqtt }', signals: 'a: { path: fault }' },
      [
        "3:39 sources.press unknown_source: no source 'press' is configured, and nothing was heard of one; did you mean 'presses'?",
      ],
    ],
    [
      'the type of a source that is named',
      { sources: 'plc: { type: opcua, id: slitter }' },
      ["3:25 sources.plc.type unknown_source: the source 'slitter' is of type modbus, not opcua"],
    ],
    [
      'the type of whichever source feeds the machine',
      { sources: 'plc: { type: mqtt }' },
      ["3:25 sources.plc.type unknown_source: nothing was heard of a source of type mqtt, but of 'slitter' (modbus)"],
    ],
    [
      'an item',
      { signals: 'running: { source: plc, register: runing }\n  speed: { paths: [speed, v] }' },
      [
        "5:37 signals.running.register unknown_path: 'slitter' has not told of 'runing' yet; did you mean 'running'?",
        "6:19 signals.speed.paths unknown_path: nothing has told of any of 'speed', 'v' yet; known: 'running', 'fault', 'Line/Speed'",
      ],
    ],
  ])('tells of %s', (_what, over, expected) => {
    expect(told(mapping(over))).toEqual(expected);
  });

  it('tells of no type where none is configured and the machine was not heard, but for what is posted', () => {
    const codes = (sources: string) =>
      told(mapping({ sources, signals: 'a: { path: a }' }), { ...NOTHING, machines: ['slit-01'] });
    expect(codes('plc: { type: modbus }')).toEqual([
      '3:25 sources.plc.type unknown_source: no source of type modbus is configured',
    ]);
    expect(codes('plc: { type: http }')).toEqual([]);
  });

  it('takes a source for known that was heard without being configured, whatever its type', () => {
    const world = { ...NOTHING, machines: ['slit-01'], items: [{ source: 'gateway', path: 'running' }] };
    expect(told(mapping({ sources: 'plc: { type: sparkplug, id: gateway }' }), world)).toEqual([]);
    expect(told(mapping({ sources: 'plc: { type: sparkplug }' }), world)).toEqual([]);
  });

  it('takes the recording of a peer for the peer', () => {
    const sources = [{ name: 'agent', type: 'mtconnect-recording' }];
    const world = { ...NOTHING, machines: ['slit-01'], sources, items: [{ source: 'agent', path: 'running' }] };
    expect(told(mapping({ sources: 'plc: { type: mtconnect }' }), world)).toEqual([]);
    expect(told(mapping({ sources: 'plc: { type: mtconnect }' }), { ...world, items: [] })).toEqual([]);
    expect(told(mapping({ sources: 'plc: { type: mtconnect, id: agent }' }), world)).toEqual([]);
    expect(told(mapping({ sources: 'plc: { type: shdr, id: agent }' }), world)).toHaveLength(1);
  });

  it('says nothing of items where not all of them are known, or the machine was never heard', () => {
    const text = mapping({ signals: 'a: { path: runing }' });
    expect(told(text, { areAllItems: false })).toEqual([]);
    expect(told(text, { items: [] })).toEqual([]);
  });

  it('ends soon, whatever there is of names', () => {
    const signals = Array.from({ length: 1_000 }, (_, n) => `s${n}: { paths: [p${n}x, q${n}y], ignoreCase: true }`);
    const { outside } = readOrFail(mapping({ signals: signals.join('\n  ') }));
    const items = Array.from({ length: 20_000 }, (_, n) => ({
      source: 'slitter',
      path: `p${n}/${'long'.repeat(8)}${n}`,
    }));
    const { result: warnings, cpuMs } = withCpuTime(() => unknownNames(outside, { ...WORLD, items }));
    expect(cpuMs).toBeLessThan(5_000);
    expect(warnings).toHaveLength(100);
  });
});
