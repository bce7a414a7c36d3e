import {
  decodeSource,
  decodeSourceIntake,
  decodeSourceState,
  type IncomingMessage,
  type SourceIntake,
  type SourceRecord,
  type SourceState,
  sourceKey,
} from '@millrace/protocol';

/** All sources as they are configured, from the compacted topic `sources`. */
export class SourceDirectory {
  private readonly sources = new Map<string, SourceRecord>();

  /** Rises with every change. */
  revision = 0;

  /** Told of each change with the key of the source. */
  onChange: (key: string) => void = () => undefined;

  /** @param fixed sources that no topic tells: those of the service's environment */
  constructor(readonly fixed: readonly SourceRecord[] = []) {
    for (const source of fixed) this.sources.set(sourceKey(source.tenant, source.name), source);
  }

  apply(message: IncomingMessage): void {
    const change = decodeSource(message);
    if (change.kind === 'unreadable') return;
    if (change.kind === 'put') this.sources.set(change.key, change.source);
    else this.sources.delete(change.key);
    this.revision++;
    this.onChange(change.key);
  }

  get(key: string): SourceRecord | null {
    return this.sources.get(key) ?? null;
  }

  keys(): string[] {
    return [...this.sources.keys()];
  }

  all(): IterableIterator<SourceRecord> {
    return this.sources.values();
  }

  isFixed(source: SourceRecord): boolean {
    return this.fixed.includes(source);
  }
}

/** A state that is older says nothing of its owner: one that lives writes every few seconds. */
const ALIVE_MS = 30_000;

/** Sources that are to run, and that no process has said lately to run. A recording that is at its end needs none. */
export const unownedSources = (
  directory: Pick<SourceDirectory, 'all'>,
  states: Pick<SourceStates, 'get'>,
  now: number,
): number =>
  [...directory.all()].filter((source) => {
    const state = states.get(sourceKey(source.tenant, source.name));
    if (!source.enabled) return false;
    if (state === null || state.createdAt !== source.createdAt) return now - source.createdAt > ALIVE_MS;
    if (state.connection.state === 'finished') return false;
    return state.owner === null || now - state.at > ALIVE_MS;
  }).length;

/** How each source is doing, from the compacted topic `source-state`: written by its owner, answered by every instance. */
export class SourceStates {
  private readonly states = new Map<string, SourceState>();
  private readonly waiting = new Set<() => void>();

  /** Told of what peers have sent to a source, by whichever process took it. */
  onTaken: (key: string, intake: SourceIntake) => void = () => undefined;

  apply(message: IncomingMessage): void {
    const intake = decodeSourceIntake(message);
    if (intake !== null) {
      this.onTaken(sourceKey(intake.tenant, intake.name), intake);
      return;
    }
    const change = decodeSourceState(message);
    if (change.kind === 'unreadable') return;
    if (change.kind === 'put') this.states.set(change.key, change.state);
    else this.states.delete(change.key);
    for (const look of this.waiting) look();
  }

  get(key: string): SourceState | null {
    return this.states.get(key) ?? null;
  }

  /** Resolves when another process than `owner` has given the source up, or after `withinMs`. */
  givenUp(key: string, owner: string, withinMs: number): Promise<void> {
    const held = (): boolean => {
      const now = this.states.get(key)?.owner ?? null;
      return now !== null && now !== owner;
    };
    if (!held()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (!held()) done();
      };
      const timer = setTimeout(done, withinMs);
      this.waiting.add(look);
    });
  }
}
