import { waitUnlessStopped } from '../backoff';
import { decodeItem, type Reading, unread } from './decode-item';
import type { ModbusConnection, Silence } from './modbus-connection';
import { type Answer, spokenException } from './modbus-frame';
import type { ModbusItem } from './modbus-item';
import { partsOf, planReads, type Read, type ReadLimits } from './read-plan';
import { spokenRefusal } from './spoken-refusal';

/** A device that is busy (6), or begins what takes long (5), is asked again: so often within a poll, after so many ms. */
const BUSY_TRIES = 3;
const BUSY_WAIT_MS = 50;
/** So many polls in a row may find it busy, or may not get an answer to one of several reads, before nothing is known of the value any more. */
const PATIENT_POLLS = 3;
/** An item that was refused is asked for again: where the device failed at it (4, 8) after so many ms, else later. */
const FAILED_AGAIN_MS = 5_000;
const REFUSED_AGAIN_MS = 30_000;

const BUSY: ReadonlySet<number> = new Set([5, 6]);
/** The gateway does not reach the device. */
const UNREACHED: ReadonlySet<number> = new Set([10, 11]);
/** One item, or what lies between two, may be the cause, and the others may be read. */
const DIVISIBLE: ReadonlySet<number> = new Set([2, 3, 4, 8]);
const FAILURES: ReadonlySet<number> = new Set([4, 8]);

const NO_ANSWER = 'mb:no-answer';

const NOTHING_READ =
  'So nothing of it can be read. Gateways and simulators refuse like this a unit that they do not have: check unitId, then tables and addresses.';

export interface PollingSettings extends ReadLimits {
  readonly timeoutMs: number;
  readonly pauseMs: number;
}

type Malformed = Extract<Answer, { readonly kind: 'malformed' }>;

export interface Polled {
  /** What was learned, by item; an item that is not in it is as it was. */
  readonly readings: ReadonlyMap<ModbusItem, Reading>;
  /** Of them those that the device has begun to refuse, with the code. */
  readonly refused: ReadonlyMap<ModbusItem, string>;
  /** Not one register or bit has come. Null where one has. */
  readonly failed: FailedPoll | null;
  /** Answers that were not to what was asked, the first of each read until it is answered well again. */
  readonly malformed: readonly Malformed[];
}

export interface FailedPoll {
  /**
   * `silent`: nothing was answered · `unreached`: a gateway says that it does not reach the device · `refused`: it answers, and
   * with no data: exceptions, or what does not fit.
   */
  readonly how: 'silent' | 'unreached' | 'refused';
  readonly reason: string;
}

/** One poll while it goes on. */
interface Round {
  /** The one that is only asked for again, and is in no plan. */
  readonly again: Read<ModbusItem> | null;
  readonly readings: Map<ModbusItem, Reading>;
  readonly refused: Map<ModbusItem, string>;
  readonly malformed: Malformed[];
  /** What the next poll asks for again, in this order. */
  readonly kept: Read<ModbusItem>[];
  readonly missed: Read<ModbusItem>[];
  heard: boolean;
  /** Something was read. */
  given: boolean;
  /** What was refused before can be read. */
  recovered: boolean;
  failure: FailedPoll | null;
}

const lose = ({ readings }: Round, { items }: Read<ModbusItem>, qualityCode: string): void => {
  for (const item of items) readings.set(item, unread(qualityCode));
};

const codeOf = ({ code }: { readonly code: number }): string => `mb:exception-${code}`;

interface Refusal {
  readonly qualityCode: string;
  /** By the clock of the poller, ms. */
  readonly at: number;
  readonly againMs: number;
}

type Count = 'requests' | 'exceptions' | 'timeouts' | 'busy' | 'malformed';

export interface PollerHooks {
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly count: (name: Count) => void;
}

/**
 * Polls one device: all its items, with as few reads as it lets us. What it refuses is searched for once and remembered, so
 * that a wrong address does not take its neighbours with it. It is asked for again now and then, one item in a poll, and when
 * one of them can be read all reads are planned anew.
 */
export class DevicePoller {
  private plan: readonly Read<ModbusItem>[];
  private readonly refused = new Map<ModbusItem, Refusal>();
  /** Polls in a row that found it so. */
  private busy = new Map<Read<ModbusItem>, number>();
  private mute = new Map<Read<ModbusItem>, number>();
  private readonly unfit = new WeakSet<Read<ModbusItem>>();

  constructor(
    readonly items: readonly ModbusItem[],
    private readonly settings: PollingSettings,
    private readonly hooks: PollerHooks,
  ) {
    this.plan = planReads(items, settings);
  }

  /** Requests of one poll, as far as they are known. */
  get reads(): number {
    return this.plan.length;
  }

  /** Items that the device does not give, with the code of it. */
  get refusals(): ReadonlyMap<ModbusItem, string> {
    return new Map([...this.refused].map(([item, { qualityCode }]) => [item, qualityCode]));
  }

  /** `misses`: reads without an answer after which the others are left for the next poll. Rejects ConnectionLost. */
  async poll(connection: ModbusConnection, misses = 2): Promise<Polled> {
    const [again] = this.againRefused();
    const toRead = again === undefined ? [...this.plan] : [...this.plan, again];
    const round: Round = {
      again: again ?? null,
      readings: new Map(),
      refused: new Map(),
      malformed: [],
      kept: [],
      missed: [],
      heard: false,
      given: false,
      recovered: false,
      failure: null,
    };
    while (toRead.length > 0 && round.missed.length < misses) {
      const read = toRead.shift()!;
      toRead.unshift(...this.take(round, read, await this.ask(connection, read)));
    }
    // What could not be asked any more, and behind it what was not answered, is asked in this order by the next poll.
    for (const read of toRead) if (read !== round.again) round.kept.push(read);
    for (const read of round.missed)
      if (read === round.again) this.refuse(round, read, NO_ANSWER, REFUSED_AGAIN_MS);
      else round.kept.push(...(round.heard ? this.missedAgain(round, read) : [read]));
    this.remember(round.recovered ? this.planAnew() : round.kept);
    const { readings, refused, malformed } = round;
    return { readings, refused, malformed, failed: round.given ? null : this.failureOf(round) };
  }

  /** Of a poll that has read nothing; what was refused before is among the readings, since nothing else says it. */
  private failureOf({ heard, failure, readings }: Round): FailedPoll | null {
    const { refusals, items } = this;
    if (!heard) return failure;
    if (refusals.size === 0) return failure === null ? null : { ...failure, how: 'refused' };
    for (const [item, code] of refusals) readings.set(item, unread(code));
    const refusal = spokenRefusal(refusals, items.length);
    const rest = refusals.size === items.length ? NOTHING_READ : (failure?.reason ?? '');
    return { how: 'refused', reason: `${refusal} ${rest}`.trim() };
  }

  /** What an answer says; returns what is to be read in the place of this read. */
  private take(round: Round, read: Read<ModbusItem>, answer: Answer | Silence): Read<ModbusItem>[] {
    const { unit } = read.items[0]!;
    if (answer.kind === 'silent') {
      round.missed.push(read);
      const reason = `Unit ${unit} has not answered within ${this.settings.timeoutMs} ms.`;
      round.failure ??= { how: 'silent', reason };
      return [];
    }
    if (answer.kind === 'exception' && UNREACHED.has(answer.code)) {
      round.missed.push(read);
      const reason = `The gateway does not reach unit ${unit}: ${spokenException(answer.code)}.`;
      round.failure = { how: 'unreached', reason };
      lose(round, read, codeOf(answer));
      return [];
    }
    round.heard = true;
    this.mute.delete(read);
    if (answer.kind === 'exception' && !BUSY.has(answer.code)) {
      const parts = DIVISIBLE.has(answer.code) ? partsOf(read, this.settings) : [];
      if (parts.length === 0)
        this.refuse(round, read, codeOf(answer), FAILURES.has(answer.code) ? FAILED_AGAIN_MS : REFUSED_AGAIN_MS);
      return parts;
    }
    if (read !== round.again) round.kept.push(read);
    if (answer.kind === 'exception') {
      const polls = (this.busy.get(read) ?? 0) + 1;
      this.busy.set(read, polls);
      if (polls >= PATIENT_POLLS) lose(round, read, codeOf(answer));
      round.failure = { how: 'refused', reason: `Unit ${unit} is busy: ${spokenException(answer.code)}.` };
    } else if (answer.kind === 'malformed') {
      this.hooks.count('malformed');
      lose(round, read, 'mb:malformed');
      if (!this.unfit.has(read)) round.malformed.push(answer);
      this.unfit.add(read);
      round.failure = { how: 'refused', reason: answer.detail };
    } else {
      round.given = true;
      for (const item of read.items) round.readings.set(item, decodeItem(item, read.address, answer.data));
      this.busy.delete(read);
      this.unfit.delete(read);
      round.recovered ||= read === round.again;
    }
    return [];
  }

  private async ask(
    connection: ModbusConnection,
    { table, address, count, items }: Read<ModbusItem>,
  ): Promise<Answer | Silence> {
    const { timeoutMs, pauseMs } = this.settings;
    const request = { unit: items[0]!.unit, table, address, count };
    for (let tries = 1; ; tries++) {
      this.hooks.count('requests');
      const answer = await connection.read(request, timeoutMs);
      if (answer.kind === 'silent') this.hooks.count('timeouts');
      const isBusy = answer.kind === 'exception' && BUSY.has(answer.code);
      if (answer.kind === 'exception') this.hooks.count(isBusy ? 'busy' : 'exceptions');
      const again = isBusy && tries < BUSY_TRIES;
      const rest = again ? Math.max(BUSY_WAIT_MS, pauseMs) : pauseMs;
      if (rest > 0) await waitUnlessStopped(rest, connection.over);
      if (!again) return answer;
    }
  }

  private refuse(round: Round, read: Read<ModbusItem>, qualityCode: string, againMs: number): void {
    lose(round, read, qualityCode);
    const at = this.hooks.monotonic();
    for (const item of read.items) {
      if (!this.refused.has(item)) round.refused.set(item, qualityCode);
      this.refused.set(item, { qualityCode, at, againMs });
    }
  }

  /** A device that answers other reads and not this one: some say nothing at all to what they do not have. */
  private missedAgain(round: Round, read: Read<ModbusItem>): Read<ModbusItem>[] {
    const polls = (this.mute.get(read) ?? 0) + 1;
    this.mute.set(read, polls);
    if (polls < PATIENT_POLLS) return [read];
    const parts = partsOf(read, this.settings);
    if (parts.length === 0) this.refuse(round, read, NO_ANSWER, REFUSED_AGAIN_MS);
    return parts;
  }

  private remember(plan: readonly Read<ModbusItem>[]): void {
    this.plan = plan;
    this.busy = new Map([...this.busy].filter(([read]) => plan.includes(read)));
    this.mute = new Map([...this.mute].filter(([read]) => plan.includes(read)));
  }

  /** What was refused together comes back together: a device that is starting refuses all it has. */
  private planAnew(): readonly Read<ModbusItem>[] {
    this.refused.clear();
    return planReads(this.items, this.settings);
  }

  /** Of what was refused the one whose time comes first, where it has come; at once where nothing else shows that the device lives. */
  private againRefused(): Read<ModbusItem>[] {
    const [first] = [...this.refused]
      .map(([item, { at, againMs }]) => ({ item, due: at + againMs }))
      .sort((one, other) => one.due - other.due);
    if (first === undefined) return [];
    return this.plan.length > 0 && this.hooks.monotonic() < first.due ? [] : planReads([first.item], this.settings);
  }
}
