import type { RecoveryOrder, RecoveryProgress } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import { EventRecovery } from './event-recovery';
import { FailedRecovery } from './failed-recovery';
import { JobControl, JobStopped } from './job-control';
import { PatientReader } from './patient-reader';
import { ProgressReport } from './progress-report';
import type { RecordSource, RecoveryPorts, RecoverySettings } from './recovery.ports';
import { RecoveryContext } from './recovery-context';
import { decodeCursor, type RecoveryCursor, type Stretch } from './recovery-cursor';
import { RecoveryFailure } from './recovery-failure';

const ended = metrics.counter('millrace_recoveries_ended_total', 'Recoveries that came to an end.', ['only', 'state']);

/** One recovery, from where it stands to its end or until it is stopped: counts, then sends. */
export class RecoveryJob {
  readonly control = new JobControl();
  private readonly report: ProgressReport;
  private readonly reader: PatientReader;
  private readonly context: RecoveryContext;

  /** @param current the order as it is wanted at the time of the call */
  constructor(
    order: RecoveryOrder,
    private readonly before: RecoveryProgress | null,
    current: () => RecoveryOrder,
    settings: RecoverySettings,
    private readonly ports: RecoveryPorts,
    source: RecordSource,
    private readonly logger: Logger,
  ) {
    this.report = new ProgressReport(current, settings.topics.recoveryProgress, ports, before);
    this.reader = new PatientReader(source, this.control, ports.ticks, logger);
    this.context = new RecoveryContext(order, settings, ports, this.control, this.reader, this.report, logger);
  }

  /** Rejects over a defect only; the job can be made again and goes on from its last progress record. */
  async run(): Promise<void> {
    try {
      await this.carryOut().catch((error: unknown) => this.end(error));
    } catch (error) {
      // The process stops while Kafka is away: the last record that was told stands.
      if (!(error instanceof JobStopped)) throw error;
    } finally {
      await this.reader.close();
    }
  }

  private async carryOut(): Promise<void> {
    const { order } = this.context;
    await Promise.all([this.ports.directory.caughtUp(), this.ports.rules.caughtUp()]);
    this.context.endpoint();
    const work = order.only === 'failed' ? new FailedRecovery(this.context) : new EventRecovery(this.context);
    const cursor = decodeCursor(this.before?.cursor);
    const stretches: readonly Stretch[] = cursor?.stretches ?? (await work.stretches());
    let resumed: RecoveryCursor | null = null;
    if (cursor?.phase === 'sending') resumed = cursor;
    else {
      this.report.counts = { examined: 0, qualified: 0, sent: 0 };
      this.report.moveTo('counting', stretches);
      await this.report.change('counting');
      await work.count(stretches);
    }
    if (!order.dryRun) {
      this.report.moveTo('sending', stretches);
      await this.report.change('running');
      await work.send(stretches, resumed);
    }
    await this.finish('done');
  }

  private async end(error: unknown): Promise<void> {
    if (error instanceof RecoveryFailure) {
      await this.finish('failed', error.message);
      return;
    }
    if (!(error instanceof JobStopped)) throw error;
    this.logger.info({ reason: error.reason }, 'a recovery stops');
    if (error.reason === 'pause') await this.report.change('paused');
    else if (error.reason === 'cancel') await this.finish('cancelled');
    else if (error.reason === 'shutdown') await this.report.again();
  }

  private async finish(state: 'done' | 'cancelled' | 'failed', error: string | null = null): Promise<void> {
    await this.report.change(state, error);
    ended.inc({ only: this.context.order.only, state });
    this.logger.info({ state, error, ...this.report.counts }, 'a recovery has ended');
  }
}
