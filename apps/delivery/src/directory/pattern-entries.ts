import {
  type CoverTerm,
  coverOf,
  type FilterAttribute,
  type FilterInput,
  type FilterValue,
  readFilter,
} from '@millrace/domain';
import type { MatchEntry } from './match-entry';
import { ValueIndex } from './value-index';

/**
 * The endpoints of one tenant that have one type pattern. Those whose filters ask for values lie under such a value, the one
 * that the fewest lie under so far; an event looks up its own values and meets only endpoints that want one of them. Those
 * without a filter, or with one that only tries can answer, are met by every event.
 */
export class PatternEntries {
  private readonly always = new Set<MatchEntry>();
  /** Made when the first endpoint needs it: most patterns have none that does. */
  private byValue: EntriesByValue | null = null;

  get isEmpty(): boolean {
    return this.always.size === 0 && (this.byValue === null || this.byValue.terms.size === 0);
  }

  add(entry: MatchEntry): void {
    const terms = entry.hasFilter
      ? coverOf(readFilter(entry.endpoint.filter!), (term) => this.byValue?.count(term) ?? 0)
      : null;
    if (terms === null) this.always.add(entry);
    else {
      this.byValue ??= new EntriesByValue();
      this.byValue.add(entry, terms);
    }
  }

  delete(entry: MatchEntry): void {
    this.always.delete(entry);
    this.byValue?.delete(entry);
  }

  /** Every endpoint that may want the event, and some of them more than once. */
  forEachCandidate(input: FilterInput, visit: (entry: MatchEntry) => void): void {
    for (const entry of this.always) visit(entry);
    this.byValue?.forEachCandidate(input, visit);
  }
}

class EntriesByValue {
  /** Under which terms an endpoint lies. */
  readonly terms = new Map<MatchEntry, readonly CoverTerm[]>();
  private readonly byData = new ValueIndex<MatchEntry>();
  private readonly byAttribute = new Map<FilterAttribute, Map<FilterValue, Set<MatchEntry>>>();

  add(entry: MatchEntry, terms: readonly CoverTerm[]): void {
    this.terms.set(entry, terms);
    for (const { path, value } of terms) {
      if (path.kind === 'data') {
        this.byData.add(path.steps, value, entry);
        continue;
      }
      let values = this.byAttribute.get(path.attribute);
      if (!values) {
        values = new Map();
        this.byAttribute.set(path.attribute, values);
      }
      const entries = values.get(value);
      if (entries) entries.add(entry);
      else values.set(value, new Set([entry]));
    }
  }

  delete(entry: MatchEntry): void {
    for (const { path, value } of this.terms.get(entry) ?? []) {
      if (path.kind === 'data') {
        this.byData.delete(path.steps, value, entry);
        continue;
      }
      const values = this.byAttribute.get(path.attribute);
      const entries = values?.get(value);
      entries?.delete(entry);
      if (entries?.size === 0) values?.delete(value);
      if (values?.size === 0) this.byAttribute.delete(path.attribute);
    }
    this.terms.delete(entry);
  }

  forEachCandidate(input: FilterInput, visit: (entry: MatchEntry) => void): void {
    for (const [attribute, values] of this.byAttribute)
      for (const entry of values.get(input.attributes[attribute]) ?? []) visit(entry);
    // Asking for the data parses it.
    if (!this.byData.isEmpty) this.byData.forEachIn(input.data, visit);
  }

  count({ path, value }: CoverTerm): number {
    return path.kind === 'data'
      ? this.byData.count(path.steps, value)
      : (this.byAttribute.get(path.attribute)?.get(value)?.size ?? 0);
  }
}
