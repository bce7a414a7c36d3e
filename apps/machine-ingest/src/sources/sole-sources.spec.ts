import { randomBytes } from 'node:crypto';
import { encodeSource } from '@millrace/protocol';
import { clientIdOf } from '../signal-intake/mqtt/client-id';
import { mqttSourceKind } from '../signal-intake/mqtt/mqtt.source-kind';
import { registered, SourceRegistry } from '../signal-intake/source-registry';
import { SourceDirectory } from '../signal-intake/source-views';
import { sparkplugSourceKind } from '../signal-intake/sparkplug/sparkplug.source-kind';
import { SoleSources } from './sole-sources';
import { type SourceSettings, sealSettings } from './source-settings';

const key = randomBytes(32);
const registry = new SourceRegistry([registered(mqttSourceKind), registered(sparkplugSourceKind)]);
const topics = [{ filter: 'plant/#', machine: 'm-1' }];
const machines = [{ machine: 'm-1', group: 'G', node: 'N', device: 'D' }];

const stored = (tenant: string, name: string, type: 'mqtt' | 'sparkplug', more: SourceSettings) => {
  const given = {
    url: 'mqtt://broker:1883',
    password: 'secret',
    ...(type === 'mqtt' ? { topics } : { machines }),
    ...more,
  };
  const settings = sealSettings(key, randomBytes, { tenant, name }, registry.find(type)!.secrets, given);
  return { tenant, name, type, settings, given };
};
const readyOf = ({ type, given }: ReturnType<typeof stored>) => {
  const read = registry.find(type)!.read(given);
  if (read.kind === 'wrong') throw new Error(JSON.stringify(read.wrong));
  return read.source;
};

const press = stored('default', 'press', 'mqtt', { clientId: 'press' });
const line = stored('acme', 'line', 'sparkplug', { clientId: 'line' });
const hall = stored('default', 'hall', 'mqtt', {});

const directory = new SourceDirectory();
for (const { tenant, name, type, settings } of [press, line, hall]) {
  const record = { v: 1 as const, tenant, name, type, enabled: true, version: 1, createdAt: 1, settings };
  const { key: bytes, value } = encodeSource('sources', { tenant, name }, record);
  directory.apply({
    topic: 'sources',
    partition: 0,
    offset: 0n,
    timestamp: 0,
    key: Buffer.from(bytes!),
    value,
    headers: {},
  });
}
const sole = new SoleSources(registry, directory, key);
const own = [press, hall];
const against = (source: ReturnType<typeof stored>) => sole.against(readyOf(source), source, async () => own);

describe('one session of a broker', () => {
  it('is not given to a second source, of either kind that speaks MQTT', async () => {
    for (const type of ['mqtt', 'sparkplug'] as const)
      expect(await against(stored('default', 'other', type, { clientId: 'press' }))).toEqual({
        path: 'clientId',
        detail:
          'the source press has the clientId press at broker:1883, and each would throw the other out: give each its own, or leave it out',
      });
  });

  it('is known by the broker, however its address is written', async () => {
    const second = (url: string) => against(stored('default', 'other', 'mqtt', { clientId: 'press', url }));
    expect(await second('mqtt://Broker')).not.toBeNull();
    expect(await second('mqtt://broker:1884')).toBeNull();
    expect(await second('mqtt://elsewhere:1883')).toBeNull();
  });

  it('may be that of a source that gives no id', async () => {
    const clientId = clientIdOf({}, 'default', 'hall');
    expect((await against(stored('default', 'other', 'mqtt', { clientId })))?.detail).toMatch(/^the source hall has/);
    expect(await against(stored('default', 'other', 'mqtt', {}))).toBeNull();
  });

  it('is seen over tenants, without the names of another', async () => {
    const wrong = await against(stored('default', 'other', 'mqtt', { clientId: 'line' }));
    expect(wrong?.detail).toMatch(/^another source of this site has the clientId line/);
  });

  it('is its own when a source is changed', async () => {
    expect(await against({ ...press, given: { ...press.given, password: 'another' } })).toBeNull();
  });
});
