import { dueTime } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import { decodeCommand, decodeDelivery, type IncomingMessage, type TopicNames } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import type { ParkedBits } from '../parking/parked-bits';
import { rejectUnusableTask } from '../sending/unusable-task';
import type { CommandHandler } from './command.handler';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { EndpointStates } from './endpoint-states';
import type { HeldKeys } from './held-keys';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import type { Routing } from './routing';
import type { SeenRecords } from './seen-records';
import type { Timers } from './timers';
import type { WorkInHand } from './work-in-hand';

export interface IntakeParts {
  readonly inHand: WorkInHand;
  readonly seen: SeenRecords;
  readonly endpoints: EndpointStates;
  readonly heldKeys: HeldKeys;
  readonly bits: ParkedBits;
  readonly commands: CommandHandler;
  readonly routing: Routing;
  readonly timers: Timers;
  readonly drain: Drain;
}

/** After this a record is looked at again whose delivery a command is being considered about. */
const LOOK_AGAIN_MS = 20;

/**
 * Takes up what comes, from the log and back from parked storage: a repeat is recognised, what a command has overtaken is dropped,
 * and what is new waits for the rest of its delay and is routed.
 */
export class Intake {
  private readonly repeats = metrics.counter(
    'webhook_repeats_dropped_total',
    'Records recognised as repeats of a task already taken up.',
  );

  constructor(
    private readonly topics: TopicNames,
    private readonly ports: Pick<DispatchPorts, 'tasks' | 'now' | 'ticks'>,
    private readonly parts: IntakeParts,
    private readonly logger: Logger,
  ) {}

  accept(record: ConsumedRecord): void {
    const { inHand, seen, endpoints, commands, routing, timers, drain } = this.parts;
    const owner = endpoints.partition(record.message.partition);
    if (drain.stopping || !owner || !record.current) return;
    const command = decodeCommand(record.message);
    if (command.kind === 'command') {
      commands.handle(record, command.command, owner);
      return;
    }
    const delivery = command.kind === 'none' ? decodeDelivery(record.message) : null;
    if (!delivery) {
      void this.quarantine(record);
      return;
    }
    const { task } = delivery;
    if (commands.considers(task.deliveryId)) {
      timers.after(LOOK_AGAIN_MS, () => this.accept(record));
      return;
    }
    const state = owner.endpoint(task.endpointId);
    const offset = Number(record.message.offset);
    // Parked in a former life, whose commit did not get as far, or overtaken by a command.
    if (state.parked.has(offset) || state.fencesOff(task)) {
      this.repeats.inc();
      record.complete();
      return;
    }
    if (!seen.take(task.deliveryId, task)) {
      this.repeats.inc();
      const active = inHand.sameAs(task);
      if (active) {
        inHand.rebind(active, owner);
        active.records.push(record);
      } else record.complete();
      return;
    }
    const work = inHand.take(delivery, owner, state, offset, [record], false);
    if (task.remainingDelayMs === 0) routing.route(work);
    else this.routeWhenDue(work, dueTime(record.message.timestamp, task), this.ports.ticks() + task.remainingDelayMs);
  }

  /** A parked record that was read back. */
  takeBack(state: OwnedEndpoint, owner: OwnedPartition, message: IncomingMessage): void {
    const { inHand, seen, heldKeys, bits, routing } = this.parts;
    const delivery = decodeDelivery(message);
    const offset = Number(message.offset);
    const active = delivery ? inHand.sameAs(delivery.task) : undefined;
    if (active?.offset === offset) {
      // Under way; or still being written down as parked, then it comes back when it is, and before what follows in its key.
      active.recalled = true;
      const key = active.step === 'leaving' && active.key === null ? heldKeys.keyOf(active) : null;
      if (key !== null) state.order.expect(key, active.delivery.task.deliveryId, offset);
      return;
    }
    if (!delivery || active || seen.hasFinished(delivery.task.deliveryId, delivery.task)) {
      this.repeats.inc();
      bits.discard(state, owner, offset);
      return;
    }
    const { task } = delivery;
    if (state.fencesOff(task)) {
      bits.discard(state, owner, offset);
      return;
    }
    seen.take(task.deliveryId, task);
    routing.route(inHand.take(delivery, owner, state, offset, [], true));
  }

  /** A parked record that was to be read back, and is not there. */
  noteGone(state: OwnedEndpoint, owner: OwnedPartition, offset: number): void {
    this.logger.error(
      { endpointId: state.id, partition: owner.partition, offset },
      'a parked record is no longer kept by the topic: its retention is shorter than its wait',
    );
    this.parts.bits.discard(state, owner, offset);
  }

  /** Never longer than was asked for, by a clock that nobody sets, and never early by the broker's. */
  private routeWhenDue(work: DispatchWork, due: number, latest: number): void {
    const { timers, routing } = this.parts;
    const rest = Math.min(due - this.ports.now(), latest - this.ports.ticks());
    if (rest > 0.5) timers.after(Math.ceil(rest), () => this.routeWhenDue(work, due, latest));
    else routing.route(work);
  }

  private async quarantine(record: ConsumedRecord): Promise<void> {
    const rejection = rejectUnusableTask(this.logger, this.topics, record.message, this.ports.now());
    if (await this.ports.tasks.send([rejection])) record.complete();
  }
}
