import { contractNamed, type DeliveryTask } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type CommandRefused,
  type DeliveryCommand,
  type DeliveryEnded,
  type DeliveryFact,
  decodeDelivery,
  type EndDelivery,
  encodeDelivery,
  type RetryDelivery,
  type TopicNames,
} from '@millrace/protocol';
import { commandHandled, type Logger } from '@millrace/telemetry';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import type { SeenRecords } from './seen-records';

/** What the handler needs of the dispatcher. */
export interface CommandPorts {
  readonly seen: SeenRecords;
  readonly activeWork: (deliveryId: string) => DispatchWork | undefined;
  /** Takes work that has not begun out of its lane; false when it is under way. */
  readonly withdraw: (work: DispatchWork) => boolean;
  readonly end: (
    work: DispatchWork,
    status: DeliveryEnded['status'],
    reason: DeliveryEnded['reason'],
    command: EndDelivery,
  ) => void;
  readonly discard: (endpoint: OwnedEndpoint, partition: OwnedPartition, offset: number) => void;
  readonly freeHead: (endpoint: OwnedEndpoint, partition: OwnedPartition, deliveryId: string) => void;
  readonly append: (partition: number, fact: DeliveryFact, acknowledged: () => void) => void;
  readonly later: (act: () => void) => void;
  /** Something is being written that a stop has to wait for, or is not any more. */
  readonly working: (change: 1 | -1) => void;
}

export interface CommandSettings {
  readonly topics: TopicNames;
  readonly timeScale: number;
}

/** Commands that are remembered, so that a repeat after a crash is not refused as overtaken by itself. */
const REMEMBERED = 20_000;
/** Of a delivery without an expiry: how long what waits in a tier can still come. */
const LONGEST_WAIT_MS = 35 * 86_400_000;

/**
 * Carries out commands at the endpoint's one owner. They come in the same partition as the delivery's own records, so whatever
 * was written before the command has been handed out before it. A command whose expected epoch is no longer the delivery's is
 * refused: of many retries of one state, one wins.
 */
export class CommandHandler {
  private readonly done = new Set<string>();
  /** Deliveries whose retry is being considered: until it is decided, nothing of them is taken for overtaken. */
  private readonly considered = new Set<string>();

  constructor(
    private readonly settings: CommandSettings,
    private readonly ports: Pick<DispatchPorts, 'tasks' | 'state' | 'records' | 'now'>,
    private readonly dispatcher: CommandPorts,
    private readonly logger: Logger,
  ) {}

  /** The log tells that it was carried out or refused. */
  noteDone(commandId: string): void {
    this.done.add(commandId);
    if (this.done.size > REMEMBERED) this.done.delete(this.done.values().next().value!);
  }

  /** A retry of the delivery may come about, or be refused. */
  considers(deliveryId: string): boolean {
    return this.considered.size > 0 && this.considered.has(deliveryId);
  }

  handle(record: ConsumedRecord, command: DeliveryCommand, owner: OwnedPartition): void {
    // What the partition's owner now makes of it, nobody else may.
    if (!record.current || !owner.current) return;
    if (this.done.has(command.commandId)) {
      record.complete();
      return;
    }
    const state = owner.endpoint(command.endpointId);
    const seen = this.dispatcher.seen.of(command.deliveryId);
    const epoch = Math.max(seen?.epoch ?? 0, (state.fences.get(command.deliveryId)?.lowestEpoch ?? 0) - 1);
    if (epoch > command.expectedEpoch) this.refuse(record, command, owner, 'stale');
    else if (command.kind === 'retry') void this.retry(record, command, owner, state);
    else this.end(record, command, owner, state, seen?.epoch === command.expectedEpoch && seen.ended);
  }

  /** The request that was under way when the command came has ended; `overtaken` when the delivery ended with it. */
  attemptEnded(work: DispatchWork, command: EndDelivery, overtaken: boolean): void {
    if (overtaken) this.dispatcher.append(work.owner.partition, refusal(command, 'ended', this.ports.now()), () => {});
    this.noteDone(command.commandId);
  }

  private refuse(
    record: ConsumedRecord,
    command: DeliveryCommand,
    owner: OwnedPartition,
    reason: CommandRefused['reason'],
  ): void {
    const { deliveryId, kind } = command;
    commandHandled(this.logger, { deliveryId, command: kind, by: command.by, result: reason });
    this.dispatcher.working(1);
    this.dispatcher.append(owner.partition, refusal(command, reason, this.ports.now()), () => {
      this.noteDone(command.commandId);
      record.complete();
      this.dispatcher.working(-1);
    });
  }

  private end(
    record: ConsumedRecord,
    command: EndDelivery,
    owner: OwnedPartition,
    state: OwnedEndpoint,
    ended: boolean,
  ): void {
    const { deliveryId, endpointId, expectedEpoch, recordOffset } = command;
    const work = this.dispatcher.activeWork(deliveryId);
    const reason = command.kind === 'cancel' ? 'cancelled_by_command' : 'skipped_by_command';
    if (work) {
      if (work.step === 'leaving' || work.ending !== null) {
        this.dispatcher.later(() => this.handle(record, command, owner));
        return;
      }
      if (work.step === 'in_flight') work.ending = command;
      else if (!this.dispatcher.withdraw(work)) return;
      else this.dispatcher.end(work, 'cancelled', reason, command);
      // The command is carried out with the work; until then both come back after a crash.
      work.records.push(record);
      this.noteDone(command.commandId);
      return;
    }
    if (ended) {
      this.refuse(record, command, owner, 'ended');
      return;
    }
    this.dispatcher.working(1);
    const parked = recordOffset !== null && state.parked.has(recordOffset);
    const told = (): void => {
      const at = this.ports.now();
      const fact: DeliveryEnded = {
        kind: 'ended',
        at,
        deliveryId,
        tenant: command.tenant,
        endpointId,
        epoch: expectedEpoch,
        attempt: Math.max(1, command.attempt, this.dispatcher.seen.of(deliveryId)?.attempt ?? 0),
        status: 'cancelled',
        reason,
        by: command.by,
        commandId: command.commandId,
        recordOffset,
      };
      commandHandled(this.logger, { deliveryId, command: command.kind, by: command.by, result: 'done' });
      this.dispatcher.append(owner.partition, fact, () => {
        const { epoch, attempt } = fact;
        this.dispatcher.seen.note(deliveryId, { epoch, attempt, finished: true, ended: true });
        if (parked) {
          this.dispatcher.discard(state, owner, recordOffset);
        }
        this.dispatcher.freeHead(state, owner, deliveryId);
        this.noteDone(command.commandId);
        record.complete();
        this.dispatcher.working(-1);
      });
    };
    if (parked) {
      state.parked.claim(recordOffset);
      told();
    } else this.fence(owner, state, command, told);
  }

  private async retry(
    record: ConsumedRecord,
    command: RetryDelivery,
    owner: OwnedPartition,
    state: OwnedEndpoint,
  ): Promise<void> {
    const { deliveryId, recordOffset, expectedEpoch } = command;
    if (this.dispatcher.activeWork(deliveryId)) {
      this.refuse(record, command, owner, 'in_flight');
      return;
    }
    if (recordOffset !== null && state.parked.has(recordOffset)) {
      this.refuse(record, command, owner, 'parked');
      return;
    }
    // From here on every other command upon the same state is stale.
    const epoch = expectedEpoch + 1;
    const before = this.dispatcher.seen.of(deliveryId);
    const refuse = (reason: CommandRefused['reason']): void => {
      this.dispatcher.seen.restore(deliveryId, before);
      this.refuse(record, command, owner, reason);
    };
    this.dispatcher.seen.note(deliveryId, { epoch, attempt: 0, finished: true, ended: false });
    this.considered.add(deliveryId);
    this.dispatcher.working(1);
    try {
      const found = recordOffset === null ? undefined : await this.recordAt(owner, recordOffset);
      const now = this.ports.now();
      if (!found || found.task.deliveryId !== deliveryId || found.task.tenant !== command.tenant) {
        refuse('record_gone');
        return;
      }
      const { task } = found;
      if (task.expiresAt !== null && task.expiresAt < now && !command.force) {
        refuse('ended');
        return;
      }
      const again = retryTask(task, command, epoch, now, this.settings.timeScale);
      // What has ended has nothing in a tier, and nothing to be fenced off.
      if (!command.ended && !before?.ended)
        await new Promise<void>((resolve) => this.fence(owner, state, command, resolve));
      if (!(await this.ports.tasks.send([encodeDelivery(this.settings.topics.deliveries, { ...found, task: again })])))
        return;
      commandHandled(this.logger, { deliveryId, command: 'retry', by: command.by, result: 'done' });
      await new Promise<void>((resolve) =>
        this.dispatcher.append(
          owner.partition,
          {
            kind: 'reopened',
            at: now,
            deliveryId,
            tenant: command.tenant,
            endpointId: command.endpointId,
            epoch,
            commandId: command.commandId,
            by: command.by,
            replay: command.replay,
          },
          resolve,
        ),
      );
      this.noteDone(command.commandId);
      record.complete();
    } catch (error) {
      this.logger.warn({ error: String(error), deliveryId }, 'a command cannot be carried out now; trying again');
      this.dispatcher.seen.restore(deliveryId, before);
      this.dispatcher.later(() => this.handle(record, command, owner));
    } finally {
      this.considered.delete(deliveryId);
      this.dispatcher.working(-1);
    }
  }

  private async recordAt(owner: OwnedPartition, offset: number) {
    const message = (await this.ports.records.fetch(owner.partition, offset)).at(offset);
    return message ? (decodeDelivery(message) ?? undefined) : undefined;
  }

  /** What waits in a tier from before is dropped when it comes. */
  private fence(owner: OwnedPartition, state: OwnedEndpoint, command: DeliveryCommand, written: () => void): void {
    const { endpointId, deliveryId, expectedEpoch } = command;
    const fence = {
      lowestEpoch: expectedEpoch + 1,
      until: this.ports.now() + LONGEST_WAIT_MS * this.settings.timeScale,
    };
    state.fences.set(deliveryId, fence);
    owner.fenced.add(state);
    this.ports.state.put(owner.partition, { kind: 'fence', endpointId, deliveryId, ...fence }, written);
  }
}

/** Pure: the first task of the new chain. */
const retryTask = (
  task: DeliveryTask,
  command: RetryDelivery,
  epoch: number,
  now: number,
  timeScale: number,
): DeliveryTask => {
  const expiryMs = contractNamed(task.contract.name, task.contract.version)?.expiry.ms ?? 0;
  return {
    ...task,
    epoch,
    attempt: 1,
    firstFailedAt: null,
    remainingDelayMs: 0,
    plannedAt: null,
    chain: command.chain ?? task.chain,
    replay: command.replay,
    expiresAt: command.force ? now + Math.ceil(expiryMs * timeScale) : task.expiresAt,
  };
};

const refusal = (command: DeliveryCommand, reason: CommandRefused['reason'], at: number): CommandRefused => ({
  kind: 'command-refused',
  at,
  deliveryId: command.deliveryId,
  tenant: command.tenant,
  endpointId: command.endpointId,
  commandId: command.commandId,
  command: command.kind,
  by: command.by,
  reason,
});
