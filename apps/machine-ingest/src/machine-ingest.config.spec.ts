import { readEnvironment, WrongSettings } from '@millrace/service-runtime';
import {
  machineIngestEnvironment,
  machineTwice,
  readMtconnectRecordings,
  readShdrSources,
} from './machine-ingest.config';

describe('MILLRACE_SHDR_SOURCES', () => {
  it.each([
    [undefined, []],
    ['[]', []],
    [
      '[{"machine":"RF-1","host":"10.0.0.7","port":7878}]',
      [{ tenant: 'default', machine: 'RF-1', host: '10.0.0.7', port: 7878 }],
    ],
    ['[{"machine":"M","tenant":"acme","file":"/r/m.txt.gz"}]', [{ tenant: 'acme', machine: 'M', file: '/r/m.txt.gz' }]],
  ])('%s', (text, expected) => {
    expect(readShdrSources(text)).toEqual(expected);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['{}', 'it is not a list'],
    ['[7]', 'entry 0 is not an object'],
    ['[{"machine":"a b","file":"x"}]', "entry 0 needs 'machine'"],
    ['[{"machine":"M"}]', "entry 0 needs either 'file'"],
    ['[{"machine":"M","host":"h","port":0}]', "entry 0 needs 'port'"],
    ['[{"machine":"M","host":"h","port":1,"file":"x"}]', "entry 0 needs either 'file'"],
    ['[{"machine":"M","file":"x"},{"machine":"M","file":"y"}]', 'it names the machine M twice'],
  ])('refuses %s', (text, message) => {
    expect(() => readShdrSources(text)).toThrow(message);
  });
});

describe('MILLRACE_MTCONNECT_RECORDINGS', () => {
  it.each([
    [undefined, []],
    [
      '[{"machine":"M","file":"/r/m.xml.gz"}]',
      [{ tenant: 'default', machine: 'M', file: '/r/m.xml.gz', device: null }],
    ],
    [
      '[{"machine":"M","tenant":"acme","file":"m.xml","device":"d1"}]',
      [{ tenant: 'acme', machine: 'M', file: 'm.xml', device: 'd1' }],
    ],
  ])('%s', (text, expected) => {
    expect(readMtconnectRecordings(text)).toEqual(expected);
  });

  it.each([
    ['[{"machine":"M"}]', "entry 0 needs 'file'"],
    ['[{"machine":"M","file":7}]', "entry 0 needs 'file'"],
    ['[{"machine":"M","file":"x","device":7}]', "entry 0 has a 'device'"],
    ['[{"machine":"M","file":"x"},{"machine":"M","file":"y"}]', 'it names the machine M twice'],
  ])('refuses %s', (text, message) => {
    expect(() => readMtconnectRecordings(text)).toThrow(message);
  });

  it('may not name a machine that has an SHDR source', () => {
    const mtconnectRecordings = readMtconnectRecordings('[{"machine":"M","file":"x"}]');
    const shdr = (text: string) => ({ shdrSources: readShdrSources(text), mtconnectRecordings });
    expect(machineTwice(shdr('[{"machine":"M","file":"y"}]'))).toBe('M');
    expect(machineTwice(shdr('[{"machine":"M","file":"y","tenant":"acme"}]'))).toBeNull();
  });
});

describe('what sources may reach', () => {
  const read = (env: NodeJS.ProcessEnv) => readEnvironment(env, machineIngestEnvironment);

  it('is what the site says, and by default no list and no folder', () => {
    expect(read({})).toMatchObject({ sourceAddresses: null, sourceFolders: [], sourceState: null });
    expect(
      read({
        MILLRACE_SOURCE_ADDRESSES: '10.20.0.0/16, fd12::/48',
        MILLRACE_SOURCE_FOLDERS: '/srv/drop, acme=/srv/erp=1',
        MILLRACE_SOURCE_STATE: '/var/lib/millrace',
      }),
    ).toMatchObject({
      sourceAddresses: ['10.20.0.0/16', 'fd12::/48'],
      sourceFolders: [
        { tenant: 'default', folder: '/srv/drop' },
        { tenant: 'acme', folder: '/srv/erp=1' },
      ],
      sourceState: '/var/lib/millrace',
    });
  });

  it.each([
    [{ MILLRACE_SOURCE_ADDRESSES: '10.20.0.0' }, 'MILLRACE_SOURCE_ADDRESSES is "10.20.0.0"'],
    [{ MILLRACE_SOURCE_ADDRESSES: 'plant.example/8' }, 'MILLRACE_SOURCE_ADDRESSES'],
    [{ MILLRACE_SOURCE_FOLDERS: 'drop' }, 'MILLRACE_SOURCE_FOLDERS is "drop"'],
    [{ MILLRACE_SOURCE_FOLDERS: '/srv,a b=/srv' }, 'MILLRACE_SOURCE_FOLDERS is "/srv,a b=/srv"'],
    [{ MILLRACE_SOURCE_FOLDERS: 'acme=drop' }, 'MILLRACE_SOURCE_FOLDERS is "acme=drop"'],
    [{ MILLRACE_SOURCE_FOLDERS: 'acme=/srv,/srv/' }, 'MILLRACE_SOURCE_FOLDERS is "acme=/srv,/srv/"'],
    [{ MILLRACE_SOURCE_STATE: 'state' }, 'MILLRACE_SOURCE_STATE is "state"'],
  ])('refuses %j', (env, text) => {
    expect(() => read(env)).toThrow(WrongSettings);
    expect(() => read(env)).toThrow(text);
  });
});
