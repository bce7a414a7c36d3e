import { setTimeout as delay } from 'node:timers/promises';
import type { EncryptionKey } from '@millrace/domain';
import { sourceKey } from '@millrace/protocol';
import { openSettings } from '../sources/source-settings';
import type { HttpSource, HttpSourceDirectory } from './http/push/http-source-directory';
import type { HttpSourceSettings } from './http/push/http-source-settings';
import type { SourceRegistry } from './source-registry';
import type { SourceDirectory } from './source-views';

/** Longest wait for a source that was made a moment ago, as for an API key. */
const CATCH_UP_MS = 1_000;

/** The sources that peers send to, from the view that every process has of all sources; each is opened once. */
export class ConfiguredHttpSources implements HttpSourceDirectory {
  private readonly opened = new Map<string, { readonly of: object; readonly source: HttpSource | null }>();

  constructor(
    private readonly directory: Pick<SourceDirectory, 'get'>,
    private readonly registry: SourceRegistry,
    private readonly encryptionKey: EncryptionKey,
    /** Resolves when the directory has all that is in Kafka now. */
    private readonly readToEnd: () => Promise<void>,
  ) {}

  async caughtUp(): Promise<void> {
    const inTime = new AbortController();
    const deadline = delay(CATCH_UP_MS, undefined, { signal: inTime.signal }).catch(() => undefined);
    await Promise.race([this.readToEnd().catch(() => undefined), deadline]);
    inTime.abort();
  }

  find(tenant: string, name: string): HttpSource | null {
    const key = sourceKey(tenant, name);
    const record = this.directory.get(key);
    if (record === null || !record.enabled || record.type !== 'http') {
      this.opened.delete(key);
      return null;
    }
    const held = this.opened.get(key);
    if (held?.of === record) return held.source;
    const source = this.open(tenant, name, record.settings);
    this.opened.set(key, { of: record, source });
    return source;
  }

  private open(tenant: string, name: string, sealed: { readonly [member: string]: unknown }): HttpSource | null {
    const kind = this.registry.find('http');
    if (kind === null) return null;
    try {
      const read = kind.read(openSettings(this.encryptionKey, { tenant, name }, kind.secrets, sealed));
      return read.kind === 'ready' ? { tenant, name, settings: read.source.settings as HttpSourceSettings } : null;
    } catch {
      // Sealed with another key: its owner tells so in the state of the source.
      return null;
    }
  }
}
