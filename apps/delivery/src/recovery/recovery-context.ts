import { contractNamed } from '@millrace/domain';
import { type OutgoingMessage, partitionOfKey, type RecoveryOrder } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import type { DirectoryEntry } from '../directory/match-index';
import { type JobControl, JobStopped } from './job-control';
import { Pacing } from './pacing';
import type { PatientReader } from './patient-reader';
import type { ProgressReport } from './progress-report';
import type { RecoveryPorts, RecoverySettings } from './recovery.ports';
import { RecoveryFailure } from './recovery-failure';

const LOOK_AT_PARKED_MS = 1_000;

const made = metrics.counter('millrace_recovery_deliveries_total', 'Deliveries and retries that recoveries made.', [
  'only',
]);

/** What both kinds of recovery work with, and the one way on which they send. */
export class RecoveryContext {
  readonly partition: number;
  readonly pacing: Pacing;

  constructor(
    readonly order: RecoveryOrder,
    readonly settings: RecoverySettings,
    readonly ports: RecoveryPorts,
    readonly control: JobControl,
    readonly reader: PatientReader,
    readonly report: ProgressReport,
    readonly logger: Logger,
  ) {
    this.partition = partitionOfKey(order.endpointId, settings.partitions);
    this.pacing = new Pacing(order.perSecond);
  }

  /**
   * The endpoint as it is configured now.
   * @throws RecoveryFailure when it is deleted, or this release cannot deliver to it
   */
  endpoint(): DirectoryEntry {
    const { endpointId, tenant } = this.order;
    const entry = this.ports.directory.get(endpointId);
    if (entry === undefined || entry.endpoint.tenant !== tenant)
      throw new RecoveryFailure('The endpoint was deleted, so there is nobody to recover for.');
    if (contractNamed(entry.endpoint.contract) === undefined)
      throw new RecoveryFailure(`This release does not have the endpoint's contract '${entry.endpoint.contract}'.`);
    return entry;
  }

  /**
   * Waits for the endpoint's lane and for the order's rate, then sends.
   * @param parts sent one after the other, each once Kafka has acknowledged the one before
   * @throws JobStopped
   */
  async send(count: number, parts: readonly (readonly OutgoingMessage[])[]): Promise<void> {
    await this.waitForParked();
    const wait = this.pacing.take(count, this.ports.ticks());
    if (wait > 0) await this.control.wait(wait);
    this.endpoint();
    if (!this.ports.ownership.owns(this.partition)) this.control.stop('lost');
    this.control.check();
    for (const part of parts) if (!(await this.ports.messages.send(part))) throw new JobStopped('shutdown');
    this.report.counts.sent += count;
    made.inc({ only: this.order.only }, count);
  }

  /** What is parked is not made fewer by adding to it. */
  private async waitForParked(): Promise<void> {
    const { endpointId } = this.order;
    const tooMany = () => (this.ports.parkedOf(endpointId) ?? 0) > this.settings.limits.parked;
    if (!tooMany()) return;
    this.report.parkedUp = true;
    this.logger.info({ parked: this.ports.parkedOf(endpointId) }, 'a recovery waits until fewer deliveries are parked');
    await this.report.again();
    while (tooMany()) await this.control.wait(LOOK_AT_PARKED_MS);
    this.report.parkedUp = false;
  }
}
