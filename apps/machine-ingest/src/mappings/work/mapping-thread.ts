import { Worker } from 'node:worker_threads';
import { ApiProblem, unavailable } from '@millrace/service-runtime';
import type { MappingAnswer, MappingTask, MappingWork } from './mapping-work';

export interface ThreadLimits {
  /** Tasks that wait; a person waits for each of them. */
  readonly waiting: number;
  /** Of these, tasks of one tenant, so that others come to their turn. */
  readonly waitingOfTenant: number;
  /** Ms that one task may take; at the limits of documents and recordings it takes about 4 s. */
  readonly withinMs: number;
  /** Ms without a task after which the thread gives its memory back. */
  readonly idleMs: number;
  readonly memoryMb: number;
}

export const THREAD_LIMITS: ThreadLimits = {
  waiting: 8,
  waitingOfTenant: 4,
  withinMs: 20_000,
  idleMs: 60_000,
  memoryMb: 512,
};

interface Job {
  readonly task: MappingTask;
  readonly resolve: (answer: MappingAnswer) => void;
  readonly reject: (error: Error) => void;
}

type Thread =
  | { readonly kind: 'none' }
  | { readonly kind: 'idle'; readonly worker: Worker; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'busy'; readonly worker: Worker; readonly timer: NodeJS.Timeout; readonly job: Job }
  | { readonly kind: 'closed' };

/**
 * Work on documents in a thread of its own, one task after the other: this process goes on reading machines meanwhile. A
 * task that takes too long or too much memory takes the thread with it, and the next one has a new thread.
 */
export class MappingThread implements MappingWork {
  private thread: Thread = { kind: 'none' };
  private waiting: Job[] = [];

  /** @param file the compiled program of the thread: mapping-work.worker */
  constructor(
    private readonly file: string,
    private readonly limits: ThreadLimits = THREAD_LIMITS,
  ) {}

  async run<T extends MappingTask>(task: T): Promise<MappingAnswer<T>> {
    if (this.thread.kind === 'closed') throw closing();
    const ofTenant = this.waiting.filter((job) => job.task.tenant === task.tenant).length;
    if (this.waiting.length >= this.limits.waiting || ofTenant >= this.limits.waitingOfTenant)
      throw new ApiProblem('rate_limited', 'Other mappings are being tried here. Try this one again.', {
        headers: { 'retry-after': '2' },
      });
    return new Promise<MappingAnswer>((resolve, reject) => {
      this.waiting.push({ task, resolve, reject });
      this.next();
    }) as Promise<MappingAnswer<T>>;
  }

  async close(): Promise<void> {
    const { thread, waiting } = this;
    this.thread = { kind: 'closed' };
    this.waiting = [];
    for (const { reject } of thread.kind === 'busy' ? [thread.job, ...waiting] : waiting) reject(closing());
    if (thread.kind === 'none' || thread.kind === 'closed') return;
    clearTimeout(thread.timer);
    await thread.worker.terminate();
  }

  private next(): void {
    const { thread } = this;
    if (thread.kind === 'busy' || thread.kind === 'closed') return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    if (thread.kind === 'idle') clearTimeout(thread.timer);
    const worker = thread.kind === 'idle' ? thread.worker : this.start();
    const timer = setTimeout(() => this.lose(worker, tooLong(this.limits.withinMs)), this.limits.withinMs);
    this.thread = { kind: 'busy', worker, timer, job };
    worker.postMessage(job.task);
  }

  private start(): Worker {
    const worker = new Worker(this.file, {
      // Documents are written by tenants: what works on them has no use for the secrets of the service.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: this.limits.memoryMb },
    });
    worker.unref();
    worker.on('message', (answer: MappingAnswer) => this.answered(worker, answer));
    worker.on('error', (error) => this.lose(worker, reasonOf(error, this.limits)));
    worker.on('exit', (code) => this.lose(worker, new Error(`the thread of mappings ended by itself, with ${code}`)));
    return worker;
  }

  private answered(worker: Worker, answer: MappingAnswer): void {
    const { thread } = this;
    if (thread.kind !== 'busy' || thread.worker !== worker) return;
    clearTimeout(thread.timer);
    const timer = setTimeout(() => this.lose(worker, null), this.limits.idleMs);
    timer.unref();
    this.thread = { kind: 'idle', worker, timer };
    thread.job.resolve(answer);
    this.next();
  }

  /** The thread is not to be used any more. `reason` is for the task that it has; null where it has none. */
  private lose(worker: Worker, reason: Error | null): void {
    const { thread } = this;
    if (thread.kind === 'none' || thread.kind === 'closed' || thread.worker !== worker) return;
    clearTimeout(thread.timer);
    this.thread = { kind: 'none' };
    void worker.terminate();
    if (thread.kind === 'busy' && reason !== null) thread.job.reject(reason);
    this.next();
  }
}

const closing = (): ApiProblem => unavailable('This process is stopping. Try again.');

const SMALLER = 'Give it fewer signals, or divide what it is tested with';
const tooLong = (ms: number): ApiProblem =>
  new ApiProblem('too_large', `The mapping and its signals took more than ${ms / 1_000} s. ${SMALLER}.`);

const reasonOf = (error: unknown, { memoryMb }: ThreadLimits): Error =>
  (error as { readonly code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new ApiProblem('too_large', `The mapping and its signals took more than ${memoryMb} MB of memory. ${SMALLER}.`)
    : new Error(`the thread of mappings failed: ${error}`, { cause: error });
