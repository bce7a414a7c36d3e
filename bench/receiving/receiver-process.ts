import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Behaviour, Questions, Reply, Topic } from './questions';
import type { SeriesCount, SeriesReport } from './series';

/** The receiver's process, as the benchmark sees it. */
export class ReceiverProcess {
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private asked = 0;
  private ports: number[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.on('message', ({ id, answer }: Reply) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  static async start(): Promise<ReceiverProcess> {
    // Structured clone, for its histograms.
    const child = fork(join(__dirname, '../receiver.js'), { serialization: 'advanced' });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the receiver ended with ${code}`)));
    });
    return new ReceiverProcess(child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Its origins, at least so many. */
  async origins(count: number): Promise<string[]> {
    if (this.ports.length < count)
      this.ports = [...this.ports, ...(await this.ask('listen', { origins: count - this.ports.length }))];
    return this.ports.slice(0, count).map((port) => `http://127.0.0.1:${port}`);
  }

  async behave(group: string, as: Behaviour): Promise<void> {
    await this.ask('behave', { group, as });
  }

  count(series: string): Promise<SeriesCount> {
    return this.ask('count', { series });
  }

  report(series: string): Promise<SeriesReport> {
    return this.ask('report', { series });
  }

  hanging(): Promise<number> {
    return this.ask('hanging', {});
  }

  async forget(): Promise<void> {
    await this.ask('forget', {});
  }

  close(): void {
    this.child.kill();
  }

  private ask<T extends Topic>(topic: T, ask: Questions[T]['ask']): Promise<Questions[T]['answer']> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) => resolve(answer as Questions[T]['answer']));
      this.child.send({ id, topic, ask }, (error) => error && reject(error));
    });
  }
}
