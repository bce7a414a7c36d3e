import { randomBytes } from 'node:crypto';
import type { ConfigurationWriter, WriteRequest } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { mqttSourceKind } from '../signal-intake/mqtt/mqtt.source-kind';
import { registered, SourceRegistry } from '../signal-intake/source-registry';
import { SourceDirectory, SourceStates } from '../signal-intake/source-views';
import { SaveSource } from './save-source.handler';
import { digestOf, SoleSources } from './sole-sources';
import { SourceViews } from './source-view';
import { ClaimTaken, type SourceTransaction, type StoredSource } from './sources.ports';

const TENANT = 'default';
const request: WriteRequest = { tenant: TENANT, actor: 'admin', idempotent: null };
const registry = new SourceRegistry([registered(mqttSourceKind)]);
const settingsOf = (clientId: string) => ({
  url: 'mqtt://broker:1883',
  clientId,
  topics: [{ filter: 'plant/#', machine: 'm-1' }],
});
const claimOf = (clientId: string, name: string): string | null => {
  const read = registry.find('mqtt')!.read(settingsOf(clientId));
  return read.kind === 'ready' ? digestOf(read.source.alone({ tenant: TENANT, name })) : null;
};

/** Rows as a database has them whose claims are each of one row. */
class Rows {
  readonly rows = new Map<string, StoredSource>();

  put(name: string, clientId: string, over: Partial<StoredSource> = {}): void {
    const at = new Date(0);
    const source = { tenant: TENANT, name, type: 'mqtt', enabled: true, version: 1, tried: true, claim: null };
    this.rows.set(name, { ...source, settings: settingsOf(clientId), createdAt: at, updatedAt: at, ...over });
  }

  get claims(): Record<string, string | null> {
    return Object.fromEntries([...this.rows].map(([name, { claim }]) => [name, claim]));
  }

  readonly find = async (name: string): Promise<StoredSource | null> => this.rows.get(name) ?? null;
  readonly list = async (): Promise<StoredSource[]> => [...this.rows.values()];

  readonly tx: SourceTransaction = {
    audit: { insert: async () => undefined } as never,
    lock: async () => undefined,
    list: this.list,
    find: this.find,
    save: async (source) => {
      const taken = [...this.rows.values()].some(({ name, claim }) => claim === source.claim && name !== source.name);
      if (source.claim !== null && taken) throw new ClaimTaken(source.name);
      this.rows.set(source.name, source);
    },
    delete: async (name) => void this.rows.delete(name),
  };
}

const saving = () => {
  const stored = new Rows();
  const key = randomBytes(32);
  const writer: Pick<ConfigurationWriter<SourceTransaction>, 'write'> = {
    write: async (_, work, prepare) => {
      await prepare?.();
      return (await work(stored.tx)).answer;
    },
  };
  const saves = new SaveSource(
    writer as ConfigurationWriter<SourceTransaction>,
    { find: (_, name) => stored.find(name), list: stored.list },
    {
      registry,
      trial: { requireReach: async () => undefined } as never,
      sole: new SoleSources(registry, new SourceDirectory(), key),
      views: new SourceViews(registry, new SourceStates(), key, Date.now),
      fixed: [],
      topics: { sources: 'sources', sourceState: 'source-state' },
      encryptionKey: key,
      random: randomBytes,
      now: Date.now,
      logger: silentLogger,
    },
  );
  const change = (name: string, asked: { enabled?: boolean; settings?: object }) =>
    saves.change(request, name, { try: false, ...asked } as never);
  return { stored, change };
};

describe('what a source has alone of its peer', () => {
  it('is known from any change, where a release has saved the source that knew nothing of it', async () => {
    for (const enabled of [true, false]) {
      const { stored, change } = saving();
      stored.put('press', 'press', { claim: claimOf('former', 'press'), enabled: !enabled });
      await change('press', { enabled });
      expect(stored.claims).toEqual({ press: claimOf('press', 'press') });
    }
  });

  it('is had by one of two that a release has saved which did not look, and either can be switched off', async () => {
    const { stored, change } = saving();
    stored.put('press', 'same');
    stored.put('line', 'same');
    const same = 'the source line has the clientId same at broker:1883';
    await expect(change('press', { enabled: true })).rejects.toMatchObject({
      problem: {
        code: 'invalid_request',
        errors: [{ path: 'settings.clientId', detail: expect.stringContaining(same) }],
      },
    });
    await change('press', { enabled: false });
    await change('line', { enabled: false });
    expect(stored.claims).toEqual({ press: null, line: null });
    await change('line', { settings: settingsOf('line') });
    await change('press', { enabled: true });
    expect(stored.claims).toEqual({ press: claimOf('same', 'press'), line: claimOf('line', 'line') });
  });

  it('stays as it was known, where the settings cannot be read', async () => {
    const { stored, change } = saving();
    stored.put('press', 'press', { claim: 'known', type: 'of another release' });
    await change('press', { enabled: false });
    expect(stored.claims).toEqual({ press: 'known' });
  });
});
