import {
  type Endpoint,
  type FilterAttributes,
  type FilterInput,
  isOperationalEvent,
  patternsFor,
  readRunReceiverId,
} from '@millrace/domain';
import { MatchEntry } from './match-entry';
import { PatternEntries } from './pattern-entries';

/** An endpoint as the directory holds it; another object after each change. */
export interface DirectoryEntry {
  readonly endpoint: Endpoint;
}

/** What matching has to know of an event. */
export interface MatchableEvent extends FilterAttributes {
  readonly tenant: string;
  /** JSON text. */
  readonly data: string;
}

/**
 * Endpoints by id, and by tenant, type pattern and values that their filters ask for, so that an event costs what its matches
 * cost, however many endpoints there are. An event type has few patterns (itself, its dotted prefixes, `*`).
 */
export class MatchIndex {
  private readonly entries = new Map<string, MatchEntry>();
  /** By tenant, those that stand for run URLs. */
  private readonly runUrls = new Map<string, MatchEntry>();
  /** tenant → pattern → endpoints. */
  private readonly byTenant = new Map<string, Map<string, PatternEntries>>();

  /** Ignores a version older than the one held: configuration may be relayed twice. */
  put(endpoint: Endpoint): void {
    const held = this.entries.get(endpoint.id);
    if (held && held.endpoint.version > endpoint.version) return;
    if (held) this.unlink(held);
    const entry = new MatchEntry(endpoint);
    this.entries.set(endpoint.id, entry);
    if (endpoint.runUrls) this.runUrls.set(endpoint.tenant, entry);
    let patterns = this.byTenant.get(endpoint.tenant);
    if (!patterns) {
      patterns = new Map();
      this.byTenant.set(endpoint.tenant, patterns);
    }
    for (const pattern of new Set(endpoint.eventTypes)) {
      let entries = patterns.get(pattern);
      if (!entries) {
        entries = new PatternEntries();
        patterns.set(pattern, entries);
      }
      entries.add(entry);
    }
  }

  delete(id: string): void {
    const held = this.entries.get(id);
    if (!held) return;
    this.unlink(held);
    this.entries.delete(id);
  }

  /** Also a receiver of run URLs, by its own id: the endpoint that stands for them, at that receiver's origin. */
  get(id: string): DirectoryEntry | undefined {
    const held = this.entries.get(id);
    if (held) return held;
    const receiver = readRunReceiverId(id);
    const standing = receiver && this.entries.get(receiver.endpointId);
    if (!receiver || !standing?.endpoint.runUrls) return undefined;
    return runReceiver(standing, id, receiver.origin);
  }

  /** The endpoint that stands for the run URLs of a tenant. */
  runUrlsOf(tenant: string): Endpoint | undefined {
    return this.runUrls.get(tenant)?.endpoint;
  }

  get size(): number {
    return this.entries.size;
  }

  /**
   * Endpoints that want the event, each once. The data is parsed at most once, and only when a filter asks for it. An
   * operational event is not for the endpoint that it is about.
   */
  match(event: MatchableEvent): DirectoryEntry[] {
    const patterns = this.byTenant.get(event.tenant);
    if (!patterns) return [];
    const input = new EventInput(event);
    const about = isOperationalEvent(event) ? event.subject : null;
    const found = new Set<MatchEntry>();
    for (const pattern of patternsFor(event.type))
      patterns.get(pattern)?.forEachCandidate(input, (entry) => {
        if (entry.endpoint.id !== about && !found.has(entry) && entry.wants(input)) found.add(entry);
      });
    return [...found];
  }

  private unlink(entry: MatchEntry): void {
    const { tenant, eventTypes } = entry.endpoint;
    if (this.runUrls.get(tenant) === entry) this.runUrls.delete(tenant);
    const patterns = this.byTenant.get(tenant);
    for (const pattern of eventTypes) {
      const entries = patterns?.get(pattern);
      entries?.delete(entry);
      if (entries?.isEmpty) patterns?.delete(pattern);
    }
    if (patterns?.size === 0) this.byTenant.delete(tenant);
  }
}

const RUN_RECEIVERS_KEPT = 10_000;

/** Receivers of run URLs, by the endpoint that stands for them as it is now. */
const receivers = new WeakMap<MatchEntry, Map<string, DirectoryEntry>>();

const runReceiver = (standing: MatchEntry, id: string, origin: string): DirectoryEntry => {
  let known = receivers.get(standing);
  if (!known) {
    known = new Map();
    receivers.set(standing, known);
  }
  // Kept for speed alone; a tenant's events may bring any number of origins.
  if (known.size >= RUN_RECEIVERS_KEPT) known.clear();
  let entry = known.get(id);
  if (!entry) {
    entry = { endpoint: { ...standing.endpoint, id, url: origin } };
    known.set(id, entry);
  }
  return entry;
};

/** The data as filters see it, parsed when the first of them looks. */
class EventInput implements FilterInput {
  private parsed: { readonly data: unknown } | null = null;

  constructor(readonly attributes: MatchableEvent) {}

  get data(): unknown {
    this.parsed ??= { data: JSON.parse(this.attributes.data) };
    return this.parsed.data;
  }
}
