import type { LifecycleWord, Signal } from '@millrace/domain';
import type { SourcePlace } from './lifecycle-signal';
import { MachineNumbers } from './machine-numbers';
import { newSignal, type SaidSignal } from './new-signal';

type Word = Extract<LifecycleWord, 'connected' | 'disconnected' | 'alive'>;
/** `ref`: of `raw`. */
type Said = Omit<SaidSignal, 'tenant' | 'machine' | 'source' | 'session' | 'seq' | 'clock' | 'receivedAt' | 'raw'> & {
  readonly ref: string;
  /** Millrace's own where nothing is said. */
  readonly clock?: string;
};

/**
 * Writes the signals of a peer that numbers no values: each machine's signals of a session are counted as they are written,
 * the source's own words among them.
 */
export class NumberedSignals {
  private numbered = '';
  private numbers = new MachineNumbers();
  private readonly writtenAt = new Map<string, number>();

  constructor(
    protected readonly place: SourcePlace,
    /** Milliseconds of a clock that nobody sets. */
    protected readonly monotonic: () => number,
  ) {}

  get session(): string {
    return this.numbered;
  }

  /** From here on signals are of this session. */
  enter(session: string): void {
    if (session === this.numbered) return;
    this.numbered = session;
    this.numbers = new MachineNumbers();
  }

  /** How long nothing was written of a machine, ms. */
  silenceOf(machine: string): number {
    return this.monotonic() - (this.writtenAt.get(machine) ?? Number.NEGATIVE_INFINITY);
  }

  lifecycle(machine: string, word: Word, at: number): Signal {
    return this.write(machine, at, {
      path: '$lifecycle',
      kind: 'lifecycle',
      value: word,
      type: 'string',
      ref: '$lifecycle',
    });
  }

  /** Something did not come. Which numbers are missing nobody can say, since they are given here; `what` says what is known. */
  protected lost(machine: string, at: number, what: { readonly [name: string]: unknown }, ref = '$gap'): Signal {
    const value = { from: null, to: null, lost: null, ...what };
    return this.write(machine, at, { path: '$gap', kind: 'lifecycle', value, type: 'json', ref });
  }

  protected write(machine: string, receivedAt: number, { ref, clock = 'millrace', ...said }: Said): Signal {
    this.writtenAt.set(machine, this.monotonic());
    const { tenant, source, proto } = this.place;
    return newSignal({
      ...said,
      tenant,
      machine,
      source,
      session: this.numbered,
      seq: this.numbers.of(machine),
      receivedAt,
      clock,
      raw: { proto, ref },
    });
  }
}
