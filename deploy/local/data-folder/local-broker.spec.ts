import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { identityOf } from '../process/process-identity';
import { localBroker } from './local-broker';

const PORTS = { kafka: 19092, postgres: 15432 };
const RUNNING = identityOf(process.pid);
/** The number is used again, by a process that began later. */
const ENDED = { pid: process.pid, began: '1' };

describe('the Kafka of a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-broker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const note = (files: { readonly [name: string]: unknown }) => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
  };

  it('is where the ports say, when its process runs', () => {
    note({ 'ports.json': PORTS, 'processes/kafka.json': RUNNING });
    expect(localBroker(folder)).toEqual({ kind: 'running', address: '127.0.0.1:19092' });
  });

  it.each([
    ['an empty folder', {}, 'absent'],
    ['ports that cannot be read', { 'ports.json': '{', 'processes/kafka.json': RUNNING }, 'absent'],
    ['ports without that of Kafka', { 'ports.json': '{}', 'processes/kafka.json': RUNNING }, 'absent'],
    ['ports that are null', { 'ports.json': 'null' }, 'absent'],
    ['a stack that was stopped', { 'ports.json': PORTS }, 'down'],
    [
      'a stack that was killed',
      {
        'ports.json': PORTS,
        'processes/kafka.json': ENDED,
        'launcher.json': { ...ENDED, url: 'http://localhost:8080' },
      },
      'down',
    ],
    ['a process without an identity', { 'ports.json': PORTS, 'processes/kafka.json': {} }, 'down'],
    ['a launcher whose Kafka does not run', { 'ports.json': PORTS, 'launcher.json': RUNNING }, 'no-broker'],
  ])('is not there: %s', (_name, files, kind) => {
    note(files);
    expect(localBroker(folder)).toEqual({ kind });
  });
});
