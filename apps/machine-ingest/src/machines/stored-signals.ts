import {
  decodeHeardUpTo,
  decodeMachineSignals,
  type IncomingMessage,
  type LastSignal,
  placeOfMachineSignals,
} from '@millrace/protocol';

/**
 * The last signals of all machines as their holders wrote them, from the compacted topic `machine-signals`. They are kept as
 * bytes, since most of them are never asked for.
 */
export class StoredSignals {
  private readonly machines = new Map<string, Map<number, Buffer>>();
  private readonly places = new Map<number, bigint>();

  apply(message: IncomingMessage): void {
    const heard = decodeHeardUpTo(message);
    if (heard !== null) this.places.set(heard.partition, heard.offset);
    const place = placeOfMachineSignals(message);
    if (place === null) return;
    const parts = this.machines.get(place.key) ?? new Map<number, Buffer>();
    if (message.value === null) parts.delete(place.part);
    // A copy: the bytes of a record are a piece of all that was fetched with it.
    else parts.set(place.part, Buffer.from(message.value));
    if (parts.size === 0) this.machines.delete(place.key);
    else this.machines.set(place.key, parts);
  }

  /** Offset of `signals` up to which the signals of a partition are in what is written; null where nobody has said. */
  upTo(partition: number): bigint | null {
    return this.places.get(partition) ?? null;
  }

  has(key: string): boolean {
    return this.machines.has(key);
  }

  of(key: string): LastSignal[] {
    return [...(this.machines.get(key)?.values() ?? [])].flatMap((value) => [...decodeMachineSignals(value)]);
  }
}
