import { type DeliveryEnded, encodeDelivery, type TopicNames } from '@millrace/protocol';
import { deliverySettled, type Logger } from '@millrace/telemetry';
import { endedFact } from './delivery-facts';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { EndpointStates } from './endpoint-states';
import type { FactLog } from './fact-log';
import type { HeldKeys } from './held-keys';
import type { OwnedPartition } from './owned-endpoint';
import type { SeenRecords } from './seen-records';
import type { WorkInHand } from './work-in-hand';

export interface EndingParts {
  readonly inHand: WorkInHand;
  readonly seen: SeenRecords;
  readonly endpoints: EndpointStates;
  readonly heldKeys: HeldKeys;
  readonly release: { pump(owner: OwnedPartition): void };
  readonly facts: FactLog;
  readonly drain: Drain;
}

/** Ends deliveries that no attempt ends: expired, unusable, of a deleted endpoint, or ended by a command. */
export class Ending {
  constructor(
    private readonly topics: TopicNames,
    private readonly ports: Pick<DispatchPorts, 'tasks' | 'now'>,
    private readonly parts: EndingParts,
    private readonly logger: Logger,
  ) {}

  async end(
    work: DispatchWork,
    status: DeliveryEnded['status'],
    reason: DeliveryEnded['reason'],
    command: { readonly by: string; readonly commandId: string } | null,
  ): Promise<void> {
    const { inHand, seen, endpoints, heldKeys, release, facts, drain } = this.parts;
    const { delivery } = work;
    const { deliveryId, tenant, endpointId, epoch, attempt } = delivery.task;
    work.step = 'leaving';
    drain.noteWriting(1);
    const messages = endpoints.endMessages(work, status);
    if (status !== 'cancelled') messages.push(encodeDelivery(this.topics.deadLetter, delivery));
    if (messages.length > 0 && !(await this.ports.tasks.send(messages))) return;
    deliverySettled(this.logger, { tenant, deliveryId, endpointId, status, reason, attempt });
    const fact = endedFact(delivery.task, { status, reason, command, offset: work.offset }, this.ports.now());
    facts.append(work.owner.partition, fact, () => {
      // As they are now: the partition may have been lost and won again since.
      const { state, owner } = work;
      seen.note(deliveryId, { epoch, attempt, finished: true, ended: true });
      const next = state.order.forget(work.offset);
      if (next !== null) state.ready.push(next);
      if (work.key !== null) heldKeys.free(state, owner, work.key, deliveryId);
      else heldKeys.freeHead(state, owner, deliveryId);
      inHand.hasLeft(work);
      if (owner.backlogged.has(state)) release.pump(owner);
    });
  }
}
