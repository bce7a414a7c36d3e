import { compileFilter, type Endpoint, patternsFor } from '@millrace/domain';

/** An endpoint made ready for matching. */
export interface DirectoryEntry {
  readonly endpoint: Endpoint;
  readonly matchesData: ((data: unknown) => boolean) | null;
}

/**
 * Endpoints by id, and by tenant and type pattern, so that the cost of an event is that of its matches, however many
 * endpoints there are. An event type has few patterns (itself, its dotted prefixes, `*`): those are the look-ups.
 */
export class MatchIndex {
  private readonly entries = new Map<string, DirectoryEntry>();
  /** tenant → pattern → endpoint ids. */
  private readonly byPattern = new Map<string, Map<string, Set<string>>>();

  /** Ignores a version older than the one held: configuration may be relayed twice. */
  put(endpoint: Endpoint): void {
    const held = this.entries.get(endpoint.id);
    if (held && held.endpoint.version > endpoint.version) return;
    if (held) this.unlink(held.endpoint);
    const hasFilter = endpoint.filter !== null && Object.keys(endpoint.filter).length > 0;
    this.entries.set(endpoint.id, { endpoint, matchesData: hasFilter ? compileFilter(endpoint.filter!) : null });
    let patterns = this.byPattern.get(endpoint.tenant);
    if (!patterns) {
      patterns = new Map();
      this.byPattern.set(endpoint.tenant, patterns);
    }
    for (const pattern of endpoint.eventTypes) {
      let ids = patterns.get(pattern);
      if (!ids) {
        ids = new Set();
        patterns.set(pattern, ids);
      }
      ids.add(endpoint.id);
    }
  }

  delete(id: string): void {
    const held = this.entries.get(id);
    if (!held) return;
    this.unlink(held.endpoint);
    this.entries.delete(id);
  }

  get(id: string): DirectoryEntry | undefined {
    return this.entries.get(id);
  }

  get size(): number {
    return this.entries.size;
  }

  /** Endpoints that want the event, each once. The data is parsed at most once, and only when a filter asks for it. */
  match(event: { readonly tenant: string; readonly type: string; readonly data: string }): DirectoryEntry[] {
    const patterns = this.byPattern.get(event.tenant);
    if (!patterns) return [];
    const found = new Map<string, DirectoryEntry>();
    let data: unknown;
    let parsed = false;
    for (const pattern of patternsFor(event.type)) {
      for (const id of patterns.get(pattern) ?? []) {
        if (found.has(id)) continue;
        const entry = this.entries.get(id)!;
        if (entry.matchesData) {
          if (!parsed) {
            data = JSON.parse(event.data);
            parsed = true;
          }
          if (!entry.matchesData(data)) continue;
        }
        found.set(id, entry);
      }
    }
    return [...found.values()];
  }

  private unlink(endpoint: Endpoint): void {
    const patterns = this.byPattern.get(endpoint.tenant);
    for (const pattern of endpoint.eventTypes) {
      const ids = patterns?.get(pattern);
      ids?.delete(endpoint.id);
      if (ids?.size === 0) patterns?.delete(pattern);
    }
    if (patterns?.size === 0) this.byPattern.delete(endpoint.tenant);
  }
}
