import { residentBytes } from '../process-memory';

const EVERY_MS = 1_000;
const MIB = 1_024 ** 2;

/** Memory of a process, looked at once a second. */
export class ResidentSeries {
  private readonly samples: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.look(), EVERY_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** MiB. */
  get now(): number {
    return residentBytes(this.pid) / MIB;
  }

  /** MiB. */
  get most(): number {
    return Math.max(...this.samples) / MIB;
  }

  /**
   * MiB that it grew from the share `from` (0 to 1) of the time to its end: of the means of a tenth of the time each, since a
   * garbage collector makes single samples jump.
   */
  growthSince(from: number): number {
    const tenth = Math.max(1, Math.floor(this.samples.length / 10));
    const begin = Math.floor(this.samples.length * from);
    return (mean(this.samples.slice(-tenth)) - mean(this.samples.slice(begin, begin + tenth))) / MIB;
  }

  private look(): void {
    this.samples.push(residentBytes(this.pid));
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
