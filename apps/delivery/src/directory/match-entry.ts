import { compileFilter, type Endpoint, type FilterInput, type FilterTest } from '@millrace/domain';

/** An endpoint made ready for matching. */
export class MatchEntry {
  readonly hasFilter: boolean;
  private test: FilterTest | null = null;

  constructor(readonly endpoint: Endpoint) {
    this.hasFilter = endpoint.filter !== null && Object.keys(endpoint.filter).length > 0;
  }

  /** The filter is compiled when it is first asked, so that a start does not wait for those that nobody asks. */
  wants(input: FilterInput): boolean {
    if (!this.hasFilter) return true;
    this.test ??= compileFilter(this.endpoint.filter!);
    return this.test(input);
  }
}
