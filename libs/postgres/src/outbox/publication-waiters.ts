import { NotPublished } from './not-published';
import type { OutboxTicket } from './outbox';

/** What the database says of a ticket. `aborted`: its transaction rolled back, nothing will come of it. */
export type TicketState = 'published' | 'waiting' | 'aborted';

interface Waiter {
  readonly ticket: OutboxTicket;
  readonly missing: Set<string>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Callers that wait for their rows to be acknowledged. */
export class PublicationWaiters {
  private readonly waiters = new Set<Waiter>();
  private checking = false;

  get isEmpty(): boolean {
    return this.waiters.size === 0;
  }

  add(ticket: OutboxTicket, timeoutMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        ticket,
        missing: new Set(ticket.ids),
        resolve,
        reject,
        timer: setTimeout(() => {
          this.waiters.delete(waiter);
          reject(new NotPublished(`The change is stored, but was not published within ${timeoutMs} ms.`));
        }, timeoutMs),
      };
      this.waiters.add(waiter);
    });
  }

  /** The relay of this process published these rows itself. */
  published(ids: readonly string[]): void {
    for (const waiter of this.waiters) {
      for (const id of ids) waiter.missing.delete(id);
      if (waiter.missing.size === 0) this.finish(waiter, null);
    }
  }

  /** Asks for the state of all waiting tickets; one question at a time. */
  async settle(ask: (tickets: readonly OutboxTicket[]) => Promise<TicketState[]>): Promise<void> {
    if (this.checking || this.isEmpty) return;
    this.checking = true;
    try {
      const asked = [...this.waiters];
      const states = await ask(asked.map((waiter) => waiter.ticket));
      asked.forEach((waiter, index) => {
        if (states[index] === 'published') this.finish(waiter, null);
        if (states[index] === 'aborted') this.finish(waiter, new NotPublished('The transaction was rolled back.'));
      });
    } finally {
      this.checking = false;
    }
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.waiters]) this.finish(waiter, error);
  }

  private finish(waiter: Waiter, error: Error | null): void {
    if (!this.waiters.delete(waiter)) return;
    clearTimeout(waiter.timer);
    if (error === null) waiter.resolve();
    else waiter.reject(error);
  }
}
