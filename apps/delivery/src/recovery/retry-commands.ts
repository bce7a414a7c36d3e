import { hash } from 'node:crypto';
import type { DeliveryFact, RecoveryOrder, RetryDelivery } from '@millrace/protocol';
import type { FailedDeliveries } from './failed-deliveries';

/** Deliveries whose last attempt is remembered until its end comes by: far more than are in flight at one time. */
const REMEMBERED = 50_000;

interface LastAttempt {
  readonly recordOffset: number | null;
  readonly chain: RetryDelivery['chain'];
}

/**
 * Walks over the same facts a second time and makes a command of each end that is the delivery's last state. Where the task
 * lies and its place among the endpoint's deliveries stand in the facts before the end.
 */
export class RetryCommands {
  private readonly attempts = new Map<string, LastAttempt>();

  constructor(
    private readonly order: Pick<RecoveryOrder, 'recoveryId' | 'tenant' | 'endpointId' | 'by'>,
    private readonly failed: FailedDeliveries,
    /** Their time begins anew; false where the endpoint's contract lets what is old stay old. */
    private readonly renewed: boolean,
  ) {}

  /**
   * The command for this fact; null when it is no end, or not the last one. The command's id is a function of recovery, delivery
   * and epoch, so a repeat after a crash is the same command.
   * @param now Unix ms
   */
  commandFor(fact: DeliveryFact, now: number): RetryDelivery | null {
    if (fact.endpointId !== this.order.endpointId) return null;
    if (fact.kind === 'attempt-started' || fact.kind === 'parked') {
      this.remember(fact);
      return null;
    }
    const ended =
      fact.kind === 'ended' ||
      (fact.kind === 'attempt-finished' && (fact.result?.kind === 'failed' || fact.result?.kind === 'expired'));
    if (!ended || !this.failed.hasFailed(fact.deliveryId, fact.epoch)) return null;
    const attempt = this.attempts.get(fact.deliveryId);
    this.attempts.delete(fact.deliveryId);
    this.failed.noteAsked(fact.deliveryId);
    const { recoveryId, tenant, endpointId, by } = this.order;
    return {
      v: 1,
      kind: 'retry',
      commandId: `${recoveryId}_${hash('sha256', `${recoveryId}\n${fact.deliveryId}\n${fact.epoch}`, 'hex').slice(0, 24)}`,
      by,
      at: now,
      tenant,
      endpointId,
      deliveryId: fact.deliveryId,
      expectedEpoch: fact.epoch,
      attempt: fact.attempt,
      recordOffset: (fact.kind === 'ended' ? fact.recordOffset : null) ?? attempt?.recordOffset ?? null,
      chain: attempt?.chain ?? null,
      replay: recoveryId,
      ended: true,
      // The user asks for what is long past, so its time having run out is no reason against it.
      force: this.renewed,
    };
  }

  private remember(fact: Extract<DeliveryFact, { kind: 'attempt-started' | 'parked' }>): void {
    if (!this.failed.mayAskFor(fact.deliveryId)) return;
    const before = this.attempts.get(fact.deliveryId);
    this.attempts.delete(fact.deliveryId);
    this.attempts.set(fact.deliveryId, {
      recordOffset: fact.recordOffset ?? before?.recordOffset ?? null,
      chain: (fact.kind === 'attempt-started' ? fact.chain : null) ?? before?.chain ?? null,
    });
    if (this.attempts.size > REMEMBERED) this.attempts.delete(this.attempts.keys().next().value!);
  }
}
