import { randomBytes } from 'node:crypto';
import { encodeApiKey, type IncomingMessage } from '@millrace/protocol';
import { apiKeyId, generateApiKey, readScopes } from './api-key';
import { ApiKeyDirectory, type KeyView } from './api-key-directory';

const NOW = 1_000_000;

/** A topic that is read only when somebody asks for its end. */
class LazyTopic implements KeyView {
  onMessage: (message: IncomingMessage) => void = () => {};
  waits = 0;
  private readonly unread: IncomingMessage[] = [];
  put(id: string, record: Parameters<typeof encodeApiKey>[2]): void {
    const { key, value, topic } = encodeApiKey('api-keys', id, record);
    this.unread.push({ topic, partition: 0, offset: 0n, timestamp: 0, key: Buffer.from(key!), value, headers: {} });
  }
  async start(): Promise<void> {
    this.read();
  }
  async waitForEnd(): Promise<void> {
    this.waits++;
    this.read();
  }
  async close(): Promise<void> {}
  health() {
    return { alive: true, reason: null };
  }
  private read(): void {
    for (const message of this.unread.splice(0)) this.onMessage(message);
  }
}

describe('API keys', () => {
  let topic: LazyTopic;
  let directory: ApiKeyDirectory;
  let now: number;
  const key = generateApiKey(randomBytes);
  const record = {
    v: 1,
    id: key.id,
    tenant: 'acme',
    name: 'n',
    sha256: key.sha256,
    scopes: ['events:write'],
    expiresAt: null,
  } as const;

  beforeEach(async () => {
    now = NOW;
    topic = new LazyTopic();
    directory = new ApiKeyDirectory({
      topic: 'api-keys',
      adminKey: 'mr_bootstrap-key-of-the-site',
      now: () => now,
      openView: (options) => {
        topic.onMessage = options.onMessage;
        return topic;
      },
    });
    await directory.start();
  });

  it('have the form mr_<id>_<secret>, and are never the same', () => {
    expect(key.text).toMatch(/^mr_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}$/);
    expect(apiKeyId(key.text)).toBe(key.id);
    expect(generateApiKey(randomBytes).text).not.toBe(key.text);
  });

  it('work directly after they were made, although the view has not read them yet', async () => {
    topic.put(key.id, record);
    expect(await directory.authenticate(key.text)).toEqual({
      kind: 'known',
      principal: { keyId: key.id, tenant: 'acme', scopes: ['events:write'] },
    });
  });

  it.each<[string, string, string]>([
    ['one bit off', `${key.text.slice(0, -1)}${key.text.endsWith('A') ? 'B' : 'A'}`, 'wrong_secret'],
    ['truncated', key.text.slice(0, -1), 'wrong_secret'],
    ['with something added', `${key.text}A`, 'wrong_secret'],
    ['of an id that does not exist', key.text.replace(key.id, 'AAAAAAAAAAAA'), 'unknown'],
    ['of no form', 'mr_', 'malformed'],
    ['of another product', 'sk_live_0123456789', 'malformed'],
    ['almost the admin key', 'mr_bootstrap-key-of-the-sitf', 'malformed'],
  ])('refuses a key %s', async (_, text, reason) => {
    topic.put(key.id, record);
    expect(await directory.authenticate(text)).toMatchObject({ kind: 'refused', reason });
  });

  it('end with their expiry, and with their revocation', async () => {
    topic.put(key.id, { ...record, expiresAt: NOW + 1 });
    expect((await directory.authenticate(key.text)).kind).toBe('known');
    now = NOW + 1;
    expect(await directory.authenticate(key.text)).toMatchObject({ reason: 'expired' });
    topic.put(key.id, null);
    await topic.waitForEnd();
    expect(await directory.authenticate(key.text)).toMatchObject({ reason: 'unknown' });
  });

  it('the admin key is tenant default with all scopes', async () => {
    expect(await directory.authenticate('mr_bootstrap-key-of-the-site')).toEqual({
      kind: 'known',
      principal: { keyId: 'admin', tenant: 'default', scopes: ['admin'] },
    });
  });

  it('guessing does not make the view ask the broker each time; a key made meanwhile works all the same', async () => {
    const unknown = key.text;
    for (let n = 0; n < 20; n++) await directory.authenticate(unknown);
    expect(topic.waits).toBe(1);
    topic.put(key.id, record);
    now += 6_000;
    expect((await directory.authenticate(key.text)).kind).toBe('known');
  });

  it('scopes are read with their aliases', () => {
    expect(readScopes(['agents:read', 'deliveries:read', 'admin', 'root', '__proto__'])).toEqual({
      scopes: ['deliveries:read', 'admin'],
      unknown: ['root', '__proto__'],
    });
  });
});
