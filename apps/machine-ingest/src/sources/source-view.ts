import type { EncryptionKey } from '@millrace/domain';
import {
  type SourceRecord,
  type SourceState,
  type SourceStateView,
  type SourceView,
  sourceKey,
} from '@millrace/protocol';
import type { RegisteredKind, SourceRegistry } from '../signal-intake/source-registry';
import type { SourceStates } from '../signal-intake/source-views';
import { hiddenSettings, openSettings } from './source-settings';
import type { StoredSource } from './sources.ports';

const time = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

const NO_STATE: SourceStateView = {
  connection: 'waiting',
  since: null,
  reason: null,
  nextTryAt: null,
  session: null,
  received: 0,
  refused: 0,
  lastRefusedAt: null,
  gaps: 0,
  counts: {},
  rate: 0,
  lagMs: null,
  queued: 0,
  lastSignal: null,
  lastError: null,
  owner: null,
  at: null,
};

/** The state as the API shows it; that of a source of the same name that was deleted is none. */
const viewOfState = (
  state: SourceState | null,
  source: Pick<StoredSource, 'enabled' | 'createdAt'>,
  now: number,
): SourceStateView => {
  if (state === null || state.createdAt !== source.createdAt.getTime())
    return { ...NO_STATE, connection: source.enabled ? 'waiting' : 'stopped' };
  const { connection, counts, lastSignal, lastError } = state;
  const { received = 0, refused = 0, gaps = 0, ...others } = counts;
  const waits = state.owner === null && source.enabled && connection.state !== 'finished';
  return {
    connection: waits ? 'waiting' : connection.state,
    since: time(connection.since),
    reason: connection.reason,
    // A try whose time has come is under way.
    nextTryAt: time(connection.nextTryAt !== null && connection.nextTryAt > now ? connection.nextTryAt : null),
    session: connection.session,
    received,
    refused,
    lastRefusedAt: time(state.lastRefusedAt),
    gaps,
    counts: others,
    rate: state.owner === null ? 0 : Math.round(state.rate * 10) / 10,
    lagMs: state.lagMs,
    queued: state.queued,
    lastSignal: lastSignal && { ...lastSignal, at: time(lastSignal.at)! },
    lastError: lastError && { detail: lastError.detail, at: time(lastError.at)! },
    owner: state.owner,
    at: time(state.at),
  };
};

/** Makes the views of sources; what they are doing comes from the topic of their owners. */
export class SourceViews {
  constructor(
    private readonly registry: SourceRegistry,
    private readonly states: Pick<SourceStates, 'get'>,
    private readonly encryptionKey: EncryptionKey,
    /** Unix ms. */
    private readonly clock: () => number,
  ) {}

  of(source: StoredSource): SourceView {
    return this.view(source, { readOnly: false });
  }

  /** A source of the service's environment. */
  ofFixed(record: SourceRecord): SourceView {
    const at = new Date(record.createdAt);
    const view = this.view({ ...record, tried: false, claim: null, createdAt: at, updatedAt: at }, { readOnly: true });
    return { ...view, createdAt: null, updatedAt: null };
  }

  private view(source: StoredSource, { readOnly }: { readonly readOnly: boolean }): SourceView {
    const kind = this.registry.find(source.type);
    const settings = hiddenSettings(kind?.secrets ?? [], source.settings);
    return {
      name: source.name,
      type: source.type,
      enabled: source.enabled,
      // Of a kind that this release does not know, nothing tells which members are secrets.
      settings: kind === null ? {} : settings,
      machines: kind === null ? null : this.machinesOf(kind, source),
      url: kind?.url(source) ?? null,
      tried: source.tried,
      readOnly,
      version: source.version,
      createdAt: source.createdAt.toISOString(),
      updatedAt: source.updatedAt.toISOString(),
      state: viewOfState(this.states.get(sourceKey(source.tenant, source.name)), source, this.clock()),
    };
  }

  /** The settings are opened for it: a kind takes no `***` for a key. */
  private machinesOf(kind: RegisteredKind, source: StoredSource): string[] | null {
    try {
      const read = kind.read(openSettings(this.encryptionKey, source, kind.secrets, source.settings));
      return read.kind === 'ready' && read.source.machines !== null ? [...read.source.machines] : null;
    } catch {
      // Sealed with another key; its owner tells so in the state of the source.
      return null;
    }
  }
}
