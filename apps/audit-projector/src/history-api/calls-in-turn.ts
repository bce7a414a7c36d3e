import { ApiProblem } from '@millrace/service-runtime';

/** Lets in one call of each tenant at a time, and so many of all: for calls that cost much, or share a pace. */
export class CallsInTurn {
  /** Tenants whose calls are under way. */
  private readonly running = new Set<string>();

  /** @param refusal what the caller is told, with the seconds after which it may try again */
  constructor(
    private readonly most: number,
    private readonly refusal: { readonly detail: string; readonly retryAfterS: number },
  ) {}

  /** @throws ApiProblem 429 `rate_limited` while another call of the tenant runs, or too many do */
  async run<T>(tenant: string, call: () => Promise<T>): Promise<T> {
    if (this.running.has(tenant) || this.running.size >= this.most)
      throw new ApiProblem('rate_limited', this.refusal.detail, {
        headers: { 'retry-after': String(this.refusal.retryAfterS) },
      });
    this.running.add(tenant);
    try {
      return await call();
    } finally {
      this.running.delete(tenant);
    }
  }
}
