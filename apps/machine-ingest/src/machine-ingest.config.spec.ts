import { readShdrSources } from './machine-ingest.config';

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
