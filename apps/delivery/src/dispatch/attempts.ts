import { type Contract, type Endpoint, type Outcome, type Settlement, settle } from '@millrace/domain';
import type { AttemptFinished, EndDelivery, TopicNames } from '@millrace/protocol';
import { type ActiveSpan, formatTraceparent, type Logger } from '@millrace/telemetry';
import type { WebhookRequest } from '@millrace/webhook-client';
import type { CommandHandler } from './command.handler';
import { type AttemptSubject, endedFact, finishedFact, reasonOfCommand, startedFact } from './delivery-facts';
import type { DisabledHere } from './disabled-here';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { EndpointStates } from './endpoint-states';
import type { FactLog } from './fact-log';
import { followingMessages } from './following-messages';
import type { HeldKeys } from './held-keys';
import type { Lanes } from './lanes';
import type { OwnedPartition } from './owned-endpoint';
import type { Parking } from './parking';
import { prepare } from './prepare';
import type { SeenRecords } from './seen-records';
import { endAttemptSpan, startAttemptSpan, tellAttempt } from './tell-attempt';
import type { WorkInHand } from './work-in-hand';

export interface AttemptSettings {
  readonly topics: TopicNames;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
}

export interface AttemptParts {
  readonly inHand: WorkInHand;
  readonly seen: SeenRecords;
  readonly lanes: Lanes<DispatchWork>;
  readonly endpoints: EndpointStates;
  readonly disabledHere: DisabledHere;
  readonly heldKeys: HeldKeys;
  readonly parking: Parking;
  readonly release: { pump(owner: OwnedPartition): void };
  readonly commands: CommandHandler;
  readonly facts: FactLog;
  readonly drain: Drain;
  /** A place is free: the next in the lanes may begin. */
  readonly placeFree: () => void;
}

type Ports = Pick<DispatchPorts, 'keys' | 'client' | 'tasks' | 'now' | 'ticks' | 'random' | 'newRequestId'>;

/**
 * The attempt: `attempt-started` is written and acknowledged, the signed request leaves, and what `settle` decides is carried
 * out: first the next task (retry tier, dead letter) is acknowledged, then `attempt-finished`, and only then is the record
 * finished and the lane's place given back.
 */
export class Attempts {
  constructor(
    private readonly settings: AttemptSettings,
    private readonly ports: Ports,
    private readonly parts: AttemptParts,
    private readonly logger: Logger,
  ) {}

  /** False when the secrets of the endpoint cannot be opened: nothing goes out unsigned. */
  canSign(endpoint: Endpoint): boolean {
    try {
      this.ports.keys.activeFor(endpoint, this.ports.now());
      this.ports.keys.headersOf(endpoint);
      return true;
    } catch (error) {
      this.logger.error(
        { error: String(error), endpointId: endpoint.id },
        'the secrets of an endpoint do not open; its deliveries wait until they do',
      );
      return false;
    }
  }

  /** Writes that a request is about to leave; it leaves when that is acknowledged. */
  begin(work: DispatchWork, endpoint: Endpoint, contract: Contract): void {
    const { inHand, endpoints, facts } = this.parts;
    inHand.noteBegun(work);
    endpoints.numbered(work);
    const { task, traceparent } = work.delivery;
    const span = startAttemptSpan(task, traceparent);
    const subject = { task, endpoint, requestId: this.ports.newRequestId(), trace: span.context };
    const fact = startedFact(subject, work.offset, this.ports.now());
    facts.append(work.owner.partition, fact, () => {
      endpoints.noteSequence(work.state, work.owner, fact);
      void this.carryOut(work, contract, subject, span);
    });
  }

  private async carryOut(
    work: DispatchWork,
    contract: Contract,
    subject: AttemptSubject,
    span: ActiveSpan,
  ): Promise<void> {
    const { endpoints, disabledHere, heldKeys, parking, lanes } = this.parts;
    const { topics, timeScale } = this.settings;
    const { endpoint, task } = subject;
    const startedAt = this.ports.now();
    let request: WebhookRequest | null = null;
    let outcome: Outcome;
    try {
      request = this.requestOf(work, contract, subject, span, startedAt);
      outcome = await this.ports.client.send(request);
    } catch (error) {
      outcome = this.notMade(subject, error);
    }
    const now = this.ports.now();
    const settlement = settle({ task, contract, endpoint, outcome, now, random: this.ports.random(), timeScale });
    const fact = finishedFact(subject, contract, { request, outcome, settlement, startedAt, endedAt: now });
    endAttemptSpan(span, fact);
    tellAttempt(this.logger, task, fact, outcome, timeScale);
    if (settlement.kind === 'endpoint_gone') disabledHere.note(endpoint);
    const health = endpoints.afterAttempt(work, { endpoint, contract, outcome, settlement, outcomeName: fact.outcome });
    if (health.disabled) disabledHere.note(endpoint);
    if (health.wentDown) parking.parkAll(lanes.drain(work.state.id), 'endpoint_down');
    const ending = settlement.kind === 'retry' ? work.ending : null;
    // A command that comes from now on finds the attempt over, and waits until that is on record.
    work.step = 'leaving';
    if (settlement.kind === 'retry' && ending === null && work.key !== null) await heldKeys.hold(work, now);
    const following = [
      ...(ending ? [] : followingMessages({ delivery: work.delivery, endpoint, settlement, topics, timeScale, now })),
      ...health.messages,
    ];
    if (following.length > 0 && !(await this.ports.tasks.send(following))) return;
    this.record(work, fact, ending, () => this.recorded(work, contract, outcome, settlement, ending, now));
  }

  /** Throws when a header cannot be sent. */
  private requestOf(
    work: DispatchWork,
    contract: Contract,
    { endpoint, requestId, task }: AttemptSubject,
    span: ActiveSpan,
    now: number,
  ): WebhookRequest {
    return prepare({
      task,
      body: work.delivery.body,
      contract,
      endpoint,
      keys: this.ports.keys.activeFor(endpoint, now),
      customHeaders: this.ports.keys.headersOf(endpoint),
      requestId,
      traceparent: formatTraceparent(span.context),
      now,
    });
  }

  /** No request left, and the schedule goes on. */
  private notMade({ task, endpoint }: AttemptSubject, error: unknown): Outcome {
    this.logger.error(
      { error: String(error), deliveryId: task.deliveryId, endpointId: endpoint.id },
      'the request could not be made',
    );
    return {
      kind: 'failure',
      failure: 'protocol',
      message: 'The request could not be made; see the log of the delivery service.',
      durationMs: 0,
    };
  }

  /** A command that came while the request was under way ends with it what would have been tried again. */
  private record(work: DispatchWork, fact: AttemptFinished, ending: EndDelivery | null, recorded: () => void): void {
    const { facts } = this.parts;
    const { partition } = work.owner;
    if (ending === null) {
      facts.append(partition, fact, recorded);
      return;
    }
    facts.append(partition, fact, () => {});
    const end = { status: 'cancelled', reason: reasonOfCommand(ending.kind), command: ending } as const;
    facts.append(partition, endedFact(work.delivery.task, { ...end, offset: work.offset }, fact.at), recorded);
  }

  private recorded(
    work: DispatchWork,
    contract: Contract,
    outcome: Outcome,
    settlement: Settlement,
    ending: EndDelivery | null,
    now: number,
  ): void {
    const { inHand, seen, lanes, endpoints, heldKeys, release, commands, drain } = this.parts;
    // As they are now: the partition may have been lost and won again since the request left.
    const { state, owner } = work;
    const { deliveryId, epoch, attempt } = work.delivery.task;
    const ended = settlement.kind !== 'retry' || ending !== null;
    seen.note(deliveryId, { epoch, attempt, finished: true, ended });
    // It may also have ended at another owner meanwhile, whose word about the key this one replaced.
    if (work.key !== null && (ended || seen.of(deliveryId)?.ended)) heldKeys.free(state, owner, work.key, deliveryId);
    inHand.finish(work);
    if (work.ending) commands.attemptEnded(work, work.ending, ended && ending === null);
    inHand.noteAttemptEnded(work);
    lanes.release(work, this.ports.ticks(), endpoints.signalOf(work, contract, outcome, now), outcome.durationMs);
    this.parts.placeFree();
    if (owner.backlogged.has(state)) release.pump(owner);
    drain.noteEnd();
  }
}
