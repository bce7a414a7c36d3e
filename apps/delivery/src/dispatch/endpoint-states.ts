import {
  abandonProbe,
  afterAttempt,
  afterEnabled,
  beginProbe,
  breakerOf,
  type Contract,
  type DeliveryTask,
  type Endpoint,
  isOperationalType,
  type Outcome,
  parseRetryAfter,
  type RetryBudget,
  readHealth,
  readRunReceiverId,
  retryBudget,
  type Settlement,
  TokenBucket,
} from '@millrace/domain';
import {
  type AttemptStarted,
  type DeliveryEnded,
  type DispatchState,
  type EndpointHealthRecord,
  encodeEndpointDisabled,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';
import { endpointHealthChanged, type Logger } from '@millrace/telemetry';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { LaneSignal, Lanes } from './lanes';
import { endedEvents, healthEvents, settlementEvents } from './operational-events';
import { type OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import { isKeyOf } from './route';

export interface EndpointStatesSettings {
  readonly topics: TopicNames;
  readonly timeScale: number;
}

type Ports = Pick<DispatchPorts, 'directory' | 'state' | 'health' | 'now' | 'ticks'>;

/** What is known of a partition before its first record comes. */
export interface PartitionMemory {
  readonly partition: number;
  readonly states: readonly DispatchState[];
  readonly health: readonly EndpointHealthRecord[];
}

/** What the end of an attempt means for its endpoint. */
export interface HealthEffect {
  /** Operational events, and the word to the subscription service that the endpoint is disabled. */
  readonly messages: OutgoingMessage[];
  readonly disabled: boolean;
  readonly wentDown: boolean;
}

const NO_EFFECT: HealthEffect = { messages: [], disabled: false, wentDown: false };
/** A receiver that asks for a rest without saying how long gets this, scaled. */
const DEFAULT_REST_MS = 1_000;
/** Statuses that say "too much". */
const OVERLOADED = new Set([429, 503]);
const FLUSH_MS = 1_000;
/** After this a receiver of run URLs is forgotten; what its breaker counted is of minutes too. */
const RUN_RECEIVER_IDLE_MS = 600_000;

/**
 * The endpoints that this process owns: how each is doing, and what of it is parked or held. Changes are written down in
 * the background, at most once a second for each endpoint, and at once when one goes down or comes back.
 */
export class EndpointStates {
  private readonly partitions = new Map<number, OwnedPartition>();
  private readonly budgets = new WeakMap<OwnedEndpoint, RetryBudget>();
  private flushedAt = 0;

  constructor(
    private readonly settings: EndpointStatesSettings,
    private readonly ports: Ports,
    private readonly lanes: Lanes<DispatchWork>,
    private readonly logger: Logger,
  ) {}

  partition(partition: number): OwnedPartition | undefined {
    return this.partitions.get(partition);
  }

  all(): Iterable<OwnedPartition> {
    return this.partitions.values();
  }

  /** Those whose delivery log has been read. */
  *takenOver(): Generator<OwnedPartition> {
    for (const owner of this.partitions.values()) if (owner.takenOver) yield owner;
  }

  get parked(): number {
    let count = 0;
    for (const { backlogged } of this.partitions.values()) for (const { parked } of backlogged) count += parked.count;
    return count;
  }

  parkedOf(endpointId: string, partition: number): number | null {
    const owner = this.partitions.get(partition);
    return owner ? (owner.endpoints.get(endpointId)?.parked.count ?? 0) : null;
  }

  // ---- ownership

  /** @returns the work that waited in its lanes, which is the next owner's now */
  lose(partition: number): DispatchWork[] {
    const owner = this.partitions.get(partition);
    if (!owner) return [];
    owner.current = false;
    this.partitions.delete(partition);
    return [...owner.endpoints.keys()].flatMap((id) => {
      const waiting = this.lanes.drain(id);
      this.lanes.forget(id);
      return waiting;
    });
  }

  own({ partition, states, health }: PartitionMemory): OwnedPartition {
    const owner = new OwnedPartition(partition);
    for (const record of health) {
      const endpoint = owner.endpoint(record.endpointId);
      endpoint.tenant = record.tenant;
      endpoint.health = abandonProbe(readHealth(record.state));
      endpoint.sequence = record.sequence;
      endpoint.lastEventId = record.lastEventId;
      endpoint.onRecord = { sequence: record.sequence, lastEventId: record.lastEventId };
    }
    for (const state of states) restore(owner, state);
    for (const endpoint of owner.endpoints.values()) if (endpoint.parked.count > 0) owner.backlogged.add(endpoint);
    this.partitions.set(partition, owner);
    return owner;
  }

  /** Another process wrote over a state that is ours: ours is written again. */
  heal(partition: number, key: string): void {
    const owner = this.partitions.get(partition);
    const [kind, endpointId = ''] = key.split('/', 2);
    if (!owner || kind === 'checkpoint') return;
    // What is not known here is nothing: a bit of it that stayed would be carried out by a later owner.
    const endpoint = owner.endpoint(endpointId);
    const rest = key.slice(`${kind}/${endpointId}/`.length);
    this.logger.warn(
      { partition, endpointId, kind },
      'a former owner wrote over the state of an endpoint; writing it again',
    );
    if (kind === 'parked') {
      const base = Number(rest);
      const chunk = [...endpoint.parked.all()].find((held) => held.base === base);
      this.ports.state.putChunk(
        partition,
        endpointId,
        chunk ?? { base, bits: new Uint32Array(32), count: 0, earliestExpiry: null },
      );
    } else if (kind === 'held') {
      const head = endpoint.order.headOf(rest);
      const held = { kind: 'held', endpointId, key: rest, deliveryId: head ?? '', since: this.ports.now() } as const;
      if (head === null) this.ports.state.erase(partition, held);
      else this.ports.state.put(partition, held);
    } else if (kind === 'fence') {
      const fence = endpoint.fences.get(rest);
      if (fence) this.ports.state.put(partition, { kind: 'fence', endpointId, deliveryId: rest, ...fence });
    }
  }

  // ---- one endpoint

  /** Takes note of its configuration; a change of it means that what is down may be tried at once. */
  follow(state: OwnedEndpoint, endpoint: Endpoint): void {
    if (state.version === endpoint.version) return;
    const first = state.version === null;
    state.version = endpoint.version;
    const { rateLimit } = endpoint;
    const now = this.ports.ticks();
    if (rateLimit === null) state.rate = null;
    else if (state.rate === null) state.rate = new TokenBucket(rateLimit, now);
    else state.rate.change(rateLimit, now);
    this.lanes.setPacer(state.id, state.rate, now);
    this.dropKeys(state, (key) => !isKeyOf(endpoint.ordering, key));
    if (first) return;
    this.lanes.endRest(state.id, now);
    if (state.health.kind !== 'down') return;
    state.health = afterEnabled(state.health, this.ports.now()).health;
    this.publish(state);
  }

  beginProbe(work: DispatchWork): void {
    work.probe = true;
    work.state.health = beginProbe(work.state.health, work.delivery.task.deliveryId, this.ports.now());
  }

  abandonProbe(work: DispatchWork): void {
    work.probe = false;
    work.state.health = abandonProbe(work.state.health);
  }

  /**
   * Gives a delivery its place among those of its endpoint when its first attempt begins, so that only what a receiver can
   * have seen is counted. Facts are acknowledged in order: what a crash leaves is a row without a hole.
   */
  numbered(work: DispatchWork): void {
    const { state, owner } = work;
    const { task } = work.delivery;
    // A receiver of run URLs is forgotten when it is done with, and a number that begins anew tells nothing.
    if (task.chain !== null || task.trigger.kind !== 'event' || readRunReceiverId(state.id)) return;
    let chain = owner.begun.get(task.deliveryId)?.chain ?? null;
    if (chain === null) {
      chain = { sequence: state.sequence + 1, previousId: state.lastEventId };
      state.sequence++;
      state.lastEventId = task.eventId;
    }
    work.delivery = { ...work.delivery, task: { ...task, chain } };
  }

  /** What the log tells of places that were given, by an owner before or here. */
  noteSequence(state: OwnedEndpoint, owner: OwnedPartition, { chain, eventId }: AttemptStarted): void {
    if (chain === null || chain.sequence <= state.onRecord.sequence) return;
    state.onRecord = { sequence: chain.sequence, lastEventId: eventId };
    owner.changed.add(state);
    if (chain.sequence <= state.sequence) return;
    state.sequence = chain.sequence;
    state.lastEventId = eventId;
  }

  /** A permit stays good until `noteRetry` uses it, so asking costs nothing. */
  mayRetry(state: OwnedEndpoint): boolean {
    state.mayRetry ||= this.budgets.get(state)?.mayRetry(this.ports.ticks()).ok ?? true;
    return state.mayRetry;
  }

  afterAttempt(
    work: DispatchWork,
    end: {
      readonly endpoint: Endpoint;
      readonly contract: Contract;
      readonly outcome: Outcome;
      readonly settlement: Settlement;
      readonly outcomeName: string;
    },
  ): HealthEffect {
    const { state, owner } = work;
    const { task } = work.delivery;
    const { endpoint, contract, outcome, settlement } = end;
    const now = this.ports.now();
    const succeeded = settlement.kind === 'succeeded';
    this.noteBudget(state, task, succeeded);
    const result = succeeded
      ? 'success'
      : outcome.kind === 'failure'
        ? 'transport_failure'
        : outcome.status === 429 && contract.honoursRetryAfter(429)
          ? 'throttled'
          : 'http_failure';
    const before = state.health;
    const { health, changes } = afterAttempt(
      before,
      {
        deliveryId: task.deliveryId,
        at: now,
        result,
        operational: isOperationalType(task.eventType),
        deliveryEnded: !succeeded && settlement.kind !== 'retry',
      },
      breakerOf(endpoint, contract),
      this.settings.timeScale,
    );
    state.health = health;
    work.probe = false;
    this.lanes.setRamp(state.id, health.kind === 'up' ? (health.ramp?.limit ?? null) : 1);
    const context = {
      topics: this.settings.topics,
      endpoint,
      task,
      outcome: end.outcomeName,
      parked: state.parked.count,
      now,
    };
    const messages = settlementEvents(context, settlement);
    if (changes.length === 0 && health.kind === before.kind) {
      if (health.kind === 'down') owner.changed.add(state);
      return messages.length === 0 ? NO_EFFECT : { ...NO_EFFECT, messages };
    }
    messages.push(...healthEvents(context, changes));
    const disabled = changes.some(({ kind }) => kind === 'disable');
    if (disabled)
      messages.push(
        encodeEndpointDisabled(this.settings.topics.endpointLifecycle, {
          v: 1,
          kind: 'disabled',
          endpointId: endpoint.id,
          tenant: endpoint.tenant,
          endpointVersion: endpoint.version,
          reason: 'too_many_failures',
          at: now,
          deliveryId: task.deliveryId,
        }),
      );
    for (const change of changes)
      endpointHealthChanged(this.logger, { tenant: endpoint.tenant, endpointId: endpoint.id, change: change.kind });
    if (owner.current) this.publish(state);
    return { messages, disabled, wentDown: before.kind === 'up' && health.kind === 'down' };
  }

  /** What the end of the request says of the receiver's pace; puts its lane to rest when it asked for one. */
  signalOf(work: DispatchWork, contract: Contract, outcome: Outcome, now: number): LaneSignal {
    if (outcome.kind === 'failure') return 'overloaded';
    if (!OVERLOADED.has(outcome.status)) return 'kept_up';
    // A schedule that is fixed by its contract goes on whatever the receiver asks for; only fewer requests go out at once.
    if (!contract.honoursRetryAfter(outcome.status)) return 'overloaded';
    const asked = parseRetryAfter(outcome.headers['retry-after'], now);
    const rest = asked ?? (outcome.status === 429 ? DEFAULT_REST_MS * this.settings.timeScale : 0);
    const ticks = this.ports.ticks();
    if (rest > 0) this.lanes.sleep(work.endpointId, ticks + rest, ticks);
    return 'overloaded';
  }

  /** Messages about an end that no attempt brought about. */
  endMessages(work: DispatchWork, status: DeliveryEnded['status']): OutgoingMessage[] {
    const entry = this.ports.directory.get(work.endpointId);
    if (!entry || status !== 'expired') return [];
    const { topics } = this.settings;
    const context = {
      topics,
      endpoint: entry.endpoint,
      task: work.delivery.task,
      outcome: null,
      parked: work.state.parked.count,
      now: this.ports.now(),
    };
    return endedEvents(context, 'expired', work.delivery.task.attempt - 1);
  }

  // ---- writing down

  /** To be called from time to time. */
  tend(): void {
    const ticks = this.ports.ticks();
    if (ticks - this.flushedAt < FLUSH_MS) return;
    this.flushedAt = ticks;
    const now = this.ports.now();
    this.writeChanged();
    for (const owner of this.takenOver()) {
      for (const state of owner.runReceivers) if (this.isDone(state, ticks)) this.forget(owner, state);
      for (const state of owner.backlogged)
        if (!state.order.isEmpty && !this.ports.directory.get(state.id)) this.dropKeys(state, () => true);
      for (const endpoint of owner.fenced) {
        for (const [deliveryId, fence] of endpoint.fences) {
          if (fence.until > now) continue;
          endpoint.fences.delete(deliveryId);
          this.ports.state.erase(owner.partition, { kind: 'fence', endpointId: endpoint.id, deliveryId, ...fence });
        }
        if (endpoint.fences.size > 0) continue;
        owner.fenced.delete(endpoint);
        owner.changed.add(endpoint);
      }
    }
  }

  /** Nothing of it is under way, waits or is on record as a failure, and nothing has been for a while. */
  private isDone(state: OwnedEndpoint, ticks: number): boolean {
    return (
      ticks - state.usedAt > RUN_RECEIVER_IDLE_MS &&
      state.health.kind === 'up' &&
      state.parked.count === 0 &&
      state.fences.size === 0 &&
      state.order.isEmpty &&
      this.lanes.loadOf(state.id) === 0
    );
  }

  private forget(owner: OwnedPartition, state: OwnedEndpoint): void {
    this.ports.health.erase(state.id);
    this.lanes.forget(state.id);
    owner.changed.delete(state);
    owner.runReceivers.delete(state);
    owner.endpoints.delete(state.id);
  }

  writeChanged(): void {
    for (const owner of this.takenOver()) {
      const changed = [...owner.changed];
      owner.changed.clear();
      for (const state of changed) this.write(owner, state);
    }
  }

  /** Keys of another ordering, or of an endpoint that was deleted: what waits for them comes back, whatever becomes of it. */
  private dropKeys(state: OwnedEndpoint, isMeaningless: (key: string) => boolean): void {
    if (state.order.isEmpty) return;
    const { waiting, heads } = state.order.drop(isMeaningless);
    for (const offset of waiting) state.ready.push(offset);
    for (const { key, deliveryId } of heads)
      this.ports.state.erase(state.partition, { kind: 'held', endpointId: state.id, key, deliveryId, since: 0 });
  }

  private publish(state: OwnedEndpoint): void {
    const owner = this.partitions.get(state.partition);
    owner?.changed.delete(state);
    if (owner) this.write(owner, state);
  }

  private write(owner: OwnedPartition, state: OwnedEndpoint): void {
    if (!this.ports.directory.get(state.id) && state.parked.count === 0) {
      // While something of it is under way it is looked at again.
      if (this.lanes.loadOf(state.id) > 0) {
        owner.changed.add(state);
        return;
      }
      this.dropKeys(state, () => true);
      this.ports.health.erase(state.id);
      if (state.fences.size > 0) return;
      this.lanes.forget(state.id);
      owner.runReceivers.delete(state);
      owner.endpoints.delete(state.id);
      return;
    }
    this.ports.health.publish({
      v: 1,
      endpointId: state.id,
      tenant: state.tenant,
      state: state.health,
      parked: state.parked.count,
      sequence: state.onRecord.sequence,
      lastEventId: state.onRecord.lastEventId,
      at: this.ports.now(),
    });
  }

  private noteBudget(state: OwnedEndpoint, task: DeliveryTask, succeeded: boolean): void {
    let budget = this.budgets.get(state);
    if (succeeded) {
      budget?.noteSuccess();
      return;
    }
    if (task.attempt === 1) return;
    if (!budget) {
      budget = retryBudget();
      this.budgets.set(state, budget);
    }
    budget.noteFailure();
  }
}

const restore = (owner: OwnedPartition, state: DispatchState): void => {
  switch (state.kind) {
    case 'parked': {
      const words = new Uint32Array(state.bits.length / 4);
      for (let index = 0; index < words.length; index++) words[index] = state.bits.readUInt32LE(index * 4);
      owner.endpoint(state.endpointId).parked.restore(state.base, words, state.earliestExpiry);
      break;
    }
    case 'held':
      owner.endpoint(state.endpointId).order.restore(state.key, state.deliveryId);
      break;
    case 'fence': {
      const endpoint = owner.endpoint(state.endpointId);
      endpoint.fences.set(state.deliveryId, { lowestEpoch: state.lowestEpoch, until: state.until });
      owner.fenced.add(endpoint);
      break;
    }
    case 'checkpoint':
      break;
  }
};
