import type { SourceReach } from './signal-intake/source-kind';
import { SourceRegistry } from './signal-intake/source-registry';
import { sourceKinds } from './source-kinds';
import { SourceKindsController } from './sources/source-kinds.controller';

const registry = new SourceRegistry(sourceKinds());
const peer = (host: string, port: number, path: string): SourceReach => ({ kind: 'peer', host, port, path });
const folder = (name: string, path: string): SourceReach => ({ kind: 'folder', folder: name, path });

/** What a source may lead to is judged by what its kind says, so each kind has to say it. */
test.each<[string, object, SourceReach[]]>([
  ['files', { format: 'json', folder: '/drop', pattern: '*.json', machine: 'M-1' }, [folder('/drop', 'folder')]],
  ['http', { format: 'signals' }, []],
  ['mqtt', { url: 'mqtt://broker', topics: [{ filter: 'a', machine: 'M-1' }] }, [peer('broker', 1883, 'url')]],
  [
    'mtconnect',
    { url: 'http://[fd00::7]:5000/x', devices: [{ device: 'd', machine: 'M-1' }] },
    [peer('fd00::7', 5000, 'url')],
  ],
  ['mtconnect-recording', { file: '/r/day.xml', machine: 'M-1' }, [folder('/r/day.xml', 'file')]],
  [
    'opcua',
    { endpointUrl: 'opc.tcp://server:4841/x', machine: 'M-1', nodes: [{ nodeId: 'ns=2;s=A' }] },
    [peer('server', 4841, 'endpointUrl')],
  ],
  ['shdr', { host: '10.0.0.7', port: 7878, machine: 'M-1' }, [peer('10.0.0.7', 7878, 'host')]],
  ['shdr-recording', { file: '/r/day.txt', machine: 'M-1' }, [folder('/r/day.txt', 'file')]],
  ['sparkplug', { url: 'mqtts://broker', machines: [{ machine: '{node}' }] }, [peer('broker', 8883, 'url')]],
])('%s says what it leads to', (type, settings, reaches) => {
  const read = registry.find(type)!.read(settings);
  expect(read.kind === 'wrong' ? read.error.issues : []).toEqual([]);
  expect(read.kind === 'ready' && read.source.reaches).toEqual(reaches);
});

test('all kinds are told, each with the JSON Schema of its settings', () => {
  const { data } = new SourceKindsController(registry).list();
  expect(data.map(({ type }) => type)).toEqual([
    'files',
    'http',
    'mqtt',
    'mtconnect',
    'mtconnect-recording',
    'opcua',
    'shdr',
    'shdr-recording',
    'sparkplug',
  ]);
  for (const { says, settings } of data) {
    expect(says).toMatch(/^[A-Z].*\.$/);
    expect(Object.keys(settings as object).some((name) => ['properties', 'anyOf', 'oneOf'].includes(name))).toBe(true);
  }
});
