import type { DeliveryFact } from '@millrace/protocol';
import type { ParkedBits } from '../parking/parked-bits';
import type { CommandHandler } from './command.handler';
import type { EndpointStates, PartitionMemory } from './endpoint-states';
import type { HeldKeys } from './held-keys';
import type { OwnedPartition } from './owned-endpoint';
import type { SeenRecords } from './seen-records';
import type { WorkInHand } from './work-in-hand';

export interface TakeoverParts {
  readonly inHand: WorkInHand;
  readonly seen: SeenRecords;
  readonly endpoints: EndpointStates;
  readonly heldKeys: HeldKeys;
  readonly bits: ParkedBits;
  readonly commands: CommandHandler;
}

/** A partition comes, with what its owner before has left on record, and goes. */
export class Takeover {
  constructor(private readonly parts: TakeoverParts) {}

  own(memory: PartitionMemory): OwnedPartition {
    this.lose(memory.partition);
    const owner = this.parts.endpoints.own(memory);
    this.parts.inHand.rebindAll(owner);
    return owner;
  }

  lose(partition: number): void {
    for (const work of this.parts.endpoints.lose(partition)) this.parts.inHand.abandon(work);
  }

  noteFact(owner: OwnedPartition, fact: DeliveryFact): void {
    if (!owner.current) return;
    const { seen, endpoints, bits, commands } = this.parts;
    const { deliveryId } = fact;
    switch (fact.kind) {
      case 'attempt-started':
        owner.begun.set(deliveryId, fact);
        endpoints.noteSequence(owner.endpoint(fact.endpointId), owner, fact);
        break;
      case 'attempt-finished': {
        const ended = fact.result.kind !== 'retry';
        seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: true, ended });
        const begun = owner.begun.get(deliveryId);
        owner.begun.delete(deliveryId);
        // It was parked before, and the crash came before its bit was cleared.
        if (begun) bits.clear(owner.endpoint(fact.endpointId), owner, begun.recordOffset);
        break;
      }
      case 'parked':
        // Its bit is written first; another copy of it is a repeat. Without a bit a successor knew better, or it has gone on.
        if (owner.endpoint(fact.endpointId).parked.has(fact.recordOffset))
          seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: false, ended: false });
        break;
      case 'ended':
        seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: true, ended: true });
        if (fact.recordOffset !== null) bits.clear(owner.endpoint(fact.endpointId), owner, fact.recordOffset);
        break;
      case 'reopened':
        seen.note(deliveryId, { epoch: fact.epoch, attempt: 0, finished: true, ended: false });
        commands.noteDone(fact.commandId);
        break;
      case 'command-refused':
        commands.noteDone(fact.commandId);
        break;
      default:
        break;
    }
  }

  takenOver(owner: OwnedPartition): void {
    if (!owner.current) return;
    const { seen, heldKeys } = this.parts;
    owner.takenOver = true;
    // The crash came between the end of a key's head and the word that the key is free.
    for (const state of owner.endpoints.values())
      for (const { deliveryId } of state.order.heads())
        if (seen.of(deliveryId)?.ended) heldKeys.freeHead(state, owner, deliveryId);
  }
}
