import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { filesSourceKind } from './files.kind';
import { DropFolder } from './files-folder.fixture';
import { type FilesSettings, filesSettings } from './files-settings';

let drop: DropFolder;
let dropped = 0;

beforeEach(async () => {
  drop = await DropFolder.make();
});
afterEach(() => drop.end());

const peer = (): SourcePeer<FilesSettings> => {
  let last = '';
  return {
    settings: () =>
      filesSettings.parse({
        format: 'csv',
        folder: drop.path,
        pattern: '*.csv',
        machine: 'press-1',
        columns: [{ column: 'count', path: 'count', type: 'int64' }],
        settleMs: 50,
        scanEveryMs: 100,
      }),
    path: 'count',
    start: () => drop.make(),
    kill: () => drop.remove(),
    say: async (values) => {
      last = `file,count\n${values.map((value) => `${dropped},${value}\n`).join('')}`;
      await drop.drop(`run-${String(++dropped).padStart(6, '0')}.csv`, last);
    },
    repeat: () => drop.drop(`run-${String(++dropped).padStart(6, '0')}-again.csv`, last),
    garbage: {
      send: () =>
        drop.drop(`bad-${++dropped}.csv`, Buffer.from(`file,count\n1,${'\u00ff'}x\n"open,2\n\n1,2,3\n`, 'latin1')),
      refused: true,
    },
    freeze: null,
    keepsForAbsent: true,
  };
};

describe('a folder of files', () => {
  itConforms({
    kind: filesSourceKind,
    makePeer: peer,
    folder: () => '',
    // ten files, one of which is being read
    outage: { values: 500, queues: 1, mostQueued: 10 },
    cannot: { freeze: 'a folder holds no line' },
  });
});
