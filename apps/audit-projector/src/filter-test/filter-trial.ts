import { compileFilter, type Event, type FilterAttributes, type FilterTest } from '@millrace/domain';
import { FILTER_TEST_LIMITS, type FilterTestView, type FilterTestWish } from '@millrace/protocol';

/** A stored event as a trial sees it. */
export interface TrialEvent extends FilterAttributes {
  /** JSON text. */
  readonly data: Event['data'];
  /** Unix ms. */
  readonly acceptedAt: number;
}

/** Counts what a filter matches, event by event, newest first. */
export class FilterTrial {
  private readonly test: FilterTest;
  private readonly examples: { eventId: string; type: string; timestamp: string }[] = [];
  private examined = 0;
  private matched = 0;
  private oldest: number | null = null;

  constructor(filter: FilterTestWish['filter']) {
    this.test = compileFilter(filter);
  }

  look(event: TrialEvent): void {
    this.examined++;
    this.oldest = Math.min(this.oldest ?? event.acceptedAt, event.acceptedAt);
    const { type, source, subject, time, id } = event;
    if (!this.test({ data: JSON.parse(event.data), attributes: { type, source, subject, time, id } })) return;
    this.matched++;
    if (this.examples.length < FILTER_TEST_LIMITS.examples) this.examples.push({ eventId: id, type, timestamp: time });
  }

  result(complete: boolean): FilterTestView {
    return {
      examined: this.examined,
      matched: this.matched,
      examples: this.examples,
      oldest: this.oldest === null ? null : new Date(this.oldest).toISOString(),
      complete,
    };
  }
}
