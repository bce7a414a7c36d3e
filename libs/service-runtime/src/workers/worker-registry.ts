import type { KafkaWorker, WorkerStage } from './worker';

export interface RegisteredWorker {
  readonly name: string;
  readonly stage: WorkerStage;
  readonly worker: KafkaWorker;
}

/** The workers of this process; those that are no decorated provider are added here by the code that makes them. */
export class WorkerRegistry {
  private readonly registered: RegisteredWorker[] = [];

  add(name: string, stage: WorkerStage, worker: KafkaWorker): void {
    if (this.registered.some((other) => other.worker === worker)) return;
    this.registered.push({ name, stage, worker });
  }

  get all(): readonly RegisteredWorker[] {
    return this.registered;
  }

  /** The workers that ask for a restart of the process, with their reasons. */
  dead(): Array<{ name: string; reason: string }> {
    return this.registered.flatMap(({ name, worker }) => {
      const { alive, reason } = worker.health();
      return alive ? [] : [{ name, reason: reason ?? 'not alive' }];
    });
  }
}
