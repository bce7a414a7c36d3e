import { backoffMs, waitUnlessStopped } from '../backoff';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext, SourceCursor } from '../source-kind';
import { notStored } from '../store-loop';
import { StoreQueue } from '../store-queue';
import { DevicePoller, type FailedPoll, type Polled } from './device-poller';
import { ConnectionLost, ModbusConnection } from './modbus-connection';
import type { Garbage } from './modbus-frame';
import { itemsOf } from './modbus-item';
import type { ModbusSettings } from './modbus-settings';
import { PollSchedule } from './poll-schedule';
import { spokenRefusal } from './spoken-refusal';
import { ToldReadings } from './told-readings';

/** Polls in a row of which a device may give nothing. */
const MOST_FAILED = 3;
/** A connection on which was answered for so long was a good one, ms. */
const STABLE_MS = 5_000;
/** Failures in a row that are more than a stumble. */
const DEGRADED = 3;
/** Devices that a sentence is about. */
const SPOKEN_OF = 3;
/** Signals held between the polls and Kafka; above, nothing is polled. */
const HELD = 5_000;

/** Times are kept by a clock that nobody sets: a jump of the wall clock is no silence. */
const MONOTONIC = (): number => performance.now();

interface Device {
  readonly machine: string;
  readonly poller: DevicePoller;
  /** `unheard`: nothing was read of it in this session yet. */
  state: 'unheard' | 'up' | 'lost';
  /** Polls in a row of which nothing came. */
  failures: number;
  /** Why nothing came of the last one; null where something did. */
  failed: FailedPoll | null;
  /** Polls that were not made while nothing could be stored. */
  unmade: number;
}

/** How one connection went. */
interface Ended {
  readonly lost: ConnectionLost;
  /** Since when it was answered on, by the clock that nobody sets; null where nothing was. */
  readonly answeredSince: number | null;
}

/**
 * One device of Modbus TCP, or the devices behind one gateway.
 *
 *   connect → poll each device at its pace, tell what is new, for ever → lost → `$lifecycle disconnected` → backoff → connect
 *
 * A device is lost when nothing could be read of it in three polls, and a machine when all its devices are: one that refuses
 * each read, as many do for a unit that they do not have, tells no more of its machine than one that is silent. Behind a
 * gateway one may be lost while the others go on; it is then asked at a longer and longer pace. A connection is lost when
 * nothing on it answers; one on which is answered and nothing can be read is degraded. One that the peer ends in good order
 * between two polls, as many do with idle ones, is not lost: it is made again for the next poll, and only if that fails is it
 * a loss.
 */
export class ModbusSource implements OpenSource {
  /** Ends the polling. */
  private readonly leaving = new AbortController();
  private readonly queue: StoreQueue;
  private readonly told: ToldReadings;
  private readonly devices: readonly Device[];
  private readonly schedule: PollSchedule;
  private readonly counts: Record<string, number> = {};
  private readonly machines = new Map<string, 'up' | 'down'>();
  /** Machines that were polled at some time: what became of them since then and until they are again nobody has seen. */
  private readonly polled: Set<string>;
  /** Which these are, for a successor; null while it is as it was left. */
  private cursor: SourceCursor | null = null;
  private running: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  /** What is wrong with the devices of this connection for as long as it is. */
  private standing: OpenSourceHealth['lastError'] = null;
  /** Devices that stayed silent since anything answered, with how often. */
  private silent = new Map<Device, number>();

  constructor(
    private readonly settings: ModbusSettings,
    private readonly context: SourceContext,
  ) {
    const { tenant, name, sink, clock } = context;
    this.queue = new StoreQueue({
      sink,
      clock,
      onFailure: (error) => {
        this.lastError = notStored(context, error);
      },
      cursor: () => this.cursor,
    });
    this.told = new ToldReadings({ tenant, source: name, repeatMs: settings.repeatMs, monotonic: MONOTONIC });
    this.told.enter(context.newId());
    const hooks = { monotonic: MONOTONIC, count: (what: string) => this.count(what) };
    this.devices = settings.devices.map((device, n) => ({
      machine: device.machine,
      poller: new DevicePoller(itemsOf(device, n), settings, hooks),
      state: 'unheard',
      failures: 0,
      failed: null,
      unmade: 0,
    }));
    this.polled = polledBefore(context.cursor);
    this.schedule = new PollSchedule(settings.devices.map(({ intervalMs }) => intervalMs ?? settings.intervalMs));
    this.connection = { state: 'connecting', since: clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.leaving.abort();
    await this.running;
    // What was seen for a moment only would not be seen again by whoever goes on.
    await this.queue.stop();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    const { connection, queue, devices } = this;
    // It never rests, and would have the state of a quiet source written every second.
    const { requests: _, ...counts } = this.counts;
    const lostDevices = devices.filter(({ state }) => state === 'lost').length;
    const refusedItems = devices.reduce((sum, { poller }) => sum + poller.refusals.size, 0);
    return {
      connection,
      lastError: this.wrongNow(),
      counts: { ...counts, lostDevices, refusedItems },
      queued: queue.size,
      lagMs: queue.ageMs,
    };
  }

  /** What stands, behind what has gone wrong since then. */
  private wrongNow(): OpenSourceHealth['lastError'] {
    const { lastError, standing } = this;
    if (standing === null || lastError === null) return standing ?? lastError;
    const isOther = lastError.at > standing.at && !standing.detail.includes(lastError.detail);
    return isOther ? { at: lastError.at, detail: `${lastError.detail} ${standing.detail}` } : standing;
  }

  private async run(): Promise<void> {
    const { leaving, context } = this;
    let failures = 0;
    let goesOn = false;
    while (!leaving.signal.aborted) {
      const { lost, answeredSince } = await this.connectionOf(goesOn);
      if (leaving.signal.aborted) return;
      goesOn = lost.how === 'idle' && answeredSince !== null;
      if (goesOn) continue;
      const wasGood = answeredSince !== null && MONOTONIC() - answeredSince >= STABLE_MS;
      failures = wasGood ? 1 : failures + 1;
      const wait = backoffMs(failures, context.random);
      this.down(lost, failures, wait);
      await waitUnlessStopped(wait, leaving.signal);
    }
  }

  /** One connection from its attempt to its end; `goesOn`: it takes the place of one that ended in good order. */
  private async connectionOf(goesOn: boolean): Promise<Ended> {
    const { settings, context, leaving } = this;
    const { host, port, connectMs } = settings;
    let connection: ModbusConnection | null = null;
    const leave = (): void => connection?.close();
    leaving.signal.addEventListener('abort', leave);
    try {
      if (goesOn) await this.untilDue(leaving.signal);
      connection = await ModbusConnection.open({ host, port, lookup: context.lookup }, connectMs, leaving.signal);
      this.count('connections');
      if (!goesOn) this.begin();
      return await this.follow(connection);
    } catch (error) {
      if (error instanceof ConnectionLost) return { lost: error, answeredSince: null };
      context.logger.error({ source: context.name, error }, 'what a device answered could not be worked on');
      const detail = `Millrace could not work on an answer: ${(error as Error).message}`;
      return { lost: new ConnectionLost(detail, 'broken'), answeredSince: null };
    } finally {
      leaving.signal.removeEventListener('abort', leave);
      connection?.close();
    }
  }

  private begin(): void {
    this.told.enter(this.context.newId());
    this.schedule.begin(MONOTONIC());
    this.silent.clear();
    for (const device of this.devices) {
      device.state = 'unheard';
      device.failures = 0;
      device.failed = null;
      this.told.forget(device.poller.items);
    }
  }

  private async follow(connection: ModbusConnection): Promise<Ended> {
    let answeredSince: number | null = null;
    let late = 0;
    for (;;) {
      const place = await this.untilDue(connection.over);
      if (connection.loss !== null) return { lost: connection.loss, answeredSince };
      const device = this.devices[place]!;
      if (this.queue.size >= HELD) {
        const unmade = 1 + this.schedule.polled(place, MONOTONIC());
        device.unmade += unmade;
        this.count('unmadePolls', unmade);
        continue;
      }
      let polled: Polled;
      try {
        polled = await device.poller.poll(connection, device.failures > 0 ? 1 : 2);
      } catch (error) {
        if (error instanceof ConnectionLost) return { lost: error, answeredSince };
        throw error;
      }
      this.count('skippedPolls', this.schedule.polled(place, MONOTONIC()));
      this.count('lateAnswers', connection.late - late);
      late = connection.late;
      if (polled.failed === null || polled.failed.how === 'refused') answeredSince ??= MONOTONIC();
      this.take(device, polled);
      if (device.state === 'lost')
        this.schedule.rest(place, MONOTONIC(), backoffMs(device.failures - MOST_FAILED + 1, this.context.random));
      if (this.isSilent()) return { lost: new ConnectionLost(this.silenceOf(polled), 'broken'), answeredSince };
      if (this.devices.every(({ state }) => state === 'lost')) this.degrade();
    }
  }

  /** Resolves when a poll is due, with the place of its device, or as soon as `over` is aborted. */
  private async untilDue(over: AbortSignal): Promise<number> {
    const { device, due } = this.schedule.next();
    await waitUnlessStopped(Math.max(0, due - MONOTONIC()), over);
    return device;
  }

  private take(device: Device, { readings, refused, failed, malformed }: Polled): void {
    const at = this.context.clock();
    if (refused.size > 0) this.lastError = { at, detail: spokenRefusal(refused, device.poller.items.length) };
    for (const { bytes, detail } of malformed) this.refuse({ bytes, detail });
    if (failed?.how === 'silent') this.silent.set(device, (this.silent.get(device) ?? 0) + 1);
    else this.silent.clear();
    device.failed = failed;
    if (failed === null) {
      device.failures = 0;
      if (device.state !== 'up') this.up(device, at);
    } else {
      device.failures++;
      this.lastError = { at, detail: failed.reason };
      if (device.failures >= MOST_FAILED && device.state !== 'lost') this.lose(device, at);
    }
    this.stand(at);
    if (!this.speaksFor(device)) return;
    if (device.unmade > 0) this.gap(device, device.unmade, at);
    this.queue.put(this.told.news(device.poller.items, readings, at));
    if (failed === null && this.told.isQuiet(device.machine))
      this.queue.put([this.told.lifecycle(device.machine, 'alive', at)]);
  }

  /** What was read of it is told; what one refuses that gives nothing else, only while another device speaks for its machine. */
  private speaksFor({ state, failed, machine }: Device): boolean {
    return state === 'up' || (failed?.how === 'refused' && this.machines.get(machine) === 'up');
  }

  /** Looks anew at what is wrong with the devices. */
  private stand(at: number): void {
    const wrong = this.devices.flatMap(({ state, failed, poller: { refusals, items } }) => {
      if (state === 'lost' && failed !== null) return [failed.reason];
      return state === 'up' && refusals.size > 0 ? [spokenRefusal(refusals, items.length)] : [];
    });
    const more = wrong.length > SPOKEN_OF ? ` And so of ${wrong.length - SPOKEN_OF} more devices.` : '';
    const detail = `${wrong.slice(0, SPOKEN_OF).join(' ')}${more}`;
    if (detail === '') this.standing = null;
    else if (detail !== this.standing?.detail) this.standing = { at, detail };
  }

  private up(device: Device, at: number): void {
    const { context } = this;
    // It may have told what it refuses, for a machine that another device spoke for.
    this.told.forget(device.poller.items);
    device.state = 'up';
    if (this.connection.state !== 'connected') {
      this.connection = { state: 'connected', since: at, session: this.told.session };
      context.logger.info({ source: context.name, session: this.told.session }, 'source connected');
    }
    if (this.machines.get(device.machine) === 'up') return;
    this.machines.set(device.machine, 'up');
    this.queue.put([this.told.lifecycle(device.machine, 'connected', at)]);
    if (this.polled.has(device.machine)) this.gap(device, null, at);
    this.polled.add(device.machine);
    this.cursor = { v: 1, polled: [...this.polled] };
  }

  private gap(device: Device, polls: number | null, at: number): void {
    this.queue.put([this.told.gap(device.machine, polls, at)]);
    this.count('gaps');
    device.unmade = 0;
  }

  private lose(device: Device, at: number): void {
    const wasUp = device.state === 'up';
    device.state = 'lost';
    const { machine, poller } = device;
    this.context.logger.warn(
      { source: this.context.name, machine, reason: device.failed?.reason },
      'nothing could be read of a device of a source in three polls',
    );
    if (this.devices.some((other) => other.machine === machine && other.state !== 'lost')) {
      const { refusals } = poller;
      const unknown = poller.items.filter((item) => !refusals.has(item));
      if (wasUp) this.queue.put(this.told.stale(unknown, at));
    } else this.loseMachine(machine, at);
  }

  private loseMachine(machine: string, at: number): void {
    if (this.machines.get(machine) === 'down') return;
    this.machines.set(machine, 'down');
    for (const device of this.devices) if (device.machine === machine) this.told.forget(device.poller.items);
    this.queue.put([this.told.lifecycle(machine, 'disconnected', at)]);
  }

  /** The connection stands, and nothing can be read of any device. */
  private degrade(): void {
    const { context, connection, standing } = this;
    const now = context.clock();
    const reason = standing?.detail ?? '';
    const isNew = connection.state !== 'degraded';
    if (isNew) context.logger.warn({ source: context.name, reason }, 'a source is answered and cannot read anything');
    this.connection = {
      state: 'degraded',
      since: isNew ? now : connection.since,
      reason,
      nextTryAt: now + Math.max(0, this.schedule.next().due - MONOTONIC()),
    };
  }

  /** Nothing on the connection answers: what is not lost already has stayed silent, and that in three polls or more. */
  private isSilent(): boolean {
    const polls = [...this.silent.values()].reduce((sum, each) => sum + each, 0);
    return polls >= MOST_FAILED && this.devices.every((device) => device.state === 'lost' || this.silent.has(device));
  }

  private silenceOf({ failed }: Polled): string {
    const { host, port } = this.settings;
    return `${host}:${port} holds the connection and answers nothing. ${failed?.reason ?? ''}`.trim();
  }

  private down(lost: ConnectionLost, failures: number, wait: number): void {
    const { context } = this;
    const now = context.clock();
    if (lost.garbage !== null) this.refuse(lost.garbage);
    for (const device of this.devices) {
      device.state = 'lost';
      this.loseMachine(device.machine, now);
    }
    this.lastError = { at: now, detail: lost.message };
    this.standing = null;
    this.connection = {
      state: failures >= DEGRADED ? 'degraded' : 'disconnected',
      since: now,
      reason: lost.message,
      nextTryAt: now + wait,
    };
    context.logger.warn({ source: context.name, reason: lost.message }, 'source lost');
  }

  private refuse({ bytes, detail }: Garbage): void {
    const { context, told, counts } = this;
    this.queue.refuse({
      source: context.name,
      session: told.session,
      line: counts['requests'] ?? 0,
      bytes,
      code: 'malformed',
      detail,
      at: context.clock(),
    });
  }

  private count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

const polledBefore = (cursor: SourceCursor | null): Set<string> => {
  const polled = cursor?.['polled'];
  return new Set(Array.isArray(polled) ? polled.filter((name): name is string => typeof name === 'string') : []);
};
