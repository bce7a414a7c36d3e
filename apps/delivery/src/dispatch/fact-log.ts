import type { DeliveryFact } from '@millrace/protocol';
import type { DispatchPorts } from './dispatch.ports';

/** A flush of facts that takes longer than this says that it is Kafka that is slow, and no receiver. */
const SLOW_FLUSH_MS = 1_000;

/** Facts on their way into the delivery log, and how long nothing was heard of them. */
export class FactLog {
  private unacknowledged = 0;
  private heardAt = 0;

  constructor(private readonly ports: Pick<DispatchPorts, 'log' | 'ticks'>) {}

  append(partition: number, fact: DeliveryFact, acknowledged: () => void): void {
    if (this.unacknowledged++ === 0) this.heardAt = this.ports.ticks();
    this.ports.log.append(partition, fact, () => {
      this.unacknowledged--;
      this.heardAt = this.ports.ticks();
      acknowledged();
    });
  }

  /** @param now ms of the clock that nobody sets */
  isSlow(now: number): boolean {
    return this.unacknowledged > 0 && now - this.heardAt > SLOW_FLUSH_MS;
  }
}
