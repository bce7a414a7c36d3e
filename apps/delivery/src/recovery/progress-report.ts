import {
  encodeRecoveryProgress,
  type RecoveryOrder,
  type RecoveryProgress,
  type RecoveryState,
} from '@millrace/protocol';
import { JobStopped } from './job-control';
import type { RecoveryPorts } from './recovery.ports';
import { encodeCursor, type Stretch } from './recovery-cursor';

const LEAST_APART_MS = 1_000;

/** Tells how far a job is: at each change of its state, and once a second in between. */
export class ProgressReport {
  counts = { examined: 0, qualified: 0, sent: 0 };
  /** The job waits because too much of its endpoint is parked. */
  parkedUp = false;
  private state: RecoveryState = 'counting';
  private cursor: object | null = null;
  private lastToldAt = Number.NEGATIVE_INFINITY;

  /** @param order as it is wanted at the time of the call */
  constructor(
    private readonly order: () => RecoveryOrder,
    private readonly topic: string,
    private readonly ports: Pick<RecoveryPorts, 'messages' | 'now' | 'ticks'>,
    before: RecoveryProgress | null,
  ) {
    if (before === null) return;
    this.counts = { ...before.counts };
    this.state = before.state;
    this.cursor = before.cursor as object | null;
  }

  /** Nothing before these offsets has to be looked at again. */
  moveTo(phase: 'counting' | 'sending', stretches: readonly Stretch[]): void {
    this.cursor = encodeCursor({ phase, stretches, at: this.ports.now() });
  }

  async change(state: RecoveryState, error: string | null = null): Promise<void> {
    this.state = state;
    await this.tell(error);
  }

  /** @throws JobStopped when the process is stopping */
  async tick(): Promise<void> {
    if (this.ports.ticks() - this.lastToldAt >= LEAST_APART_MS) await this.tell(null);
  }

  /** The same state once more, with the cursor where it is now. */
  again(): Promise<void> {
    return this.tell(null);
  }

  private async tell(error: string | null): Promise<void> {
    this.lastToldAt = this.ports.ticks();
    const { recoveryId, tenant, endpointId, version } = this.order();
    const ended = this.state === 'done' || this.state === 'cancelled' || this.state === 'failed';
    const progress: RecoveryProgress = {
      v: 1,
      recoveryId,
      tenant,
      endpointId,
      version,
      state: this.state,
      counts: { ...this.counts },
      cursor: ended || this.cursor === null ? null : { ...this.cursor, ...(this.parkedUp ? { parkedUp: true } : {}) },
      error,
      at: this.ports.now(),
    };
    if (!(await this.ports.messages.send([encodeRecoveryProgress(this.topic, progress)])))
      throw new JobStopped('shutdown');
  }
}
