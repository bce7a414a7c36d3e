import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describeRecordings, recordingPath } from '../../test-support/recordings';
import { type AgentModel, DeviceModelReader, removedPaths } from './device-model';
import { mtconnectSettings, routesOf } from './mtconnect-settings';
import { ucumOf } from './mtconnect-units';

const read = (text: string, size = 7): AgentModel => {
  const reader = new DeviceModelReader();
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
  return reader.end();
};

const PLANT = `<?xml version="1.0"?>
<m:MTConnectDevices xmlns:m="urn:mtconnect.org:MTConnectDevices:2.3"><m:Header instanceId="12" version="2.3.0.9"/><m:Devices>
  <m:Agent id="a" name="Agent" uuid="agent"><m:DataItems><m:DataItem id="a1" category="EVENT" type="DEVICE_ADDED"/></m:DataItems></m:Agent>
  <m:Device id="d1" name="SAW 1" uuid="u-1"><m:DataItems><m:DataItem id="avail" category="EVENT" type="AVAILABILITY"/></m:DataItems>
    <m:Components><m:Axes id="ax"><m:DataItems>
      <m:DataItem id="x" name="Xpos" category="SAMPLE" type="POSITION" subType="ACTUAL" units="MILLIMETER" nativeUnits="INCH"><m:Source>x</m:Source></m:DataItem>
      <m:DataItem id="v" name="vars" category="EVENT" type="VARIABLE" representation="DATA_SET"/></m:DataItems></m:Axes></m:Components></m:Device>
  <m:Device id="d2" uuid="u-2"/></m:Devices></m:MTConnectDevices>`;

it('tells devices and their data items', () => {
  const model = read(PLANT);
  expect([model.instanceId, model.version]).toEqual(['12', '2.3.0.9']);
  expect(model.devices.map(({ name, uuid, isAgent }) => [name, uuid, isAgent])).toEqual([
    ['Agent', 'agent', true],
    ['SAW 1', 'u-1', false],
    ['u-2', 'u-2', false],
  ]);
  const { items } = model.devices[1]!;
  expect([...items.keys()]).toEqual(['avail', 'x', 'v']);
  expect(items.get('x')).toEqual({
    id: 'x',
    name: 'Xpos',
    category: 'SAMPLE',
    type: 'POSITION',
    subType: 'ACTUAL',
    units: 'MILLIMETER',
    nativeUnits: 'INCH',
    representation: '',
  });
  expect(items.get('v')!.representation).toBe('DATA_SET');
});

it.each([
  ['<MTConnectStreams><Header instanceId="1"/></MTConnectStreams>', 'not_streams'],
  ['<MTConnectDevices/>', 'not_streams'],
  [
    '<MTConnectError><Header/><Errors><Error errorCode="NO_DEVICE">none</Error></Errors></MTConnectError>',
    'agent_error',
  ],
  [
    '<MTConnectError><Errors><NoDevice errorCode="NO_DEVICE"><ErrorMessage>none</ErrorMessage></NoDevice></Errors></MTConnectError>',
    'agent_error',
  ],
  ['<html/>', 'not_streams'],
  ['<!DOCTYPE html>', 'doctype'],
  ['<MTConnectDevices><Header instanceId="1"/>', 'truncated'],
])('refuses %.60s', (text, code) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code }));
});

describe('which machine a device is', () => {
  const model = read(PLANT);
  const routes = (settings: object) => {
    const { routes: found, problems } = routesOf(model, mtconnectSettings.parse({ url: 'http://a', ...settings }));
    return [...found.map(({ machine, device }) => `${machine}=${device.uuid}`), ...problems];
  };
  it.each([
    [{ devices: [{ device: 'SAW 1', machine: 'S1' }] }, ['S1=u-1']],
    [{ devices: [{ device: 'u-2', machine: 'S2' }] }, ['S2=u-2']],
    [{ devices: [{ device: 'SAW 9', machine: 'S9' }] }, ['The agent has no device "SAW 9", only: SAW 1, u-2.']],
    [{ machine: '{device}' }, ['SAW-1=u-1', 'u-2=u-2']],
    [{ machine: 'hall2.{uuid}' }, ['hall2.u-1=u-1', 'hall2.u-2=u-2']],
    [
      { machine: '-{device}' },
      ['The device "SAW 1" gives no name of a machine.', 'The device "u-2" gives no name of a machine.'],
    ],
  ])('%j', (settings, expected) => {
    expect(routes(settings)).toEqual(expected);
  });
});

it('tells the paths that a device has lost', () => {
  const device = read(PLANT).devices[1]!;
  const less = { ...device, items: new Map([...device.items].slice(1)) };
  expect(removedPaths(device, less)).toEqual(['avail']);
  expect(removedPaths(less, device)).toEqual([]);
});

it.each([
  ['a url that is none', { url: 'agent:5000', machine: '{device}' }, 'url', 'must be an http:// or https:// address'],
  ['neither devices nor machine', { url: 'http://a' }, 'devices', "needs either 'devices'"],
  [
    'both',
    { url: 'http://a', machine: '{device}', devices: [{ device: 'a', machine: 'a' }] },
    'devices',
    'needs either',
  ],
  ['a template of one machine for all', { url: 'http://a', machine: 'M' }, 'machine', 'must hold {device} or {uuid}'],
  [
    'a machine twice',
    {
      url: 'http://a',
      devices: [
        { device: 'a', machine: 'm' },
        { device: 'b', machine: 'm' },
      ],
    },
    'devices',
    'names "m" twice',
  ],
  ['a misspelt member', { url: 'http://a', machine: '{device}', mod: 'poll' }, '', 'mod'],
])('settings with %s are refused in words', (_, settings, path, words) => {
  const { error } = mtconnectSettings.safeParse(settings);
  expect(error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
    [path, expect.stringContaining(words)],
  ]);
});

describeRecordings('real models', () => {
  it.each([
    ['nist-sms-testbed', 'Devices.xml', ['GFAgie01', 'Mazak01']],
    ['mtconnect-okuma', 'Devices.xml.gz', ['OKUMA']],
  ])('%s', (set, file, devices) => {
    const bytes = readFileSync(recordingPath(set, file));
    const model = read((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), 4096);
    expect(model.devices.map(({ name }) => name)).toEqual(expect.arrayContaining(devices));
    const units = new Set(model.devices.flatMap(({ items }) => [...items.values()].map((item) => item.units)));
    units.delete('');
    expect(units.size).toBeGreaterThan(4);
    // one of them is a unit of its maker, and is not guessed
    expect([...units].filter((unit) => ucumOf(unit) === null).every((unit) => unit.startsWith('x:'))).toBe(true);
  });
});
