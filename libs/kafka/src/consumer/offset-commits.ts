import { failureName, isConnectionTrouble, isGroupChange } from '../client/failure';
import { backoffMs } from '../client/waiting';
import type { AssignedPartitions } from './assigned-partitions';
import { encodeCompleted } from './completed-set';
import type { PartitionCommit } from './group-member';
import type { PartitionTenure } from './partition-tenure';
import { CommitFailed } from './windowed-consumer';

const PATIENCE_MS = 10_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

/** Commits what has changed since the last commit, one request at a time. */
export class OffsetCommits {
  private running: Promise<void> | null = null;

  constructor(
    private readonly partitions: AssignedPartitions,
    /** Null while there is no member of the group to commit through. */
    private readonly member: () => { commit(commits: readonly PartitionCommit[]): Promise<void> } | null,
    private readonly now: () => number,
  ) {}

  /** For a timer: nothing when a commit is under way; a group that is changing is left to the next time. */
  async atInterval(onError: (error: unknown) => void): Promise<void> {
    if (this.running !== null) return;
    await this.once().catch((error) => {
      if (!isGroupChange(error) && !(error instanceof CommitFailed)) onError(error);
    });
  }

  /** Commits all that is finished at the time of the call. */
  async afterRunning(): Promise<void> {
    while (this.running !== null) await this.running.catch(() => {});
    await this.once();
  }

  /**
   * The same, through rebalances and lost connections.
   * @param recovering whether the consumer is on its way back, so that trying again may help
   * @throws CommitFailed
   */
  async persistently(recovering: () => boolean): Promise<void> {
    const deadline = this.now() + PATIENCE_MS;
    for (let failures = 0; ; failures++) {
      try {
        await this.afterRunning();
        return;
      } catch (error) {
        const again = isGroupChange(error) || isConnectionTrouble(error) || recovering();
        if (!again || this.now() >= deadline) {
          if (error instanceof CommitFailed) throw error;
          throw new CommitFailed(`the commit failed: ${failureName(error)}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS)));
      }
    }
  }

  private async once(): Promise<void> {
    const running = this.send();
    this.running = running;
    try {
      await running;
    } finally {
      if (this.running === running) this.running = null;
    }
  }

  private async send(): Promise<void> {
    const commits: PartitionCommit[] = [];
    const versions: [PartitionTenure, number][] = [];
    for (const tenure of this.partitions.all()) {
      const { tracker } = tenure;
      const offset = tracker.watermark;
      if (!tenure.ready || offset === null || tracker.version === tenure.committedVersion) continue;
      const metadata = encodeCompleted(offset, tracker.finishedBeyond());
      commits.push({ topic: tenure.topic, partition: tenure.partition, offset, metadata });
      versions.push([tenure, tracker.version]);
    }
    if (commits.length === 0) return;
    const member = this.member();
    if (member === null) throw new CommitFailed('the consumer is not running');
    await member.commit(commits);
    for (const [tenure, version] of versions) tenure.committedVersion = version;
  }
}
