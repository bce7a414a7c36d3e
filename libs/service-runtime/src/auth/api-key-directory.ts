import { DEFAULT_TENANT } from '@millrace/domain';
import type { CompactedViewOptions, KafkaHealth } from '@millrace/kafka';
import { type ApiKeyRecord, decodeApiKey, type Scope } from '@millrace/protocol';
import type { KafkaWorker } from '../workers/worker';
import { apiKeyId, hashApiKey, matchesHash } from './api-key';

/** Who a request acts for. */
/** Id of the site's own key (`MILLRACE_ADMIN_KEY`); made keys have longer ids. */
export const SITE_KEY_ID = 'admin';

export interface ApiPrincipal {
  /** `SITE_KEY_ID` for the bootstrap key. */
  readonly keyId: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
}

export type Authentication =
  | { readonly kind: 'known'; readonly principal: ApiPrincipal }
  | {
      readonly kind: 'refused';
      readonly reason: 'malformed' | 'unknown' | 'wrong_secret' | 'expired';
      readonly keyId?: string;
    };

/** What the directory needs of Kafka: a view of the topic `api-keys`. */
export interface KeyView {
  start(): Promise<void>;
  waitForEnd(): Promise<void>;
  close(): Promise<void>;
  health(): KafkaHealth;
}

export interface ApiKeyDirectoryOptions {
  readonly topic: string;
  readonly adminKey: string | null;
  readonly now: () => number;
  readonly openView: (options: CompactedViewOptions) => KeyView;
}

/** Longest wait for a key that was made a moment ago. */
const CATCH_UP_MS = 1_000;
/** How long an id that is not in the topic is not looked for again, and how many such ids are remembered. */
const UNKNOWN_FOR_MS = 5_000;
const UNKNOWN_KEPT = 1_000;
const NO_KEY = hashApiKey('');

/** All API keys of the site in memory, from the compacted topic; a revocation is known as soon as its record arrives. */
export class ApiKeyDirectory implements KafkaWorker {
  private readonly keys = new Map<string, ApiKeyRecord>();
  private readonly unknownUntil = new Map<string, number>();
  private readonly adminHash: string | null;
  private readonly view: KeyView;
  private catchingUp: Promise<void> | null = null;

  constructor(private readonly options: ApiKeyDirectoryOptions) {
    this.adminHash = options.adminKey === null ? null : hashApiKey(options.adminKey);
    this.view = options.openView({
      topic: options.topic,
      onMessage: (message) => {
        const change = decodeApiKey(message);
        if (change === null) return;
        if (change.record === null) this.keys.delete(change.id);
        else this.keys.set(change.id, change.record);
        this.unknownUntil.delete(change.id);
      },
    });
  }

  start(): Promise<void> {
    return this.view.start();
  }

  stop(): Promise<void> {
    return this.view.close();
  }

  health(): KafkaHealth {
    return this.view.health();
  }

  /** The text after `Bearer `. */
  async authenticate(text: string): Promise<Authentication> {
    if (this.adminHash !== null && matchesHash(text, this.adminHash)) {
      return { kind: 'known', principal: { keyId: SITE_KEY_ID, tenant: DEFAULT_TENANT, scopes: ['admin'] } };
    }
    const id = apiKeyId(text);
    if (id === null) return { kind: 'refused', reason: 'malformed' };
    if (!this.keys.has(id)) await this.lookAgain(id);
    const record = this.keys.get(id);
    const right = matchesHash(text, record?.sha256 ?? NO_KEY);
    if (record === undefined) return { kind: 'refused', reason: 'unknown', keyId: id };
    if (!right) return { kind: 'refused', reason: 'wrong_secret', keyId: id };
    if (record.expiresAt !== null && record.expiresAt <= this.options.now()) {
      return { kind: 'refused', reason: 'expired', keyId: id };
    }
    return { kind: 'known', principal: { keyId: id, tenant: record.tenant, scopes: record.scopes } };
  }

  /** A key works directly after the 201 that made it, on every service: waits until what the topic holds now is read. */
  private async lookAgain(id: string): Promise<void> {
    const now = this.options.now();
    if ((this.unknownUntil.get(id) ?? 0) > now) return;
    this.catchingUp ??= this.catchUp().finally(() => {
      this.catchingUp = null;
    });
    await this.catchingUp;
    if (this.keys.has(id)) return;
    if (this.unknownUntil.size >= UNKNOWN_KEPT) this.unknownUntil.clear();
    this.unknownUntil.set(id, this.options.now() + UNKNOWN_FOR_MS);
  }

  private async catchUp(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CATCH_UP_MS);
    });
    // a broker that is away makes the key unknown for now; the guard's answer is the same 401
    await Promise.race([this.view.waitForEnd().catch(() => {}), deadline]);
    clearTimeout(timer);
  }
}
