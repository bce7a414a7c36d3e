import type { DataFolder } from '../data-folder/data-folder';
import { isRunning, type ProcessIdentity } from '../process/process-identity';
import type { Part } from './part';

/** What the watching person is told. */
export interface Announcer {
  died(part: string, how: string): void;
  back(part: string, afterMs: number): void;
  stillDown(part: string, why: string, nextTryMs: number): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
/** A part that ran for so long has recovered: its next death is answered at once again. */
const SETTLED_MS = 30_000;

/** Waits before the n-th try (from 0) to start a part again. */
export const restartWait = (tries: number): number => Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);

/** Keeps one part running until it is stopped. */
export class SupervisedPart {
  private process: ProcessIdentity | null = null;
  private stopping = false;
  private tries = 0;
  private upSince = 0;
  private wake: () => void = () => {};
  private restarting: Promise<void> = Promise.resolve();

  constructor(
    private readonly part: Part,
    private readonly folder: DataFolder,
    private readonly announcer: Announcer,
  ) {}

  get name(): string {
    return this.part.name;
  }

  /** The first start: what goes wrong here is the caller's to tell. */
  async start(): Promise<void> {
    const leftover = this.folder.leftover(this.name);
    if (leftover !== null) await this.part.stop(leftover);
    await this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    if (this.process !== null && isRunning(this.process)) await this.part.stop(this.process);
    await this.restarting.catch(() => {});
    // A restart that was under way may have spawned after the first look.
    if (this.process !== null && isRunning(this.process)) await this.part.stop(this.process);
    this.folder.forgetProcess(this.name);
  }

  private async run(): Promise<void> {
    const { ended } = await this.part.start((process) => {
      this.process = process;
      this.folder.noteProcess(this.name, process);
    });
    this.upSince = performance.now();
    void ended.then((how) => {
      if (this.stopping) return;
      if (performance.now() - this.upSince > SETTLED_MS) this.tries = 0;
      this.announcer.died(this.name, how);
      this.restarting = this.startAgain();
    });
  }

  private async startAgain(): Promise<void> {
    const diedAt = performance.now();
    while (!this.stopping) {
      await this.pause(restartWait(this.tries++));
      if (this.stopping) return;
      try {
        await this.run();
        this.announcer.back(this.name, performance.now() - diedAt);
        return;
      } catch (error) {
        if (!this.stopping) this.announcer.stillDown(this.name, (error as Error).message, restartWait(this.tries));
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
