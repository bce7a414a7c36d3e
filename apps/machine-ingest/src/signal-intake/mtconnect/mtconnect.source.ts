import type { Signal } from '@millrace/domain';
import { backoffMs, waitUnlessStopped } from '../backoff';
import { lifecycleSignal } from '../lifecycle-signal';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from '../source-kind';
import { notStored } from '../store-loop';
import { AgentClient, AgentFault, MAX_ANSWER } from './agent-client';
import type { DeviceModel } from './device-model';
import { liveSignal, type Observed, observedIn, receivedFromBuffer, unread } from './live-signals';
import { type MtconnectSettings, type Route, routesOf } from './mtconnect-settings';
import { boundaryOf, MultipartReader, MultipartRefused } from './multipart-reader';
import { openingSignals } from './opening-signals';
import { followingOf, hasDropped, lagOf } from './progress';
import { agentErrorIn, type Heard, readModel, readPart, readStreams } from './read-answer';
import { type Gap, type MtconnectCursor, type Resumption, readCursor, resumptionOf, sessionOf } from './resumption';
import type { StreamsHeader, StreamsObservation } from './streams-document';

/** Signals of one append. */
const BATCH = 1_000;
/** A machine that says nothing is told alive at most so often. */
const ALIVE_MS = 5_000;
/** An agent that says nothing for so many of its heartbeats is gone: a half-open connection gives no error of its own. */
const HEARTBEATS = 2.5;
/** Failures in a row that are more than a stumble. */
const DEGRADED = 3;
/** So often an answer that cannot be read is asked for again before what it holds is given up. */
const POISONED = 3;

/** What waits in the agent's buffer: its first document, and when that begins, Unix ms of our clock. */
interface Buffered {
  readonly heard: Heard;
  /** By how much the agent's clock is ahead of ours, ms. */
  readonly agentAhead: number;
  readonly begins: number;
}

/** The agent is not what it was when reading began: another life, another model. All is asked anew. */
class AgentChanged extends Error {
  override readonly name = 'AgentChanged';
}

/**
 * A live MTConnect agent.
 *
 *   probe → current → (what waits in its buffer → snapshot) → sample, for ever → lost → backoff → probe …
 *
 * The position is the agent's sequence within its instance, so nothing is read twice and nothing is missed while the agent
 * keeps it; what it no longer keeps is told as `$gap`. The first stumble of a connection is not told: a proxy that ends every
 * request after a minute would have the machine offline once a minute.
 */
export class MtconnectSource implements OpenSource {
  private readonly client: AgentClient;
  private readonly stopping = new AbortController();
  private readonly of: { readonly tenant: string; readonly source: string };
  private running: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private readonly counts = { gaps: 0, lost: 0, duplicates: 0, restarts: 0, removedItems: 0, invalidObservations: 0 };
  private cursor: MtconnectCursor | null;
  private routes: readonly Route[] = [];
  private models = new Map<string, DeviceModel>();
  private modelTime: string | null = null;
  /** Known before the agent has answered, so that its absence can be told of them. */
  private machines: readonly string[];
  private told: 'nothing' | 'up' | 'down' = 'nothing';
  private failures = 0;
  /** How often the agent's buffer was outrun in a row. */
  private outran = 0;
  /** Answers in a row that could not be read at the same place. */
  private poisoned = 0;
  private sampling = false;
  /** Code of what was refused since a document was last read. */
  private lastRefused: string | null = null;
  private documents = 0;
  private readonly lastFlow = new Map<string, number>();
  private bufferTime: number | null = null;
  private queued = 0;
  private lagMs: number | null = null;

  constructor(
    private readonly settings: MtconnectSettings,
    private readonly context: SourceContext,
  ) {
    this.client = new AgentClient(settings, context.lookup);
    this.of = { tenant: context.tenant, source: context.name };
    this.cursor = readCursor(context.cursor);
    const known = context.cursor?.['machines'];
    this.machines =
      settings.devices?.map(({ machine }) => machine) ??
      (Array.isArray(known) ? known.filter((name): name is string => typeof name === 'string') : []);
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.client.close();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    const { connection, lastError, queued, lagMs } = this;
    return { connection, lastError, counts: { ...this.counts }, queued, lagMs };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        if (signal.aborted) return;
        await this.failed(error as Error).catch((failure: Error) => this.unstored(failure));
      }
    }
  }

  /** One life of the connection; ends with an error only. */
  private async follow(): Promise<void> {
    this.sampling = false;
    const model = await readModel(await this.get('probe', {}));
    const present = await readStreams(await this.get('current', { path: this.settings.path }));
    const { header } = present.answer;
    if (model.instanceId !== header.instanceId) throw new AgentChanged('restarted while it was asked');
    const { routes, problems } = routesOf(model, this.settings);
    if (routes.length === 0)
      throw new AgentFault('no_device', problems.join(' ') || 'The agent has no device that is read.');
    if (problems.length > 0) this.note(problems.join(' '));
    const resumption = resumptionOf(this.cursor, header, this.outran);
    const wasUp = this.told === 'up';
    this.sampling = true;
    const buffered = await this.buffered(resumption);
    await this.tell(resumption, routes, header, buffered?.begins ?? this.context.clock());
    if (buffered !== null) await this.catchUp(resumption.present, buffered);
    if (!wasUp || resumption.kind === 'restarted' || resumption.gap !== null) await this.snapshot(present, resumption);
    await (this.settings.mode === 'stream' ? this.stream() : this.poll());
  }

  /** The first of what the agent has held since it was read last; null where it holds nothing of that. */
  private async buffered({ kind, cursor, present }: Resumption): Promise<Buffered | null> {
    if (kind === 'first' || cursor.next >= present) return null;
    const heard = await readStreams(await this.sample(cursor.next));
    const now = this.context.clock();
    const { creationTime } = heard.answer.header;
    const agentAhead = creationTime === null ? 0 : creationTime - now;
    const first = heard.answer.devices.flatMap(({ observations }) => observations).reduce(earlier, null);
    return { heard, agentAhead, begins: first === null ? now : receivedFromBuffer(first, null, agentAhead, now) };
  }

  private async tell(
    resumption: Resumption,
    routes: readonly Route[],
    header: StreamsHeader,
    begins: number,
  ): Promise<void> {
    const now = this.context.clock();
    const { cursor, gap, kind } = resumption;
    const before = { connected: this.told === 'up' ? this.machines : [], models: this.models };
    const { signals, removedItems } = openingSignals(resumption, routes, before, this.of, { now, begins });
    const machines = routes.map(({ machine }) => machine);
    // the first cursor waits for the snapshot: a successor would otherwise go on without one
    await this.append(signals, kind === 'first' ? null : cursor, machines);
    this.machines = machines;
    this.counts.removedItems += removedItems;
    if (kind === 'restarted') this.counts.restarts++;
    if (gap !== null) this.noteGap(gap);
    this.cursor = cursor;
    for (const machine of machines) this.lastFlow.set(machine, now);
    this.routes = routes;
    this.models = new Map(routes.map(({ machine, device }) => [machine, device]));
    this.modelTime = header.deviceModelChangeTime;
    this.told = 'up';
  }

  /** Reads what happened before the present that the snapshot shows, so that the snapshot comes at its place in the order. */
  private async catchUp(present: number, { heard: first, agentAhead }: Buffered): Promise<void> {
    this.bufferTime = null;
    for (let heard = first; ; heard = await readStreams(await this.sample(this.cursor!.next))) {
      const { next } = this.cursor!;
      await this.take(heard, { until: present, agentAhead });
      if (this.cursor!.next >= present) return;
      if (this.cursor!.next === next)
        throw new AgentFault('no_progress', `The agent has more than sequence ${next} and does not give it.`);
    }
  }

  /** The last value of every item, so that what was doubted while nobody listened is certain again. */
  private async snapshot({ answer }: Heard, { kind, cursor, present }: Resumption): Promise<void> {
    const session = sessionOf(cursor);
    // what was read before is known under its sequence, and would be dropped as a repeat
    const own = kind === 'first' ? session : `${session}:${this.context.newId()}`;
    const observed = observedIn(answer, this.routes).filter(({ observation }) => observation.sequence < present);
    const now = this.context.clock();
    const signals = observed.map((one) => liveSignal(one, this.place(own), now, ['snapshot']));
    const next = { ...cursor, next: present };
    await this.append(signals, next);
    this.cursor = next;
  }

  private async stream(): Promise<void> {
    const { intervalMs, heartbeatMs, timeoutMs } = this.settings;
    const silence = heartbeatMs * HEARTBEATS;
    const response = await this.sample(
      this.cursor!.next,
      { interval: intervalMs, heartbeat: heartbeatMs },
      silence,
      Math.max(timeoutMs, silence),
    );
    const boundary = boundaryOf(response.contentType);
    if (boundary === null) {
      // an agent, or a proxy, that does not stream answers once; it is asked again then
      await this.take(await readStreams(response));
      return this.poll();
    }
    this.isUp();
    const parts = new MultipartReader(boundary, MAX_ANSWER);
    try {
      for await (const chunk of response.body) {
        for (const part of parts.push(chunk)) await this.take(readPart(part));
        if (parts.ended) break;
      }
    } catch (error) {
      throw error instanceof MultipartRefused ? new AgentFault(error.code, error.message, error.bytes) : error;
    } finally {
      response.close();
    }
    throw new AgentFault('closed', 'The agent ended its stream.');
  }

  private async poll(): Promise<void> {
    for (;;) {
      const heard = await readStreams(await this.sample(this.cursor!.next));
      const { next } = this.cursor!;
      await this.take(heard);
      this.isUp();
      const last = heard.answer.header.lastSequence;
      if (last === null || this.cursor!.next > last || this.cursor!.next === next)
        await waitUnlessStopped(this.settings.intervalMs, this.stopping.signal);
      this.stopping.signal.throwIfAborted();
    }
  }

  /** Stores what a document says that has not been read. */
  private async take(
    { answer, bytes, length }: Heard,
    buffered: { readonly until: number; readonly agentAhead: number } | null = null,
  ): Promise<void> {
    const { header } = answer;
    const cursor = this.cursor!;
    this.documents++;
    if (header.instanceId !== cursor.instanceId) throw new AgentChanged('another instance');
    const { deviceModelChangeTime } = header;
    if (deviceModelChangeTime !== null && this.modelTime !== null && deviceModelChangeTime !== this.modelTime)
      throw new AgentChanged('another model');
    const until = buffered?.until ?? Number.POSITIVE_INFINITY;
    const all = observedIn(answer, this.routes).filter(({ observation }) => observation.sequence < until);
    const fresh = unread(all, cursor.next);
    const said = answer.devices.flatMap(({ observations }) => observations.map(({ sequence }) => sequence));
    if (hasDropped(header, said, cursor.next))
      throw new AgentFault('OUT_OF_RANGE', 'The agent has dropped what was to be read next.', null, 'OUT_OF_RANGE');
    this.counts.duplicates += all.length - fresh.length;
    const next = { ...cursor, next: Math.min(until, followingOf(header, said, cursor.next)) };
    const now = this.context.clock();
    const signals = fresh.map((one) =>
      liveSignal(one, this.place(sessionOf(cursor)), this.received(one, now, buffered), []),
    );
    if (buffered === null) signals.push(...this.signsOfLife(fresh, now));
    await this.append(signals, signals.length > 0 || next.next !== cursor.next ? next : null);
    for (const { machine } of fresh) this.lastFlow.set(machine, now);
    this.cursor = next;
    await this.refuseInvalid(answer.invalid, bytes, length);
    this.lagMs = lagOf(
      header,
      fresh.map(({ observation }) => observation),
      next.next,
    );
    this.failures = 0;
    this.poisoned = 0;
    this.lastRefused = null;
    if (buffered === null) this.outran = 0;
  }

  private received({ observation }: Observed, now: number, buffered: { readonly agentAhead: number } | null): number {
    if (buffered === null) return now;
    this.bufferTime = receivedFromBuffer(observation, this.bufferTime, buffered.agentAhead, now);
    return this.bufferTime;
  }

  private signsOfLife(fresh: readonly Observed[], now: number): Signal[] {
    const silent = this.routes.filter(
      ({ machine }) =>
        now - (this.lastFlow.get(machine) ?? 0) >= ALIVE_MS && !fresh.some((one) => one.machine === machine),
    );
    const session = sessionOf(this.cursor!);
    return silent.map(({ machine }) => {
      this.lastFlow.set(machine, now);
      return lifecycleSignal({ ...this.place(session), machine }, 'alive', null, now);
    });
  }

  private isUp(): void {
    if (this.connection.state === 'connected') return;
    const session = sessionOf(this.cursor!);
    this.connection = { state: 'connected', since: this.context.clock(), session };
    this.context.logger.info({ source: this.context.name, session }, 'agent is read');
  }

  private async failed(error: Error): Promise<void> {
    const { context, stopping } = this;
    const fault = faultOf(error);
    if (fault === null || fault.agentCode === 'OUT_OF_RANGE') {
      if (fault !== null) this.outran++;
      // soon again, since waiting loses more of a small buffer; an agent that changes without end is not asked without end
      await waitUnlessStopped(context.random() * Math.min(200 * (this.outran + 1), 1_000), stopping.signal);
      return;
    }
    this.failures++;
    this.note(fault.message);
    if (fault.bytes !== null) await this.refuse(fault, fault.bytes);
    const wait = backoffMs(this.failures, context.random);
    const now = context.clock();
    if (this.told === 'up' && this.failures === 1 && fault.code !== 'silent')
      this.connection = { state: 'connecting', since: now };
    else {
      await this.tellLoss(now);
      const state = this.failures >= DEGRADED ? 'degraded' : 'disconnected';
      this.connection = { state, since: now, reason: fault.message, nextTryAt: now + wait };
    }
    context.logger.warn(
      { source: context.name, code: fault.code, reason: fault.message, failures: this.failures },
      'agent lost',
    );
    await waitUnlessStopped(wait, stopping.signal);
  }

  /** Not even the word of it can be stored: the sink has given up, and may take it later. */
  private async unstored(error: Error): Promise<void> {
    const { context, stopping } = this;
    if (stopping.signal.aborted) return;
    this.lastError = notStored(context, error);
    const { at: since, detail: reason } = this.lastError;
    const wait = backoffMs(this.failures, context.random);
    const state = this.failures >= DEGRADED ? 'degraded' : 'disconnected';
    this.connection = { state, since, reason, nextTryAt: since + wait };
    await waitUnlessStopped(wait, stopping.signal);
  }

  private async tellLoss(now: number): Promise<void> {
    if (this.told === 'down' || this.machines.length === 0) return;
    const session = this.cursor === null ? 'none' : sessionOf(this.cursor);
    await this.append(
      this.machines.map((machine) => lifecycleSignal({ ...this.place(session), machine }, 'disconnected', null, now)),
      null,
    );
    this.told = 'down';
    this.lagMs = null;
  }

  /** The bytes go to the quarantine; what comes again with every attempt goes there once, though its time of day differs. */
  private async refuse(fault: AgentFault, bytes: Buffer): Promise<void> {
    // an agent whose one document cannot be read has others: the place is given up, and told as a gap
    if (this.sampling && !fault.code.startsWith('http_') && ++this.poisoned >= POISONED) {
      this.poisoned = 0;
      this.outran = 2;
    }
    if (fault.code === this.lastRefused) return;
    await this.quarantine(bytes, fault.length ?? bytes.length, fault.code, fault.message);
    this.lastRefused = fault.code;
  }

  private async refuseInvalid(invalid: readonly string[], bytes: Buffer, length: number): Promise<void> {
    this.counts.invalidObservations += invalid.length;
    if (invalid.length > 0)
      await this.quarantine(bytes, length, 'invalid_observation', invalid.join(' ').slice(0, 2_000));
  }

  private quarantine(bytes: Buffer, length: number, code: string, detail: string): Promise<void> {
    const { sink, name, clock } = this.context;
    const session = this.cursor === null ? 'none' : sessionOf(this.cursor);
    const line = { source: name, session, line: this.documents, bytes, length, code, detail, at: clock() };
    return sink.refuse(line, this.stopping.signal);
  }

  /** Signals in the order of their sequence; the cursor is stored with the last of them. */
  private async append(
    signals: readonly Signal[],
    cursor: MtconnectCursor | null,
    machines = this.machines,
  ): Promise<void> {
    const stopping = this.stopping.signal;
    const kept = cursor === null ? {} : { cursor: { ...cursor, machines } };
    this.queued = signals.length;
    for (let at = 0; at + BATCH < signals.length; at += BATCH) {
      await this.context.sink.append(signals.slice(at, at + BATCH), { stopping });
      this.queued -= BATCH;
    }
    const rest = signals.slice(Math.floor(Math.max(0, signals.length - 1) / BATCH) * BATCH);
    if (rest.length > 0 || cursor !== null) await this.context.sink.append(rest, { ...kept, stopping });
    this.queued = 0;
  }

  private place(session: string) {
    return { ...this.of, session, proto: 'mtc' as const };
  }

  private note(detail: string): void {
    this.lastError = { at: this.context.clock(), detail };
  }

  private noteGap({ lost, from, to }: Gap): void {
    this.counts.gaps++;
    this.counts.lost += lost;
    this.context.logger.warn(
      { source: this.context.name, from, to, lost },
      'the agent no longer has what was to be read',
    );
  }

  private sample(from: number, more: { readonly [name: string]: number } = {}, silence?: number, patience?: number) {
    const { count, path } = this.settings;
    return this.get('sample', { from, count, path, ...more }, silence, patience);
  }

  private get(
    what: 'probe' | 'current' | 'sample',
    query: { readonly [name: string]: string | number | undefined },
    silence = this.settings.timeoutMs,
    patience = this.settings.timeoutMs,
  ) {
    const { devices } = this.settings;
    const device = devices?.length === 1 ? devices[0]!.device : null;
    return this.client.get(device, what, query, { silence, patience }, this.stopping.signal);
  }
}

const earlier = (first: StreamsObservation | null, one: StreamsObservation): StreamsObservation =>
  first !== null && first.sequence <= one.sequence ? first : one;

/** Null for a change of the agent, which is no fault. */
const faultOf = (error: Error): AgentFault | null => {
  if (error instanceof AgentChanged) return null;
  if (!(error instanceof AgentFault)) return new AgentFault('internal', error.message);
  return (error.code.startsWith('http_') && error.bytes !== null ? agentErrorIn(error.bytes) : null) ?? error;
};
