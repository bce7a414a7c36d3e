import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from '../source-kind';
import { notStored, StoreLoop } from '../store-loop';
import { clientIdOf } from './client-id';
import type { ConnectionSettings } from './connection-settings';
import { MqttConnection, type MqttMessage } from './mqtt-connection';
import { type MqttIntake, NOTHING, type Outcome } from './mqtt-intake';

/** What came from the connection, in its order. */
type Arrival =
  | { readonly kind: 'message'; readonly message: MqttMessage }
  | { readonly kind: 'up'; readonly resumed: boolean }
  | { readonly kind: 'down' }
  | { readonly kind: 'tick' };

/** Messages and bytes that may wait here. Beyond, the socket is read no further: the broker, or its TCP window, holds them. */
const MOST_QUEUED = 10_000;
const MOST_QUEUED_BYTES = 64 * 1024 * 1024;
/** Of one append: the first limit that is reached. */
const MOST_MESSAGES = 500;
const MOST_SIGNALS = 2_000;
const TICK_MS = 250;

/** Former filters, as the cursor of a source of either kind has them. */
const filtersOf = (cursor: SourceContext['cursor']): string[] =>
  Array.isArray(cursor?.['filters']) ? cursor['filters'].filter((filter) => typeof filter === 'string') : [];

const later = (one: OpenSourceHealth['lastError'], other: OpenSourceHealth['lastError']) =>
  one !== null && one.at >= (other?.at ?? 0) ? one : other;

/** A source that reads a broker: the connection on one side, Kafka on the other, and the kind's own intake between. */
export class MqttSource implements OpenSource {
  private readonly connection: MqttConnection;
  private readonly queue: Arrival[] = [];
  private queuedBytes = 0;
  private readonly stopping = new AbortController();
  private readonly storing: StoreLoop<readonly Outcome[]>;
  private state: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private reconnects = 0;
  private wasConnected = false;
  private messages = 0;
  private ticking: NodeJS.Timeout | null = null;

  constructor(
    settings: ConnectionSettings,
    private readonly context: SourceContext,
    private readonly intake: MqttIntake,
  ) {
    this.state = { state: 'connecting', since: context.clock() };
    this.storing = new StoreLoop({
      // Whatever comes in the same turn is one append.
      gathered: () => new Promise(setImmediate),
      next: () => this.next(),
      store: (outcomes) => this.store(outcomes),
      stored: (outcomes) => {
        for (const { settled } of outcomes) for (const message of settled) message.settle();
      },
      onFailure: (error) => {
        this.lastError = notStored(context, error);
      },
      stopping: this.stopping.signal,
    });
    this.connection = new MqttConnection({
      settings,
      clientId: clientIdOf(settings, context.tenant, context.name),
      lookup: context.lookup,
      filters: intake.filters,
      formerFilters: filtersOf(context.cursor),
      persistent: true,
      will: () => intake.will(context.clock()),
      clock: context.clock,
      random: context.random,
      onMessage: (message) => {
        this.queuedBytes += message.payload.length;
        this.arrive({ kind: 'message', message });
      },
      onUp: ({ resumed }) => {
        if (this.wasConnected) this.reconnects++;
        this.wasConnected = true;
        this.state = {
          state: 'connected',
          since: context.clock(),
          session: clientIdOf(settings, context.tenant, context.name),
        };
        context.logger.info({ source: context.name, resumed }, 'connected to the MQTT broker');
        this.arrive({ kind: 'up', resumed });
      },
      onDown: (problem, { wasUp, failures, nextTryAt }) => {
        const now = context.clock();
        this.lastError = { at: now, detail: problem.message };
        const since = this.state.state === 'disconnected' || this.state.state === 'degraded' ? this.state.since : now;
        this.state = {
          state: failures >= 3 ? 'degraded' : 'disconnected',
          since,
          reason: problem.message,
          nextTryAt,
        };
        context.logger.warn({ source: context.name, code: problem.code, error: problem.message }, 'no MQTT broker');
        if (wasUp) this.arrive({ kind: 'down' });
      },
    });
  }

  start(): void {
    this.connection.start();
    this.ticking = setInterval(() => this.arrive({ kind: 'tick' }), TICK_MS);
  }

  async stop(): Promise<void> {
    if (this.ticking !== null) clearInterval(this.ticking);
    await this.connection.stop(this.intake.farewell(this.context.clock()));
    this.stopping.abort(new Error('the source is stopped'));
    this.queue.length = 0;
    await this.storing.rest();
    this.state = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    return {
      connection: this.state,
      lastError: later(this.lastError, this.intake.lastError()),
      counts: {
        messages: this.messages,
        reconnects: this.reconnects,
        ...this.intake.counts(),
      },
      queued: this.queue.filter(({ kind }) => kind === 'message').length + this.intake.held(),
      lagMs: null,
    };
  }

  private arrive(arrival: Arrival): void {
    if (this.stopping.signal.aborted) return;
    // One tick in the queue is enough: it says no more than that time has passed.
    if (arrival.kind === 'tick' && this.queue.length > 0) return;
    this.queue.push(arrival);
    if (this.queue.length >= MOST_QUEUED || this.queuedBytes >= MOST_QUEUED_BYTES) this.connection.pause();
    this.storing.wake();
  }

  /** What comes of the next arrivals. The intake has moved on with it, so it is stored before it is asked again. */
  private next(): readonly Outcome[] | null {
    const outcomes: Outcome[] = [];
    let signals = 0;
    while (outcomes.length < this.queue.length && outcomes.length < MOST_MESSAGES && signals < MOST_SIGNALS) {
      const outcome = this.become(this.queue[outcomes.length]!);
      outcomes.push(outcome);
      signals += outcome.signals.length;
    }
    if (outcomes.length === 0) return null;
    this.queue.splice(0, outcomes.length);
    if (this.queue.length < MOST_QUEUED / 2 && this.queuedBytes < MOST_QUEUED_BYTES / 2) this.connection.resume();
    for (const { publish } of outcomes) for (const message of publish) this.connection.publish(message);
    return outcomes;
  }

  private become(arrival: Arrival): Outcome {
    const now = this.context.clock();
    switch (arrival.kind) {
      case 'message':
        this.messages++;
        this.queuedBytes -= arrival.message.payload.length;
        return this.taken(arrival.message);
      case 'up':
        return this.intake.up(now, arrival.resumed);
      case 'down':
        return this.intake.down(now);
      case 'tick':
        return this.intake.tick(now);
    }
  }

  /** Whatever a message is, the next one is read. */
  private taken(message: MqttMessage): Outcome {
    try {
      return this.intake.take(message);
    } catch (error) {
      const { topic, payload, receivedAt } = message;
      this.context.logger.error({ source: this.context.name, topic, error }, 'a message could not be worked on');
      const detail = `Millrace could not work on it: ${(error as Error).message}`;
      const line = { session: topic.slice(0, 200), bytes: payload, code: 'internal', detail, at: receivedAt };
      return { ...NOTHING, refused: [line], settled: [message] };
    }
  }

  private async store(outcomes: readonly Outcome[]): Promise<void> {
    const { sink, name } = this.context;
    const stopping = this.stopping.signal;
    const signals = outcomes.flatMap((outcome) => outcome.signals);
    const settled = outcomes.flatMap((outcome) => outcome.settled);
    const refused = outcomes.flatMap((outcome) => outcome.refused);
    await Promise.all(refused.map((line) => sink.refuse({ ...line, source: name, line: this.messages }, stopping)));
    const cursorToo = this.intake.cursorFirst && settled.some(({ qos }) => qos > 0);
    // A successor has to know what was asked for, too.
    const asked = outcomes.some(({ publish }) => publish.length > 0);
    if (signals.length > 0 || settled.length > 0 || asked)
      await sink.append(signals, { cursor: this.intake.cursor(), cursorToo, stopping });
  }
}
