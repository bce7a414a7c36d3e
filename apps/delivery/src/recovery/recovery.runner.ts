import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import {
  decodeRecoveryOrder,
  decodeRecoveryProgress,
  encodeRecoveryProgress,
  type IncomingMessage,
  partitionOfKey,
  type RecoveryOrder,
  type RecoveryProgress,
} from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { RecoveryPorts, RecoverySettings } from './recovery.ports';
import { type BoardStep, isTerminal, RecoveryBoard } from './recovery-board';
import { RecoveryJob } from './recovery-job';

/** After a defect a job is made again, and not at once. */
const REST_MS = 5_000;

interface Running {
  readonly job: RecoveryJob;
  readonly endpointId: string;
  readonly ended: Promise<void>;
}

/**
 * Carries out the recoveries of the endpoints whose partition this process owns. Both topics are read whole, so that whoever
 * becomes the owner knows each order and where its last owner stood.
 */
export class RecoveryRunner implements KafkaWorker {
  private readonly board = new RecoveryBoard();
  private readonly orders: CompactedView;
  private readonly progress: CompactedView;
  private readonly running = new Map<string, Running>();
  private readonly resting = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private caughtUp = false;
  private stopping = false;
  private reviewWanted = false;
  private reviewing: Promise<void> | null = null;

  constructor(
    private readonly kafka: Pick<KafkaConnection, 'compactedView' | 'recordReader'>,
    private readonly settings: RecoverySettings,
    private readonly ports: RecoveryPorts,
    private readonly logger: Logger,
  ) {
    const { topics } = settings;
    this.orders = kafka.compactedView({ topic: topics.recoveries, onMessage: (message) => this.noteOrder(message) });
    this.progress = kafka.compactedView({
      topic: topics.recoveryProgress,
      onMessage: (message) => this.noteProgress(message),
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.orders.start(), this.progress.start()]);
    this.caughtUp = true;
    this.ports.ownership.onOwnershipChanged(() => this.ownershipChanged());
    this.review();
  }

  /** Jobs tell where they stand, and go on from there under the next owner. */
  async stop(drainMs: number): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { job } of this.running.values()) job.control.stop('shutdown');
    const jobs = Promise.all([...this.running.values()].map((each) => each.ended));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([jobs, new Promise((resolve) => (timer = setTimeout(resolve, drainMs)))]);
    clearTimeout(timer);
    this.ports.messages.stop();
    await Promise.all([this.orders.close(), this.progress.close()]);
  }

  health() {
    const [orders, progress] = [this.orders.health(), this.progress.health()];
    return { alive: orders.alive && progress.alive, reason: orders.reason ?? progress.reason };
  }

  private noteOrder(message: IncomingMessage): void {
    const order = decodeRecoveryOrder(message);
    if (order !== null) this.board.putOrder(order);
    else if (message.value === null && message.key !== null) this.board.forget(message.key.toString('utf8'));
    else this.logger.error({ offset: String(message.offset) }, 'an unreadable recovery order is left out');
    this.review();
  }

  private noteProgress(message: IncomingMessage): void {
    const progress = decodeRecoveryProgress(message);
    if (progress === null) return;
    const { recoveryId } = progress;
    this.board.putProgress(progress);
    // Our own jobs' records are no news; those of others may change what is to be done.
    if (isTerminal(progress) || !this.running.has(recoveryId)) this.review();
  }

  private ownershipChanged(): void {
    // At once, before anything is asked of Kafka: the new owner may be at work already.
    for (const { job, endpointId } of this.running.values()) if (!this.owns(endpointId)) job.control.stop('lost');
    this.review();
  }

  private owns(endpointId: string): boolean {
    return this.ports.ownership.owns(partitionOfKey(endpointId, this.settings.partitions));
  }

  /** Brings what runs in line with what is wanted; a call while it is at work makes it look once more. */
  private review(): void {
    this.reviewWanted = true;
    if (!this.caughtUp || this.stopping) return;
    this.reviewing ??= this.lookUntilSettled()
      .catch((error: unknown) => this.logger.error({ error: String(error) }, 'the look at the recoveries failed'))
      .finally(() => {
        this.reviewing = null;
        if (this.reviewWanted) this.review();
      });
  }

  private async lookUntilSettled(): Promise<void> {
    while (this.reviewWanted && !this.stopping) {
      this.reviewWanted = false;
      // What the last owner told before it let go, and what our own jobs told before they ended.
      await Promise.all([this.orders.waitForEnd(), this.progress.waitForEnd()]);
      if (this.stopping) return;
      const steps = this.board.steps({
        running: new Set(this.running.keys()),
        resting: this.resting,
        slots: this.settings.limits.jobs,
        owns: (endpointId) => this.owns(endpointId),
        now: this.ports.now(),
      });
      for (const step of steps) await this.take(step);
    }
  }

  private async take(step: BoardStep): Promise<void> {
    if (step.kind === 'stop') this.running.get(step.recoveryId)?.job.control.stop(step.reason);
    else if (step.kind === 'tell') await this.tell(step.progress);
    else if (!this.stopping && this.owns(step.order.endpointId)) this.begin(step.order, step.progress);
  }

  private async tell(progress: RecoveryProgress): Promise<void> {
    await this.ports.messages.send([encodeRecoveryProgress(this.settings.topics.recoveryProgress, progress)]);
  }

  private begin(order: RecoveryOrder, progress: RecoveryProgress | null): void {
    const { recoveryId, endpointId } = order;
    const logger = this.logger.child({ recoveryId, endpointId, only: order.only });
    const job = new RecoveryJob(
      order,
      progress,
      () => this.board.order(recoveryId) ?? order,
      this.settings,
      this.ports,
      this.kafka.recordReader(),
      logger,
    );
    logger.info({ since: order.since, until: order.until, dryRun: order.dryRun }, 'a recovery begins');
    const run = job
      .run()
      .catch((error: unknown) => this.rest(recoveryId, error))
      .finally(() => {
        this.running.delete(recoveryId);
        this.review();
      });
    this.running.set(recoveryId, { job, endpointId, ended: run });
  }

  private rest(recoveryId: string, error: unknown): void {
    this.logger.error({ error, recoveryId }, 'a recovery broke off, which is a defect; it is taken up again');
    this.resting.add(recoveryId);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.resting.delete(recoveryId);
      this.review();
    }, REST_MS);
    this.timers.add(timer);
  }
}
