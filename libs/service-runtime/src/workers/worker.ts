import { SetMetadata } from '@nestjs/common';

/** Something that runs beside the requests: a consumer, a view, a relay. */
export interface KafkaWorker {
  /** Resolves when it works (a view: when it has caught up). A rejection stops the start of the service. */
  start(): Promise<void>;
  /** Ends after what it has in hand, or after `drainMs`. Must not hang and may be called without a start. */
  stop(drainMs: number): Promise<void>;
  /** `alive: false` fails the liveness of the process. */
  health(): { readonly alive: boolean; readonly reason: string | null };
}

/**
 * Stages start one after another, and stop in the opposite order: what others look things up in, what publishes, what
 * takes work in.
 */
export const WORKER_STAGES = ['views', 'publishers', 'consumers'] as const;
export type WorkerStage = (typeof WORKER_STAGES)[number];

export const WORKER_STAGE = Symbol('millrace worker stage');

/** On a provider class that implements {@link KafkaWorker}: the runtime starts and stops it. */
export const Worker = (stage: WorkerStage) => SetMetadata(WORKER_STAGE, stage);
