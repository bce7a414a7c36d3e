import { contractNamed, type DeliveryTask } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type CommandRefused,
  type DeliveryCommand,
  type DeliveryEnded,
  decodeDelivery,
  type EndDelivery,
  encodeDelivery,
  type RetryDelivery,
  type TopicNames,
} from '@millrace/protocol';
import { commandHandled, type Logger } from '@millrace/telemetry';
import type { ParkedBits } from '../parking/parked-bits';
import { reasonOfCommand } from './delivery-facts';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { Ending } from './ending';
import type { FactLog } from './fact-log';
import type { HeldKeys } from './held-keys';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import type { SeenRecords } from './seen-records';
import type { Timers } from './timers';
import type { WorkInHand } from './work-in-hand';

export interface CommandParts {
  readonly inHand: WorkInHand;
  readonly seen: SeenRecords;
  readonly ending: Ending;
  readonly bits: ParkedBits;
  readonly heldKeys: HeldKeys;
  readonly facts: FactLog;
  readonly drain: Drain;
  readonly timers: Timers;
}

export interface CommandSettings {
  readonly topics: TopicNames;
  readonly timeScale: number;
}

/** After this a command is looked at again that came while its delivery was being written about, or could not be carried out. */
const ASK_AGAIN_MS = 20;
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
    private readonly parts: CommandParts,
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
    const seen = this.parts.seen.of(command.deliveryId);
    const epoch = Math.max(seen?.epoch ?? 0, (state.fences.get(command.deliveryId)?.lowestEpoch ?? 0) - 1);
    if (epoch > command.expectedEpoch) this.refuse(record, command, owner, 'stale');
    else if (command.kind === 'retry') void this.retry(record, command, owner, state);
    else this.end(record, command, owner, state, seen?.epoch === command.expectedEpoch && seen.ended);
  }

  /** The request that was under way when the command came has ended; `overtaken` when the delivery ended with it. */
  attemptEnded(work: DispatchWork, command: EndDelivery, overtaken: boolean): void {
    if (overtaken) this.parts.facts.append(work.owner.partition, refusal(command, 'ended', this.ports.now()), () => {});
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
    this.parts.drain.noteWriting(1);
    this.parts.facts.append(owner.partition, refusal(command, reason, this.ports.now()), () => {
      this.noteDone(command.commandId);
      record.complete();
      this.parts.drain.noteWriting(-1);
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
    const work = this.parts.inHand.of(deliveryId);
    const reason = reasonOfCommand(command.kind);
    if (work) {
      if (work.step === 'leaving' || work.ending !== null) {
        this.parts.timers.after(ASK_AGAIN_MS, () => this.handle(record, command, owner));
        return;
      }
      if (work.step === 'in_flight') work.ending = command;
      else if (!this.parts.inHand.withdraw(work)) return;
      else void this.parts.ending.end(work, 'cancelled', reason, command);
      // The command is carried out with the work; until then both come back after a crash.
      work.records.push(record);
      this.noteDone(command.commandId);
      return;
    }
    if (ended) {
      this.refuse(record, command, owner, 'ended');
      return;
    }
    this.parts.drain.noteWriting(1);
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
        attempt: Math.max(1, command.attempt, this.parts.seen.of(deliveryId)?.attempt ?? 0),
        status: 'cancelled',
        reason,
        by: command.by,
        commandId: command.commandId,
        recordOffset,
      };
      commandHandled(this.logger, { deliveryId, command: command.kind, by: command.by, result: 'done' });
      this.parts.facts.append(owner.partition, fact, () => {
        const { epoch, attempt } = fact;
        this.parts.seen.note(deliveryId, { epoch, attempt, finished: true, ended: true });
        if (parked) this.parts.bits.discard(state, owner, recordOffset);
        this.parts.heldKeys.freeHead(state, owner, deliveryId);
        this.noteDone(command.commandId);
        record.complete();
        this.parts.drain.noteWriting(-1);
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
    if (this.parts.inHand.of(deliveryId)) {
      this.refuse(record, command, owner, 'in_flight');
      return;
    }
    if (recordOffset !== null && state.parked.has(recordOffset)) {
      this.refuse(record, command, owner, 'parked');
      return;
    }
    // From here on every other command upon the same state is stale.
    const epoch = expectedEpoch + 1;
    const before = this.parts.seen.of(deliveryId);
    const refuse = (reason: CommandRefused['reason']): void => {
      this.parts.seen.restore(deliveryId, before);
      this.refuse(record, command, owner, reason);
    };
    this.parts.seen.note(deliveryId, { epoch, attempt: 0, finished: true, ended: false });
    this.considered.add(deliveryId);
    this.parts.drain.noteWriting(1);
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
        this.parts.facts.append(
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
      this.parts.seen.restore(deliveryId, before);
      this.parts.timers.after(ASK_AGAIN_MS, () => this.handle(record, command, owner));
    } finally {
      this.considered.delete(deliveryId);
      this.parts.drain.noteWriting(-1);
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
