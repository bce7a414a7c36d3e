import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAddressRange, ReachGuard, type ReachSettings } from './reach-guard';

const NAMES: { readonly [name: string]: readonly string[] } = {
  'agent.plant': ['10.20.1.7'],
  'two.plant': ['10.20.1.7', '192.168.1.9'],
  'public.example': ['93.184.216.34'],
  kafka: ['10.20.9.9'],
  localhost: ['127.0.0.1', '::1'],
};
const resolve = async (host: string) => {
  const found = NAMES[host];
  if (found === undefined) throw new Error('ENOTFOUND');
  return found;
};
const base: ReachSettings = {
  addresses: null,
  insecure: 'deny',
  own: ['kafka:9092', '127.0.0.1:5432', 'api.example.com'],
  folders: [],
};
const peer = (host: string, port = 5000) => ({ kind: 'peer', host, port, path: 'host' }) as const;
const judged = async (settings: Partial<ReachSettings>, host: string, port?: number) =>
  (await new ReachGuard({ ...base, ...settings }, resolve).judge('default', [peer(host, port)])).kind;

test.each<[string, Partial<ReachSettings>, string, number | undefined, string]>([
  ['public', {}, 'public.example', 5000, 'allowed'],
  ['private, by default', {}, 'agent.plant', 5000, 'refused'],
  ['private, where that is allowed', { insecure: 'allow' }, 'agent.plant', 5000, 'allowed'],
  ['this host, where that is allowed', { insecure: 'allow' }, '127.0.0.1', 5000, 'allowed'],
  ['in a range', { addresses: ['10.20.0.0/16'] }, 'agent.plant', 5000, 'allowed'],
  ['one of two addresses in no range', { addresses: ['10.20.0.0/16'] }, 'two.plant', 5000, 'refused'],
  ['public, where ranges are named', { addresses: ['10.20.0.0/16'] }, 'public.example', 5000, 'refused'],
  [
    'in no range, although private is allowed',
    { addresses: ['10.0.0.0/16'], insecure: 'allow' },
    'agent.plant',
    5000,
    'refused',
  ],
  ['v4-mapped', { addresses: ['10.20.0.0/16'] }, '::ffff:10.20.1.7', 5000, 'allowed'],
  ['of Kafka by its name', { addresses: ['0.0.0.0/0'] }, 'kafka', 9092, 'refused'],
  ['of Kafka by its address', { addresses: ['0.0.0.0/0'] }, '10.20.9.9', 9092, 'refused'],
  ['of Kafka by its mapped address', { addresses: ['::/0', '0.0.0.0/0'] }, '::ffff:10.20.9.9', 9092, 'refused'],
  ['beside Kafka, on another port', { addresses: ['10.20.0.0/16'] }, '10.20.9.9', 5000, 'allowed'],
  ['of PostgreSQL by another name', { insecure: 'allow' }, 'localhost', 5432, 'refused'],
  ['of the API on any port', { insecure: 'allow' }, 'api.example.com', 1, 'refused'],
  ['of a metadata service', { addresses: ['0.0.0.0/0'] }, '169.254.169.254', 80, 'refused'],
  ['of a metadata service by its name', { addresses: ['0.0.0.0/0'] }, 'metadata.google.internal', 80, 'refused'],
  ['reserved', { insecure: 'allow' }, '192.0.2.1', 5000, 'refused'],
  ['of a name that has none', {}, 'nowhere.plant', 5000, 'unknown'],
])('an address: %s', async (_, settings, host, port, expected) => {
  expect(await judged(settings, host, port)).toBe(expected);
});

test('a lookup refuses what a name has come to lead to', async () => {
  let address = '93.184.216.34';
  const guard = new ReachGuard(base, async (host) => (host === 'moving.example' ? [address] : resolve(host)));
  const look = () =>
    new Promise<string>((settled) =>
      guard.lookupFor([peer('moving.example')])('moving.example', {}, (error, found) =>
        settled(error === null ? String(found) : error.message),
      ),
    );
  expect(await look()).toBe('93.184.216.34');
  address = '10.0.0.1';
  expect(await look()).toMatch(/a private address/);
});

test('files: below a named folder, links followed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-reach-'));
  try {
    for (const folder of ['drop', 'drop/line-1', 'drop-2', 'secret']) mkdirSync(join(root, folder));
    symlinkSync(join(root, 'secret'), join(root, 'drop', 'link'));
    symlinkSync(join(root, 'drop'), join(root, 'named'));
    const guard = new ReachGuard({ ...base, folders: [{ tenant: 'default', folder: join(root, 'named') }] }, resolve);
    const kindOf = async (folder: string) =>
      (await guard.judge('default', [{ kind: 'folder', folder, path: 'folder' }])).kind;
    expect(await kindOf(join(root, 'drop'))).toBe('allowed');
    expect(await kindOf(join(root, 'drop/line-1'))).toBe('allowed');
    expect(await kindOf(join(root, 'drop/../secret'))).toBe('refused');
    expect(await kindOf(join(root, 'drop-2'))).toBe('refused');
    expect(await kindOf(join(root, 'drop/link'))).toBe('refused');
    expect(await kindOf(join(root, 'drop/none'))).toBe('unknown');
    expect(await kindOf(join(root, 'named/none'))).toBe('unknown');
    expect(await kindOf(join(root, 'secret/none'))).toBe('refused');
    expect(await kindOf('drop')).toBe('refused');
    const none = await new ReachGuard(base, resolve).judge('default', [
      { kind: 'folder', folder: root, path: 'folder' },
    ]);
    expect(none).toMatchObject({ kind: 'refused', detail: expect.stringContaining('MILLRACE_SOURCE_FOLDERS') });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('files: of the tenant whose folder it is, and of nobody else', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-reach-'));
  try {
    for (const folder of ['own', 'acme', 'acme/own', 'own/acme']) mkdirSync(join(root, folder));
    symlinkSync(join(root, 'acme'), join(root, 'own', 'link'));
    symlinkSync(join(root, 'own'), join(root, 'acme', 'link'));
    const guard = new ReachGuard(
      {
        ...base,
        folders: [
          { tenant: 'default', folder: join(root, 'own') },
          { tenant: 'acme', folder: join(root, 'acme') },
          { tenant: 'nested', folder: join(root, 'own', 'acme') },
        ],
      },
      resolve,
    );
    const judge = async (tenant: string, folder: string) =>
      guard.judge(tenant, [{ kind: 'folder', folder: join(root, folder), path: 'folder' }]);
    const kindOf = async (tenant: string, folder: string) => (await judge(tenant, folder)).kind;
    expect(await kindOf('default', 'own')).toBe('allowed');
    expect(await kindOf('acme', 'acme/own')).toBe('allowed');
    expect(await kindOf('acme', 'own')).toBe('refused');
    expect(await kindOf('default', 'acme')).toBe('refused');
    expect(await kindOf('default', 'own/link')).toBe('refused');
    expect(await kindOf('acme', 'acme/link')).toBe('refused');
    expect(await kindOf('acme', 'own/none')).toBe('refused');
    expect(await kindOf('acme', 'acme/none')).toBe('unknown');
    // the nearest folder that is named says whose it is
    expect(await kindOf('default', 'own/acme')).toBe('refused');
    expect(await kindOf('default', 'own/acme/none')).toBe('refused');
    expect(await kindOf('nested', 'own/acme')).toBe('allowed');
    expect(await judge('other', 'own')).toMatchObject({
      kind: 'refused',
      detail:
        'Sources of the tenant other may read no files here; `other=/a/folder` in MILLRACE_SOURCE_FOLDERS lets them.',
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.each([
  ['10.0.0.0/8', true],
  ['fd00::/8', true],
  ['10.0.0.7', false],
  ['10.0.0.0/33', false],
  ['plant/8', false],
])('the range %s', (text, good) => {
  expect(isAddressRange(text)).toBe(good);
});
