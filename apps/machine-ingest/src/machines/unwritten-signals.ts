import { type MachineState, machineKey, REMOVED_PATH, type Signal } from '@millrace/domain';
import type { KafkaConnection } from '@millrace/kafka';
import { decodeSignal, type IncomingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { LastSignals } from './last-signals';
import type { MachineDirectory } from './machine-directory';
import { removalsWithEffect } from './removals-with-effect';
import type { StoredSignals } from './stored-signals';

/** Records that are read before the place to go on from: a repeat of what lies there is known for one. */
const BEFORE = 2_000n;
/** Records that are read at most: what one process folds in the seconds between two writes. */
const MOST = 50_000n;

export interface UnwrittenSignalsParts {
  readonly kafka: Pick<KafkaConnection, 'readRange'>;
  /** Full name of the topic `signals`. */
  readonly topic: string;
  readonly directory: Pick<MachineDirectory, 'all' | 'get'>;
  readonly stored: Pick<StoredSignals, 'upTo' | 'has'>;
  readonly last: Pick<LastSignals, 'goOnFrom' | 'hear'>;
  readonly logger: Logger;
}

interface Read {
  readonly signal: Signal;
  readonly message: IncomingMessage;
}

/**
 * What a process that died had folded and not yet written to `machine-signals`: its successor will not fold it again, and a
 * value that the machine says once a shift would be missing until the next. So it is read again, for the last signals alone.
 */
export class UnwrittenSignals {
  constructor(private readonly parts: UnwrittenSignalsParts) {}

  /** Of partitions that were gained, when all that is stored is known and before anything of them is folded. */
  async hear(partitions: readonly number[]): Promise<void> {
    await Promise.all(
      partitions.map((partition) =>
        this.hearAgain(partition).catch((error: Error) =>
          this.parts.logger.warn(
            { error: error.message, partition },
            'last signals of a former holder not read again; what is heard next takes their place',
          ),
        ),
      ),
    );
  }

  private async hearAgain(partition: number): Promise<void> {
    const { kafka, topic, stored, last } = this.parts;
    const written = stored.upTo(partition) ?? this.writtenUnsaid(partition);
    if (written === null) return;
    last.goOnFrom({ partition, offset: written });
    const folded = this.foldedUpTo(partition);
    if (folded <= written) return;
    const seen = new Map<string, Seen>();
    const hear = ({ signal, message }: Read): void => {
      if (!isRepeat(seen, signal) && message.offset > written) last.hear(signal, message);
    };
    // From the first removal on, which of them had effect is known at the end; what was heard is told in order.
    const waiting: Read[] = [];
    await kafka.readRange({
      topic,
      partition,
      from: latest(0n, written + 1n - BEFORE, folded + 1n - MOST),
      to: folded + 1n,
      onMessage: (message) => {
        const read = decodeSignal(message);
        if (read.kind === 'refused' || !this.isFolded(read.signal, message)) return;
        if (waiting.length > 0 || read.signal.path === REMOVED_PATH) waiting.push({ signal: read.signal, message });
        else hear({ signal: read.signal, message });
      },
    });
    const removals = removalsWithEffect(waiting, (key) => this.parts.directory.get(key)?.counts.signals ?? 0);
    for (const read of waiting) {
      if (read.signal.path === REMOVED_PATH) {
        if (!removals.has(read)) continue;
        // What was known for repeats goes with the machine.
        seen.set(machineKey(read.signal.tenant, read.signal.machine), { places: new Set(), begun: new Map() });
      }
      hear(read);
    }
  }

  /** Nothing, where nothing of its machines is written; null where a release wrote it that did not say how far. */
  private writtenUnsaid(partition: number): bigint | null {
    const { stored } = this.parts;
    return this.statesOf(partition).some(({ tenant, machine }) => stored.has(machineKey(tenant, machine))) ? null : -1n;
  }

  private foldedUpTo(partition: number): bigint {
    return this.statesOf(partition).reduce((highest, { position }) => latest(highest, BigInt(position!.offset)), -1n);
  }

  private statesOf(partition: number): MachineState[] {
    return [...this.parts.directory.all()].filter(({ position }) => position?.partition === partition);
  }

  /** What no state holds yet is folded here, and heard then. */
  private isFolded({ tenant, machine }: Signal, { partition, offset }: IncomingMessage): boolean {
    const position = this.parts.directory.get(machineKey(tenant, machine))?.position ?? null;
    return position !== null && position.partition === partition && BigInt(position.offset) >= offset;
  }
}

/** What is known of a machine for repeats. */
interface Seen {
  readonly places: Set<string>;
  /** By source and session the number that came first, below which the fold takes all for seen; null where it lies before what is read. */
  readonly begun: Map<string, number> | null;
}

/** As the fold knows repeats of a machine, within what is read: by its place in a session, else by what it says of when. */
const isRepeat = (seen: Map<string, Seen>, signal: Signal): boolean => {
  const { tenant, machine, source, session, seq, idx = 0, path, sourceTs, quality, value } = signal;
  if (seq === null && sourceTs === null) return false;
  const key = machineKey(tenant, machine);
  const { places, begun } = seen.get(key) ?? { places: new Set<string>(), begun: null };
  if (!seen.has(key)) seen.set(key, { places, begun });
  const place = JSON.stringify([source, ...(seq === null ? [path, sourceTs, quality, value] : [session, seq, idx])]);
  if (places.has(place)) return true;
  places.add(place);
  if (seq === null || begun === null) return false;
  const numbering = JSON.stringify([source, session]);
  const first = begun.get(numbering) ?? seq;
  begun.set(numbering, first);
  return seq < first;
};

const latest = (...offsets: readonly bigint[]): bigint => offsets.reduce((a, b) => (a > b ? a : b));
