import type { RecoveryProgress } from '@millrace/protocol';
import type { ConfigurationWriter } from '@millrace/service-runtime';
import type { RecoveryTransaction } from './recoveries.ports';
import { afterProgress } from './recovery';

/** Writes down how far a job is. Idempotent, and of two records the newer stays, in whichever order they come. */
export class StoreProgress {
  constructor(private readonly writer: ConfigurationWriter<RecoveryTransaction>) {}

  /** True when the job is known and this record told something new of it. */
  async handle(progress: RecoveryProgress): Promise<boolean> {
    const request = { tenant: progress.tenant, actor: 'engine', idempotent: null };
    return this.writer.writeWithoutWaiting(request, async (tx) => {
      const recovery = await tx.lock(progress.recoveryId);
      const next = recovery?.endpointId === progress.endpointId ? afterProgress(recovery, progress) : null;
      if (next) await tx.update(next);
      return { answer: next !== null, records: [], whenUnacknowledged: '' };
    });
  }
}
