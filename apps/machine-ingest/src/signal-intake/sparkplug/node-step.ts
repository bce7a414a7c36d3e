import { createHash } from 'node:crypto';
import { type LifecycleWord, SIGNAL_LIMITS, type Signal, type SignalFlag } from '@millrace/domain';
import { bdSeqOf, type WireMetric } from '@millrace/sparkplug';
import { gapSignal, lifecycleWord, mqttSignal, type SignalPlace } from '../mqtt/mqtt-signals';
import type { MachineRoutes, NodeName } from './machine-routes';
import { distance, placeMessage } from './message-order';
import { type Definitions, definitionsOf, NO_DEFINITIONS, NODE_PREFIX, readMetric } from './metric-reading';
import { NodeEffects } from './node-effects';
import {
  type BornLife,
  type Device,
  type Held,
  NODE_LIMITS,
  type NodeMessage,
  type NodeState,
  type Place,
} from './node-state';
import { shortDigest } from './settled-messages';

/** What a step goes by, beside the state and the input. */
export interface NodeRules {
  readonly name: NodeName;
  readonly place: SignalPlace;
  readonly routes: MachineRoutes;
  /** Names the process that listens; never the same twice. */
  readonly process: string;
  /** Role `active` or `primary`. */
  readonly mayAsk: boolean;
  readonly rebirthMinIntervalMs: number;
  readonly reorderTimeoutMs: number;
}

/** `now`: Unix ms. `random`: 0 to below 1, spreads the requests of many nodes. */
export type NodeInput =
  | { readonly kind: 'message'; readonly message: NodeMessage; readonly now: number; readonly random: number }
  /** A host has asked the node for a rebirth. */
  | { readonly kind: 'command'; readonly now: number }
  /** The broker, or a host, was away: what came meanwhile may be lost, and of a session that it has not kept, deaths too. */
  | { readonly kind: 'reconnected'; readonly resumed: boolean; readonly now: number; readonly random: number }
  /** There is no room any more for what is held. */
  | { readonly kind: 'relieve'; readonly now: number }
  | { readonly kind: 'time'; readonly now: number };

/**
 * Each message has 65,536 places in the numbering of its session: 0 for the lifecycle, 1 and up for its metrics. So one
 * window of duplicates is enough for a machine however many metrics a message has, and a message that is read again after
 * a restart, with the same number, has the same places.
 */
const PLACES = 65_536;

interface Target {
  readonly machine: string;
  /** Before the names of metrics. */
  readonly prefix: string;
}

/** The session of one edge node (Sparkplug 3.0, chapters 5 and 6.4), one input on. Pure: the same input gives the same. */
export const stepNode = (
  state: NodeState,
  input: NodeInput,
  rules: NodeRules,
): { readonly state: NodeState; readonly effects: NodeEffects } => {
  const step = new NodeStep(state, rules, input.now, 'random' in input ? input.random : 0);
  switch (input.kind) {
    case 'message':
      step.message(input.message);
      break;
    case 'command':
      step.commanded();
      break;
    case 'reconnected':
      step.reconnected(input.resumed);
      break;
    case 'relieve':
      step.relieve();
      break;
    case 'time':
      step.time();
  }
  return { state: step.state, effects: step.effects };
};

/** Machines that a node's life and death concern. */
export const machinesOfNode = (state: NodeState, { name, routes }: Pick<NodeRules, 'name' | 'routes'>): string[] => {
  const own = routes.ofNode(name);
  const seen = state.life.kind === 'born' ? [...state.life.devices.keys()] : [];
  return [
    ...new Set([
      ...(own === null ? [] : [own]),
      ...routes.namedDevices(name),
      ...seen.flatMap((device) => routes.ofDevice(name, device) ?? []),
    ]),
  ];
};

class NodeStep {
  readonly effects = new NodeEffects();

  constructor(
    public state: NodeState,
    private readonly rules: NodeRules,
    private readonly now: number,
    private readonly random: number,
  ) {}

  message(message: NodeMessage): void {
    switch (message.type) {
      case 'NBIRTH':
        this.nodeBirth(message);
        return;
      case 'NDEATH':
        this.nodeDeath(message);
        return;
      default:
        if (this.isRepeat(message)) return;
        this.remember(message);
        if (this.state.life.kind !== 'born') this.hold(message, null);
        else if (!this.wasHeld(message)) this.numbered(message);
    }
  }

  commanded(): void {
    this.state = { ...this.state, rebirth: { dueAt: null, askedAt: this.now } };
  }

  reconnected(resumed: boolean): void {
    const { life } = this.state;
    if (life.kind === 'dead') return;
    // What was not acknowledged does not come again.
    if (life.kind === 'born' && !resumed) this.life({ ...life, exact: false, doubtUntil: this.doubtUntil() });
    // A node that the broker lost too comes back by itself; it is given the time to.
    this.ask(this.rules.reorderTimeoutMs);
  }

  /** A node that can be made to speak, and says nothing until then, is dead. */
  private doubtUntil(): number {
    const { mayAsk, rebirthMinIntervalMs } = this.rules;
    return mayAsk ? this.now + 2 * rebirthMinIntervalMs + 10_000 : Number.POSITIVE_INFINITY;
  }

  relieve(): void {
    if (this.state.life.kind === 'born' && this.state.life.missed !== null) this.goOn();
    else this.giveUp(() => true, 'There was no room to keep it until the birth that it needs.');
  }

  time(): void {
    const { now } = this;
    const { life } = this.state;
    if (life.kind === 'born') {
      if (life.waitUntil !== null && life.waitUntil <= now) this.missing();
      if (life.doubtUntil !== null && life.doubtUntil <= now) this.die();
      else if (life.missed !== null && life.missed.until <= now) this.goOn();
      for (const [name, device] of life.devices)
        if (device.kind === 'awaited' && device.until <= now) this.endDevice(name);
    }
    if (this.state.held.some(({ until }) => until <= now))
      this.giveUp(({ until }) => until <= now, 'The birth that it needs has not come.');
    const { dueAt } = this.state.rebirth;
    if (dueAt !== null && dueAt <= now) {
      this.effects.rebirth = true;
      this.commanded();
    }
  }

  private nodeBirth(message: NodeMessage): void {
    if (this.isRepeat(message)) return;
    this.remember(message);
    const { payload, original } = message;
    const former = this.state.life;
    const bdSeq = bdSeqOf(payload);
    const stamp = payload.timestamp;
    // A cluster of brokers may bring the first data of a session before its birth: by their stamps they belong to it.
    const ofThis = (one: NodeMessage) =>
      stamp !== null && one.payload.timestamp !== null && one.payload.timestamp >= stamp;
    // What is held with a number came in its turn, and is of this session only where it says so clearly.
    const isEarly = ({ only, seq, message: one }: Held) =>
      only === null && ofThis(one) && (seq === null || one.payload.timestamp !== stamp);
    const early = [
      ...(former.kind === 'born' ? former.waiting.map((one) => one.message).filter(ofThis) : []),
      ...this.state.held.filter(isEarly).map((one) => one.message),
    ];
    this.state = { ...this.state, held: this.state.held.filter((one) => !isEarly(one)) };
    if (former.kind === 'born') {
      const waiting = former.waiting.filter((one) => !ofThis(one.message));
      // The birth that is there tells what they stand at.
      const missed = this.rules.mayAsk ? (former.missed ?? { until: this.now }) : null;
      this.life({ ...former, waiting, waitUntil: null, missed });
      while (this.born.waiting.length > 0) this.missing();
      if (former.missed !== null || (former.resumed && this.rules.mayAsk)) this.words('connected');
    }
    const before = this.state.life;
    const same = before.kind === 'born' && before.bdSeq === bdSeq;
    const seq = payload.seq ?? 0;
    const session = sessionName(this.rules.name, bdSeq, stamp === null ? message.digest : String(stamp));
    const own = `${this.rules.process}.${this.now.toString(36)}`;
    const place = { session: numberingOf({ session, own, exact: true }, message), seq };
    const life: BornLife = {
      kind: 'born',
      session,
      own,
      exact: true,
      bdSeq,
      next: seq + 1,
      lastMs: stamp,
      heardAt: this.now,
      resumed: false,
      owed: false,
      missed: null,
      elder: same ? this.elderOf(before) : null,
      doubtUntil: null,
      definitions: definitionsOf(payload.metrics),
      birth: { metrics: payload.metrics, place, stamp },
      told: new Set(),
      devices: this.awaited(before.kind === 'born' ? before.devices : new Map()),
      waiting: [],
      waitUntil: null,
    };
    const rebirth = { ...this.state.rebirth, dueAt: null };
    this.state = { ...this.state, life, rebirth, heldBefore: new Map() };
    this.effects.count(same ? 'rebirths' : 'births');
    const { name, routes } = this.rules;
    const itself = routes.ofNode(name);
    if (itself !== null && before.kind !== 'born') this.word(itself, 'birth', place);
    this.release(null, life.definitions, place.session);
    for (const machine of machinesOfNode(this.state, this.rules)) this.tellNode(machine, place);
    this.effects.settled.push(original);
    for (const one of early) this.numbered(one);
  }

  /** The death of the MQTT session before, where it had the same bdSeq and its death is still to come. */
  private elderOf(before: BornLife): BornLife['elder'] {
    const { askedAt } = this.state.rebirth;
    const answered = askedAt !== null && this.now - askedAt <= 3 * this.rules.rebirthMinIntervalMs;
    // A birth that was asked for is of the same MQTT session. One that was not may be of a node that counts from 0 again.
    return answered ? before.elder : { untilMs: before.lastMs };
  }

  private awaited(devices: ReadonlyMap<string, Device>): ReadonlyMap<string, Device> {
    const until = this.now + NODE_LIMITS.awaitDeviceMs;
    return new Map(
      [...devices].map(([name, device]) => [name, device.kind === 'awaited' ? device : { kind: 'awaited', until }]),
    );
  }

  private nodeDeath(message: NodeMessage): void {
    const { life } = this.state;
    const { payload, original } = message;
    this.effects.settled.push(original);
    if (life.kind === 'dead') return;
    if (life.kind === 'unknown') {
      this.die();
      return;
    }
    // It goes with the birth of the same number, and with none that came after it.
    if (bdSeqOf(payload) !== life.bdSeq) {
      this.effects.count('lateDeaths');
      return;
    }
    const { elder } = life;
    const stamp = payload.timestamp ?? payload.metrics[0]?.timestamp ?? null;
    if (elder === null || (stamp !== null && elder.untilMs !== null && stamp > elder.untilMs)) {
      this.die();
      return;
    }
    this.effects.count('lateDeaths');
    this.life({ ...life, elder: null, doubtUntil: this.doubtUntil() });
    this.ask(0);
  }

  private die(): void {
    const { life } = this.state;
    this.effects.count('deaths');
    if (life.kind === 'born') {
      this.life({ ...life, waitUntil: null });
      while (this.born.waiting.length > 0) this.missing();
    }
    // A life ends once: a successor that hears of it again says the same.
    const place = life.kind === 'born' ? { session: fitting(`${life.session}/death`), seq: 0 } : null;
    for (const machine of machinesOfNode(this.state, this.rules)) this.word(machine, 'death', place, 'spb:NDEATH');
    this.state = {
      ...this.state,
      life: { kind: 'dead' },
      rebirth: { ...this.state.rebirth, dueAt: null },
      heldBefore: new Map(),
    };
  }

  /** A message of a born node that has a number: NDATA, DBIRTH, DDATA, DDEATH. */
  private numbered(message: NodeMessage): void {
    if (this.born.resumed) this.resume(message);
    const life = this.born;
    const placed = placeMessage(life, message, this.now);
    switch (placed.kind) {
      case 'next':
        this.apply(message, placed.seq);
        this.applyWaiting();
        return;
      case 'late':
        this.applyLate(message);
        return;
      case 'ahead': {
        const waiting = [...life.waiting, { seq: placed.seq, message }].sort((a, b) => a.seq - b.seq);
        this.life({ ...life, waiting, waitUntil: life.waitUntil ?? this.now + this.rules.reorderTimeoutMs });
        if (waiting.length > NODE_LIMITS.waiting || this.rules.reorderTimeoutMs === 0) this.missing();
      }
    }
  }

  /**
   * The first message that the predecessor had not done with. What the broker keeps is acknowledged after the cursor that
   * knows it is stored, so of it this is the one that follows the cursor. Else it is not known how often the numbers have
   * gone round meanwhile: nobody else has counted what is counted from here.
   */
  private resume(message: NodeMessage): void {
    const life = this.born;
    const ahead = distance(life.next, message.payload.seq);
    const exact = life.exact && !isUnkept(message);
    const next = exact ? life.next : life.next + ahead;
    this.life({ ...life, resumed: false, exact, next });
    if (ahead > 0 && !exact) {
      this.miss({ from: null, to: null, lost: null });
      return;
    }
    if (life.missed !== null) return;
    if (this.rules.mayAsk) this.words('connected');
    // Nothing went by, so what is known is what is so.
    if (ahead === 0 && !life.owed && this.state.held.length === 0 && !this.wasSilentLong(life, message))
      this.state = { ...this.state, rebirth: { ...this.state.rebirth, dueAt: null } };
  }

  /** Held by the predecessor, and held again: it was counted then, and what of it could be told was told. */
  private wasHeld(message: NodeMessage): boolean {
    const key = shortDigest(message.digest);
    const seq = this.state.heldBefore.get(key);
    if (seq === undefined || !message.original.dup) return false;
    const heldBefore = new Map(this.state.heldBefore);
    heldBefore.delete(key);
    this.state = { ...this.state, heldBefore };
    if (seq === null) this.hold(message, this.unexplained(message));
    else if (this.born.missed !== null) this.hold(message, null, seq);
    else this.data(message, this.placeOf(message, seq));
    return true;
  }

  /** Indexes of the metrics that only a birth can explain; null: all of them. */
  private unexplained({ device, payload }: NodeMessage): number[] | null {
    const known = device === null ? null : this.born.devices.get(device);
    if (known !== null && known?.kind !== 'born') return null;
    const definitions = known === null ? this.born.definitions : known.definitions;
    const unknown = payload.metrics.flatMap((metric, index) =>
      readMetric(metric, definitions, payload.timestamp).kind === 'unknown' ? [index] : [],
    );
    return unknown.length === 0 ? null : unknown;
  }

  private placeOf(message: NodeMessage, seq: number): Place {
    return { session: numberingOf(this.born, message), seq };
  }

  private wasSilentLong({ lastMs }: BornLife, { payload: { timestamp } }: NodeMessage): boolean {
    return lastMs !== null && timestamp !== null && timestamp - lastMs > NODE_LIMITS.silentMs;
  }

  private applyWaiting(): void {
    for (;;) {
      const [first, ...rest] = this.born.waiting;
      if (first === undefined || first.seq > this.born.next) break;
      this.life({ ...this.born, waiting: rest });
      if (first.seq === this.born.next) this.apply(first.message, first.seq);
      else this.applyLate(first.message);
    }
    const { waiting, waitUntil } = this.born;
    if (waiting.length === 0 && waitUntil !== null) this.life({ ...this.born, waitUntil: null });
  }

  /** What the first of the waiting messages has waited for does not come any more. */
  private missing(): void {
    const life = this.born;
    const [first] = life.waiting;
    if (first === undefined) return;
    if (first.seq <= life.next) {
      this.applyWaiting();
      return;
    }
    this.miss({ from: life.next, to: first.seq - 1, lost: first.seq - life.next });
    this.life({ ...this.born, next: first.seq });
    this.applyWaiting();
    if (this.born.waiting.length > 0) this.life({ ...this.born, waitUntil: this.now + this.rules.reorderTimeoutMs });
  }

  /**
   * Messages went by, and any metric may have changed in them: an order, a number. From when the node was heard last its
   * machines are out of sight, until a birth says how all of it stands. A node that must not be asked for one goes on.
   */
  private miss(value: {
    readonly from: number | null;
    readonly to: number | null;
    readonly lost: number | null;
  }): void {
    const { missed, heardAt } = this.born;
    const isNews = this.rules.mayAsk && missed === null;
    this.effects.count('gaps');
    this.effects.count('lost', value.lost ?? 0);
    const machines = machinesOfNode(this.state, this.rules);
    const at = isNews ? heardAt : this.now;
    for (const machine of machines)
      this.effects.signals.push(gapSignal(this.rules.place, at, machine, this.born.session, value));
    this.ask(0);
    if (!isNews) return;
    this.words('disconnected', 'spb:gap', heardAt);
    this.life({ ...this.born, missed: { until: this.untilBirth() } });
  }

  /** No birth has come for what was missed: the data are what there is. */
  private goOn(): void {
    const mine = this.state.held.filter(({ seq }) => seq !== null);
    this.state = { ...this.state, held: this.state.held.filter(({ seq }) => seq === null) };
    this.life({ ...this.born, missed: null });
    this.words('connected');
    for (const { message, seq } of mine) this.data(message, this.placeOf(message, seq!));
  }

  private apply(message: NodeMessage, seq: number): void {
    const { payload, device } = message;
    this.life({
      ...this.born,
      next: seq + 1,
      lastMs: payload.timestamp ?? this.born.lastMs,
      heardAt: this.now,
      exact: this.born.exact && !isUnkept(message),
      doubtUntil: null,
    });
    const place = this.placeOf(message, seq);
    switch (message.type) {
      case 'DBIRTH':
        this.deviceBirth(message, device!, place);
        return;
      case 'DDEATH':
        this.endDevice(device!, place);
        this.effects.settled.push(message.original);
        return;
      default:
        if (this.born.missed === null) this.data(message, place);
        else this.hold(message, null, seq);
    }
  }

  /** It has come after its gap was told. Values count as what they are; births and deaths have been overtaken. */
  private applyLate(message: NodeMessage): void {
    this.effects.count('late');
    if (message.type === 'NDATA' || message.type === 'DDATA') this.data(message, null, ['late']);
    else this.effects.settled.push(message.original);
  }

  private deviceBirth(message: NodeMessage, device: string, place: Place): void {
    const { payload, original } = message;
    const machine = this.rules.routes.ofDevice(this.rules.name, device);
    const known = this.born.devices.has(device);
    this.effects.settled.push(original);
    if (machine === null) {
      this.effects.count('unmapped');
      return;
    }
    if (!known && this.born.devices.size >= NODE_LIMITS.devices) {
      const why = `The edge node has ${NODE_LIMITS.devices} devices already, which is the limit.`;
      this.effects.refuse(original, 'too_many_devices', why);
      return;
    }
    const definitions = definitionsOf(payload.metrics);
    this.setDevice(device, { kind: 'born', definitions });
    if (!known) this.word(machine, 'birth', place);
    this.release(device, definitions, place.session, place.seq);
    // Its places lie before the birth of the device, so they are counted beside it.
    const node = this.born.birth?.place;
    if (node !== undefined) this.tellNode(machine, { session: fitting(`${node.session}/node`), seq: node.seq });
    this.metrics(payload.metrics, NO_DEFINITIONS, {
      message,
      targets: [{ machine, prefix: '' }],
      place,
      flags: ['snapshot'],
    });
  }

  private endDevice(device: string, place: Place | null = null): void {
    const machine = this.rules.routes.ofDevice(this.rules.name, device);
    if (!this.born.devices.has(device)) return;
    this.setDevice(device, null);
    if (machine !== null) this.word(machine, 'death', place, 'spb:DDEATH');
  }

  /** The node's own metrics as of its birth, once for each machine. */
  private tellNode(machine: string, place: Place): void {
    const { birth, told } = this.born;
    if (birth === null || told.has(machine)) return;
    this.life({ ...this.born, told: new Set([...told, machine]) });
    const prefix = machine === this.rules.routes.ofNode(this.rules.name) ? '' : NODE_PREFIX;
    this.metrics(birth.metrics, NO_DEFINITIONS, {
      message: { type: 'NBIRTH', payload: { timestamp: birth.stamp } },
      targets: [{ machine, prefix }],
      place,
      flags: ['snapshot'],
    });
  }

  /** An NDATA or DDATA. `place` null: it has no place in the numbering any more. */
  private data(message: NodeMessage, place: Place | null, flags: readonly SignalFlag[] = []): void {
    const { device, original } = message;
    const { name, routes } = this.rules;
    if (device !== null && routes.ofDevice(name, device) === null) {
      this.effects.count('unmapped');
      this.effects.settled.push(original);
      return;
    }
    const known = device === null ? null : this.born.devices.get(device);
    if (known !== null && known?.kind !== 'born') {
      this.hold(message, null);
      return;
    }
    const definitions = known === null ? this.born.definitions : known.definitions;
    const targets = this.targetsOf(device);
    const unknown = this.metrics(message.payload.metrics, definitions, { message, targets, place, flags });
    if (unknown.length === 0) this.effects.settled.push(original);
    else this.hold(message, unknown);
  }

  /** Who hears the metrics of a device, or of the node itself, and under which names. */
  private targetsOf(device: string | null): Target[] {
    const { name, routes } = this.rules;
    if (device !== null) {
      const machine = routes.ofDevice(name, device);
      return machine === null ? [] : [{ machine, prefix: '' }];
    }
    const own = routes.ofNode(name);
    return machinesOfNode(this.state, this.rules).map((machine) => ({
      machine,
      prefix: machine === own ? '' : NODE_PREFIX,
    }));
  }

  /** Writes signals; returns the indexes of the metrics that only a birth can explain. */
  private metrics(
    metrics: readonly WireMetric[],
    definitions: Definitions,
    of: {
      readonly message: Pick<NodeMessage, 'type'> & {
        readonly payload: { readonly timestamp: number | null };
        readonly original?: NodeMessage['original'];
      };
      readonly targets: readonly Target[];
      readonly place: Place | null;
      readonly flags: readonly SignalFlag[];
      readonly only?: readonly number[] | null;
    },
  ): number[] {
    const unknown: number[] = [];
    const { message, targets, place, only } = of;
    const session = place?.session ?? this.born.session;
    for (let index = 0; index < metrics.length; index++) {
      if (only !== null && only !== undefined && !only.includes(index)) continue;
      const read = readMetric(metrics[index]!, definitions, message.payload.timestamp);
      if (read.kind === 'unknown') unknown.push(index);
      if (read.kind === 'refused' && message.original !== undefined)
        this.effects.refuse(message.original, 'invalid_metric', read.detail);
      if (read.kind !== 'signal') continue;
      const { datatype, ...said } = read.signal;
      if (said.flags.includes('type_changed')) this.effects.count('typeChanges');
      for (const { machine, prefix } of targets)
        this.effects.signals.push(
          mqttSignal(
            this.rules.place,
            message.original?.receivedAt ?? this.now,
            `${message.type}#${index}:${datatype}`,
            {
              ...said,
              machine,
              session,
              seq: place === null ? null : place.seq * PLACES + index + 1,
              path: `${prefix}${said.path}`,
              kind: 'event',
              flags: [...said.flags, ...of.flags],
            },
          ),
        );
    }
    return unknown;
  }

  private word(
    machine: string,
    word: LifecycleWord,
    place: Place | null,
    qualityCode: string | null = null,
    at = this.now,
  ): void {
    const { life } = this.state;
    const session = place?.session ?? (life.kind === 'born' ? life.session : nodeText(this.rules.name));
    const more: Partial<Signal> = { seq: place === null ? null : place.seq * PLACES, qualityCode };
    this.effects.signals.push(lifecycleWord(this.rules.place, at, machine, session, word, more));
  }

  /** A word to all of the node's machines. */
  private words(word: LifecycleWord, qualityCode: string | null = null, at = this.now): void {
    for (const machine of machinesOfNode(this.state, this.rules)) this.word(machine, word, null, qualityCode, at);
  }

  private untilBirth(): number {
    return this.now + Math.max(NODE_LIMITS.awaitBirthMs, 2 * this.rules.rebirthMinIntervalMs);
  }

  private hold(message: NodeMessage, only: readonly number[] | null, seq: number | null = null): void {
    this.effects.count('held');
    // Whoever joins in the middle has missed what was before.
    const older = seq !== null || this.state.life.kind !== 'born';
    this.state = { ...this.state, held: [...this.state.held, { message, only, older, seq, until: this.untilBirth() }] };
    if (this.state.held.length > NODE_LIMITS.held) {
      if (seq !== null) {
        this.goOn();
        return;
      }
      const [oldest] = this.state.held;
      this.giveUp((one) => one === oldest, 'There was no room to keep it until the birth that it needs.');
    }
    this.ask(0);
  }

  /**
   * A birth has come for what waited: told before the snapshot, since it happened before. Where messages before it were
   * missed, the snapshot is what counts, and it is late: stored, and nothing of today follows from it.
   *
   * `birth`: session of the birth; `seq`: its number, where it is a device's, of which a session may have several.
   */
  private release(device: string | null, definitions: Definitions, birth: string, seq: number | null = null): void {
    const mine = this.state.held.filter(({ message }) => message.device === device);
    if (mine.length === 0) return;
    this.state = { ...this.state, held: this.state.held.filter((one) => !mine.includes(one)) };
    // Others have gone by meanwhile, so it is numbered by itself, beside the session that the birth begins.
    const session = fitting(`${birth}/before${device === null ? '' : `/${seq}/${device}`}`);
    const targets = this.targetsOf(device);
    let nth = -1;
    for (const { message, only, older } of mine) {
      const flags: readonly SignalFlag[] = older ? ['late'] : [];
      const { type, original, payload } = message;
      if (type === 'NDATA' || type === 'DDATA') {
        nth = nth < 0 ? (payload.seq ?? 0) : nth + 1 + distance(nth + 1, payload.seq);
        const place = { session, seq: nth };
        const unknown = this.metrics(payload.metrics, definitions, { message, targets, place, flags, only });
        if (unknown.length > 0)
          this.effects.refuse(original, 'unknown_metric', `No birth tells what ${unknown.length} of its metrics are.`);
      }
      this.effects.settled.push(original);
    }
  }

  private giveUp(which: (one: Held) => boolean, why: string): void {
    const gone = this.state.held.filter(which);
    this.state = { ...this.state, held: this.state.held.filter((one) => !gone.includes(one)) };
    for (const { message } of gone) {
      this.effects.refuse(message.original, 'no_birth', why);
      this.effects.settled.push(message.original);
    }
  }

  /** Asks for a rebirth, not before `delayMs` and never more often than the rules say, whatever the reasons. */
  private ask(delayMs: number): void {
    const { dueAt, askedAt } = this.state.rebirth;
    if (!this.rules.mayAsk) return;
    const interval = this.rules.rebirthMinIntervalMs;
    const earliest = Math.max(this.now + delayMs, askedAt === null ? 0 : askedAt + interval);
    const due = earliest + Math.floor((this.random * interval) / 5);
    if (dueAt === null || due < dueAt) this.state = { ...this.state, rebirth: { dueAt: due, askedAt } };
  }

  private isRepeat(message: NodeMessage): boolean {
    if (!this.state.recent.includes(message.digest)) return false;
    this.effects.count('duplicates');
    this.effects.settled.push(message.original);
    return true;
  }

  private remember({ digest }: NodeMessage): void {
    this.state = { ...this.state, recent: [...this.state.recent.slice(1 - NODE_LIMITS.recent), digest] };
  }

  private setDevice(name: string, device: Device | null): void {
    const devices = new Map(this.born.devices);
    if (device === null) devices.delete(name);
    else devices.set(name, device);
    this.life({ ...this.born, devices });
  }

  private get born(): BornLife {
    if (this.state.life.kind !== 'born') throw new Error('the node is not born');
    return this.state.life;
  }

  private life(life: BornLife): void {
    this.state = { ...this.state, life };
  }
}

/** Data at QoS 0: who was not there has not heard them, and nobody sends them again. */
const isUnkept = ({ type, original: { qos } }: NodeMessage): boolean =>
  qos === 0 && (type === 'NDATA' || type === 'DDATA');

/**
 * Session under which a message is numbered: that of the birth where another process that reads the message again counts
 * it alike, else one of this process alone, which no other uses.
 */
const numberingOf = (
  { session, own, exact }: Pick<BornLife, 'session' | 'own' | 'exact'>,
  { original: { qos } }: NodeMessage,
): string => (exact && qos > 0 ? session : fitting(`${session}/${own}`));

const nodeText = ({ group, node }: NodeName): string => fitting(`${group}/${node}`);

const sessionName = (name: NodeName, bdSeq: string | null, born: string): string =>
  fitting(`${name.group}/${name.node}/${bdSeq ?? '-'}/${born}`);

const fitting = (text: string): string =>
  text.length <= SIGNAL_LIMITS.sessionLength ? text : createHash('sha256').update(text).digest('hex');
