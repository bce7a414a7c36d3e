import type { Logger } from '@millrace/telemetry';
import type { DiscoveryService } from '@nestjs/core';
import { Server } from '@nestjs/microservices';
import { type KafkaWorker, WORKER_STAGE, WORKER_STAGES, type WorkerStage } from './worker';
import type { WorkerRegistry } from './worker-registry';

export const KAFKA_TRANSPORT = Symbol('millrace kafka');

/** Longest drain of one stage when the transport is closed. */
const DRAIN_MS = 8_000;

/**
 * Our Kafka consumers as a Nest microservice: Nest says when they start and stop, while batches, commits and pauses stay
 * with the workers. Nest's own Kafka transport hands over single messages and cannot window, pause or commit as we need.
 */
export class KafkaTransport extends Server {
  override readonly transportId = KAFKA_TRANSPORT;
  private readonly started: WorkerStage[] = [];

  constructor(
    private readonly registry: WorkerRegistry,
    private readonly discovery: DiscoveryService,
    private readonly log: Logger,
  ) {
    super();
  }

  /** Adds the decorated providers, then starts all workers stage by stage. */
  listen(callback: (error?: unknown) => void): void {
    this.startAll().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    for (const stage of [...WORKER_STAGES].reverse()) await this.stopStage(stage, DRAIN_MS);
  }

  /** Stops the workers of one stage side by side; a worker that fails to stop does not keep the others. */
  async stopStage(stage: WorkerStage, drainMs: number): Promise<void> {
    const index = this.started.indexOf(stage);
    if (index < 0) return;
    this.started.splice(index, 1);
    await Promise.all(
      this.of(stage).map(async ({ name, worker }) => {
        try {
          await worker.stop(drainMs);
        } catch (error) {
          this.log.warn({ error, worker: name }, 'worker did not stop cleanly');
        }
      }),
    );
  }

  on(): void {}

  unwrap<T>(): T {
    return this.registry as T;
  }

  private of(stage: WorkerStage) {
    return this.registry.all.filter((registered) => registered.stage === stage);
  }

  private async startAll(): Promise<void> {
    for (const wrapper of this.discovery.getProviders()) {
      const instance = wrapper.instance as unknown;
      if (instance === null || typeof instance !== 'object') continue;
      const stage = Reflect.getMetadata(WORKER_STAGE, instance.constructor) as WorkerStage | undefined;
      if (stage !== undefined) this.registry.add(instance.constructor.name, stage, instance as KafkaWorker);
    }
    for (const stage of WORKER_STAGES) {
      this.started.push(stage);
      await Promise.all(
        this.of(stage).map(async ({ name, worker }) => {
          const begun = performance.now();
          await worker.start();
          this.log.info({ worker: name, stage, tookMs: Math.round(performance.now() - begun) }, 'worker started');
        }),
      );
    }
  }
}
