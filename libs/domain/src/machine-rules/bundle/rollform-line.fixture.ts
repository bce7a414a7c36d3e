import type { Signal } from '../../signal/signal';
import { multiply, type Rational, rational, round, toRational } from '../../unit/rational';
import { conversionFactor } from '../../unit/ucum';
import {
  COUNTERS,
  encodingOf,
  INCHES,
  type LengthAlias,
  type LengthEncodings,
  LINE_PATHS,
  type LineAlias,
} from './rollform-mapping.fixture';

/**
 * A roll-forming line that keeps its books: it sends what a controller sends (counters that only rise, codes after what
 * they explain, the last piece after the end of its bundle) and knows what was really made.
 */
export class RollformLine {
  readonly signals: Signal[] = [];
  readonly bundles: MadeBundle[] = [];
  /** Unix ms of the plant's true time. */
  now: number;
  private readonly values = new Map<LineAlias, Signal['value']>();
  private readonly counters = { good: 0, scrap: 0, reclaimed: 0 };
  private readonly receiveDelayMs: number;
  private readonly encoding: LengthEncodings;
  private readonly silent = new Set<LineAlias>();
  private seq = 0;
  private session = 1;
  private inSight = true;
  /** How far the device's clock is from the true time, ms. */
  clockOffMs = 0;
  private running = false;
  private bundle: MadeBundle | null = null;
  private item: MadeItem | null = null;
  private readonly doneOf = new Map<number, number>();
  private coil = '';

  constructor(
    options: {
      readonly startMs?: number;
      readonly encoding?: LengthEncodings;
      /** Inches that the counters stand at. */
      readonly countersAt?: number;
      readonly receiveDelayMs?: number;
    } = {},
  ) {
    this.now = options.startMs ?? Date.parse('2026-02-17T14:00:00.000Z');
    this.encoding = options.encoding ?? INCHES;
    this.receiveDelayMs = options.receiveDelayMs ?? 50;
    this.counters.good = options.countersAt ?? 52_000;
    for (const which of COUNTERS) this.set(which, this.raw(which, this.counters[which]));
    this.set('state', 'HALT');
    this.set('bundleComplete', false);
  }

  /** What it was when `connect` is called: sets values without a signal. */
  set(alias: LineAlias, value: Signal['value']): this {
    this.values.set(alias, value);
    return this;
  }

  wait(ms: number): this {
    if (this.bundle !== null)
      this.bundle[this.running ? 'runMs' : 'delayMs'] += this.bundle.startedAt === null ? 0 : ms;
    this.now += ms;
    return this;
  }

  /** A new session: every value as a snapshot. */
  connect(): this {
    this.inSight = true;
    this.session++;
    this.seq = 0;
    this.push('$lifecycle', 'connected', 'lifecycle');
    for (const [alias, value] of this.values) this.push(LINE_PATHS[alias], value, 'event', ['snapshot']);
    return this;
  }

  /** The gateway dies: nothing is heard until `connect`. */
  disconnect(): this {
    this.push('$lifecycle', 'disconnected', 'lifecycle');
    this.inSight = false;
    return this;
  }

  tick(): this {
    this.push('$tick', null, 'lifecycle');
    return this;
  }

  say(alias: LineAlias, value: Signal['value']): this {
    this.values.set(alias, value);
    if (!this.silent.has(alias)) this.push(LINE_PATHS[alias], value);
    return this;
  }

  /** One signal alone says nothing until it is heard again. */
  silence(alias: LineAlias): this {
    this.silent.add(alias);
    return this;
  }

  unsilence(alias: LineAlias): this {
    this.silent.delete(alias);
    return this;
  }

  run(): this {
    this.running = true;
    if (this.bundle !== null) this.bundle.startedAt ??= this.now;
    return this.say('state', 'RUN');
  }

  halt(): this {
    this.running = false;
    return this.say('state', 'HALT');
  }

  loadCoil(serial: string): this {
    this.coil = serial;
    return this.say('coilSerial', serial).say('coilMaterial', '26GA').say('coilHeat', `H-${serial}`);
  }

  /** Orders and numbers change in this order: the job first. */
  loadBundle(order: number, number: number): this {
    if (this.values.get('ordId') !== order) this.say('ordId', order);
    this.bundle = {
      code: `${order}-${String(number).padStart(2, '0')}`,
      good: 0,
      scrap: 0,
      runMs: 0,
      delayMs: 0,
      startedAt: this.running ? this.now : null,
      completed: false,
      items: new Map(),
      coils: new Map(),
      scrapByReason: {},
    };
    this.bundles.push(this.bundle);
    return this.say('bundleNumber', number);
  }

  chooseItem(id: number, lengthIn: number, quantity: number): this {
    this.item = { id, lengthIn };
    this.say('itmId', id).say('itemQuantity', quantity);
    return this.say('itemLength', this.raw('itemLength', lengthIn));
  }

  /** One piece of the item on the line. */
  piece(): this {
    const item = this.item;
    if (item === null) throw new Error('choose an item first');
    const done = (this.doneOf.get(item.id) ?? 0) + 1;
    this.doneOf.set(item.id, done);
    this.counters.good += item.lengthIn;
    if (this.bundle !== null) {
      this.bundle.good += item.lengthIn;
      this.bundle.items.set(item.id, (this.bundle.items.get(item.id) ?? 0) + 1);
      this.bundle.coils.set(this.coil, (this.bundle.coils.get(this.coil) ?? 0) + item.lengthIn);
    }
    return this.say('pieceLength', this.raw('pieceLength', item.lengthIn))
      .say('itemDone', done)
      .say('good', this.raw('good', this.counters.good));
  }

  /** Scrap, and the operator's code for it some time later; null: he gives none. */
  scrapped(lengthIn: number, reason: number | null, afterMs = 20_000): this {
    this.counters.scrap += lengthIn;
    if (this.bundle !== null) {
      this.bundle.scrap += lengthIn;
      const byReason = this.bundle.scrapByReason;
      byReason[reason ?? 0] = (byReason[reason ?? 0] ?? 0) + lengthIn;
      this.bundle.coils.set(this.coil, (this.bundle.coils.get(this.coil) ?? 0) + lengthIn);
    }
    this.say('scrap', this.raw('scrap', this.counters.scrap));
    return reason === null ? this : this.wait(afterMs).say('scrapReason', reason);
  }

  /** The bundle is complete; the flag falls again. */
  complete(): this {
    if (this.bundle !== null) this.bundle.completed = true;
    this.bundle = null;
    return this.say('bundleComplete', true).wait(2_500).say('bundleComplete', false);
  }

  /** A length as the line sends it. */
  raw(alias: LengthAlias, inches: number): number {
    const { unit, perUnit, modulus, single } = encodingOf(this.encoding, alias);
    const factor = conversionFactor('[in_i]', unit) ?? rational(1n);
    const exact = multiply(multiply(toRational(inches) as Rational, factor), rational(BigInt(perUnit)));
    const value = round(exact, perUnit === 1 ? 9 : 0);
    const wrapped = modulus !== null && (COUNTERS as readonly string[]).includes(alias) ? value % modulus : value;
    return single === true ? Math.fround(wrapped) : wrapped;
  }

  private push(
    path: string,
    value: Signal['value'],
    kind: Signal['kind'] = 'event',
    flags: Signal['flags'] = [],
  ): void {
    if (!this.inSight) return;
    const receiveTs = new Date(this.now + this.receiveDelayMs).toISOString();
    this.signals.push({
      v: 1,
      tenant: 'default',
      machine: 'RF-1',
      source: 'line',
      session: `s${this.session}`,
      seq: path === '$tick' ? null : this.seq++,
      path,
      kind,
      value,
      type: typeof value === 'number' ? 'double' : typeof value === 'boolean' ? 'bool' : 'string',
      unit: null,
      quality: 'good',
      qualityCode: null,
      sourceTs: kind === 'lifecycle' ? null : new Date(this.now + this.clockOffMs).toISOString(),
      serverTs: null,
      receiveTs,
      at: receiveTs,
      clock: 'plc',
      flags,
      raw: { proto: 'http', ref: '' },
    });
  }
}

/** What was really made. */
export interface MadeBundle {
  readonly code: string;
  good: number;
  scrap: number;
  runMs: number;
  delayMs: number;
  startedAt: number | null;
  /** The line said so at its end. */
  completed: boolean;
  readonly items: Map<number, number>;
  /** Consumed of each. */
  readonly coils: Map<string, number>;
  readonly scrapByReason: { [reason: string]: number };
}
interface MadeItem {
  readonly id: number;
  readonly lengthIn: number;
}
