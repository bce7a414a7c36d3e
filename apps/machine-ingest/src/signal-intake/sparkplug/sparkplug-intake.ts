import type { LifecycleWord, Signal } from '@millrace/domain';
import { asksForRebirth, decodePayload, messageTopic, parseTopic, rebirthCommand } from '@millrace/sparkplug';
import { lifecycleSignal, type SourcePlace } from '../lifecycle-signal';
import { messageDigest } from '../mqtt/message-digest';
import type { MqttMessage, MqttOutgoing } from '../mqtt/mqtt-connection';
import { type MqttIntake, NOTHING, type Outcome } from '../mqtt/mqtt-intake';
import type { OpenSourceHealth, SourceCursor } from '../source-kind';
import { HostState } from './host-state';
import { MachineRoutes, type NodeName } from './machine-routes';
import { COUNTS, type CountName } from './node-effects';
import { type NodeMessage, type NodeState, newNode } from './node-state';
import { type NodeInput, stepNode } from './node-step';
import { machinesOfNode, type NodeRules } from './node-turn';
import { readSessionCursor, SessionCursor } from './session-cursor';
import { SettledMessages } from './settled-messages';
import type { SparkplugSettings } from './sparkplug-settings';
import { UnansweredRebirths } from './unanswered-rebirths';

/** Edge nodes of one source; what more there are is refused, so that names of anybody do not fill the memory. */
const MOST_NODES = 10_000;
/** A machine that says nothing is told to be alive so often, while its node has not died. */
const ALIVE_MS = 10_000;
/**
 * A broker that speaks MQTT 3.1.1 does not say how many messages it sends without an acknowledgement. When so many are held
 * and nothing has come for so long, nor the birth that was asked for so long ago, it sends no more; and none is known that
 * sends fewer. How many it sends is believed as long as it matters now and then: the line may only have been quiet.
 */
const STUCK = { messages: 10, ms: 3_000, believedMs: 20_000 } as const;

type InputWithoutTime = NodeInput extends infer Input
  ? Input extends NodeInput
    ? Omit<Input, 'now' | 'random'>
    : never
  : never;

/** The edge nodes of a broker: topics and payloads in, signals and rebirth commands out. */
export class SparkplugIntake implements MqttIntake {
  readonly filters: readonly string[];
  readonly cursorFirst = true;
  private readonly routes: MachineRoutes;
  /** In the order in which they spoke last. */
  private readonly nodes: Map<string, NodeState>;
  private readonly names = new Map<string, NodeName>();
  private readonly cursors = new SessionCursor();
  private readonly settled: SettledMessages;
  private readonly host: HostState | null;
  private readonly toldAt = new Map<string, number>();
  private readonly unanswered = new UnansweredRebirths();
  private connected = false;
  /** Messages that are held of QoS 1, and how many may be. */
  private unacknowledged = 0;
  private room: number;
  private relievedAt = 0;
  private heardAt = 0;
  private readonly count: { [name in CountName | 'rebirthsAsked' | 'refused']: number };

  constructor(
    private readonly settings: SparkplugSettings,
    private readonly place: SourcePlace,
    /** Session of what is said of the connection: the client id. */
    private readonly session: string,
    cursor: SourceCursor | null,
    now: number,
    private readonly random: () => number,
    /** Names this process; never the same twice. */
    private readonly process: string,
  ) {
    this.routes = new MachineRoutes(settings.machines);
    this.host = settings.hostId === undefined ? null : new HostState(settings.hostId);
    const filters = this.routes.filters();
    const hostFilter = this.host === null || filters.includes('spBv1.0/#') ? [] : [this.host.topic];
    this.filters = [...filters, ...hostFilter];
    this.nodes = readSessionCursor(cursor, process, now);
    this.settled = new SettledMessages(cursor?.['settled'], settings.inFlight);
    this.room = this.mostRoom;
    for (const key of this.nodes.keys()) {
      const [group, node] = key.split('/') as [string, string];
      this.names.set(key, { group, node });
    }
    this.count = {
      ...Object.fromEntries(COUNTS.map((name) => [name, 0])),
      rebirthsAsked: 0,
      refused: 0,
    } as typeof this.count;
  }

  take(message: MqttMessage): Outcome {
    this.heardAt = message.receivedAt;
    if (message.dup && this.settled.has(message)) {
      this.count.duplicates++;
      return this.noted({ ...NOTHING, settled: [message] });
    }
    return this.noted(this.become(message));
  }

  private noted(outcome: Outcome): Outcome {
    for (const message of outcome.settled) this.settled.note(message);
    return outcome;
  }

  private become(message: MqttMessage): Outcome {
    const topic = parseTopic(message.topic);
    if (topic.kind === 'malformed') return this.refuse(message, 'malformed', topic.detail);
    if (topic.kind === 'state') return this.hostSaid(topic.host, message);
    const { type, group, node, device } = topic;
    const name = { group, node };
    const settled = { ...NOTHING, settled: [message] };
    if (!this.routes.concerns(name)) {
      this.count.unmapped++;
      return settled;
    }
    if (type === 'DCMD') return settled;
    // [tck-id-payloads-*-retain]: none of them may be retained. One that is tells of a past that may be over.
    if (message.retain) {
      this.count.duplicates++;
      return settled;
    }
    if (message.payload.length === 0) return this.refuse(message, 'malformed', 'The payload is empty.');
    const read = decodePayload(message.payload);
    if (read.kind === 'refused') return this.refuse(message, read.code, read.detail);
    const { payload } = read;
    if (type === 'NCMD')
      return this.nodes.has(`${group}/${node}`) && asksForRebirth(payload)
        ? this.outcome(message.receivedAt, name, { kind: 'command' }, [message])
        : settled;
    if (payload.metrics.length === 0 && payload.seq === null && type !== 'DDEATH')
      return this.refuse(message, 'malformed', `A ${type} has metrics; this has none, and no number either.`);
    if (type === 'NDATA' || type === 'DDATA') this.unanswered.heard(name);
    const input: NodeMessage = { type, device, payload, digest: messageDigest(message), original: message };
    return this.outcome(message.receivedAt, name, { kind: 'message', message: input });
  }

  up(now: number, resumed: boolean): Outcome {
    this.connected = true;
    this.heardAt = now;
    const alive = new Set(this.routes.fixed() ?? []);
    const outcomes: Outcome[] = [];
    for (const [key, state] of this.nodes) {
      const rules = this.rulesOf(this.names.get(key)!);
      const isThere = state.life.kind !== 'dead' && !isUnsure(state, rules);
      for (const machine of machinesOfNode(state, rules)) {
        if (isThere) alive.add(machine);
        else alive.delete(machine);
      }
    }
    const words = [...alive].map((machine) => this.word(machine, 'connected', now));
    for (const [key] of this.nodes)
      outcomes.push(this.outcome(now, this.names.get(key)!, { kind: 'reconnected', resumed }));
    // One that was born long ago and has nothing to say is not known before it is asked.
    for (const name of this.routes.namedNodes())
      if (!this.nodes.has(`${name.group}/${name.node}`))
        outcomes.push(this.outcome(now, name, { kind: 'reconnected', resumed }));
    this.tell(words, now);
    const publish = this.host === null ? [] : [this.host.online()];
    return this.noted(joined([{ ...NOTHING, signals: words, publish }, ...outcomes]));
  }

  down(now: number): Outcome {
    this.connected = false;
    const machines = new Set(this.routes.fixed() ?? []);
    for (const [key, state] of this.nodes)
      if (state.life.kind !== 'dead')
        for (const machine of machinesOfNode(state, this.rulesOf(this.names.get(key)!))) machines.add(machine);
    return { ...NOTHING, signals: [...machines].map((machine) => this.word(machine, 'disconnected', now)) };
  }

  tick(now: number): Outcome {
    const outcomes = this.relieveStuck(now);
    for (const [key, state] of this.nodes) {
      const name = this.names.get(key)!;
      if (isDue(state, now)) outcomes.push(this.outcome(now, name, { kind: 'time' }));
      if (this.connected && isInSight(state)) outcomes.push(this.alive(now, name, state));
    }
    return outcomes.length === 0 ? NOTHING : this.noted(joined(outcomes));
  }

  cursor(): SourceCursor {
    return this.cursors.write(this.nodes, this.filters, this.settled);
  }

  counts(): { readonly [name: string]: number } {
    return { ...this.count, nodes: this.nodes.size };
  }

  lastError(): OpenSourceHealth['lastError'] {
    return this.unanswered.lastError;
  }

  held(): number {
    let held = 0;
    for (const { held: waiting, life } of this.nodes.values())
      held += waiting.length + (life.kind === 'born' ? life.waiting.length : 0);
    return held;
  }

  will(now: number): MqttOutgoing | null {
    return this.host?.will(now) ?? null;
  }

  farewell(now: number): MqttOutgoing | null {
    return this.host?.farewell(now) ?? null;
  }

  private relieveStuck(now: number): Outcome[] {
    if (now - this.relievedAt >= STUCK.believedMs) this.room = this.mostRoom;
    if (!this.connected || this.unacknowledged < STUCK.messages || now - this.heardAt < STUCK.ms) return [];
    const mayAsk = this.settings.role !== 'passive';
    const stuck = [...this.nodes].filter(([, state]) => hasWaited(state, mayAsk, now));
    if (stuck.length > 0) this.room = Math.floor(this.unacknowledged / 2);
    return stuck.map(([key, state]) => this.relieve(now, this.names.get(key)!, state));
  }

  private relieve(now: number, name: NodeName, state: NodeState): Outcome {
    this.relievedAt = now;
    return this.step(now, name, state, { kind: 'relieve', now });
  }

  private get mostRoom(): number {
    return Math.ceil(this.settings.inFlight / 2);
  }

  private hostSaid(host: string, message: MqttMessage): Outcome {
    const answer = host === this.settings.hostId ? this.host!.answer(message.payload) : null;
    return { ...NOTHING, settled: [message], publish: answer === null ? [] : [answer] };
  }

  /** The node has not died and the broker is there: that is a sign of life of a machine that has nothing to say. */
  private alive(now: number, name: NodeName, state: NodeState): Outcome {
    const quiet = machinesOfNode(state, this.rulesOf(name)).filter(
      (machine) => now - (this.toldAt.get(machine) ?? 0) >= ALIVE_MS,
    );
    if (quiet.length === 0) return NOTHING;
    const signals = quiet.map((machine) => this.word(machine, 'alive', now));
    this.tell(signals, now);
    return { ...NOTHING, signals };
  }

  private outcome(
    now: number,
    name: NodeName,
    what: InputWithoutTime,
    settledToo: readonly MqttMessage[] = [],
  ): Outcome {
    const key = `${name.group}/${name.node}`;
    const known = this.nodes.get(key);
    if (known === undefined && this.nodes.size >= MOST_NODES && what.kind === 'message')
      return this.refuse(what.message.original, 'too_many_nodes', `This source has ${MOST_NODES} edge nodes already.`);
    const input = { ...what, now, random: this.random() } as NodeInput;
    const outcomes = [this.step(now, name, known ?? newNode, input)];
    const state = this.nodes.get(key)!;
    // What is held is not acknowledged. Of QoS 1 messages (the specification wants QoS 0) the broker would send no more when
    // all that may be in flight is held, and with them not the birth that is waited for.
    if (this.unacknowledged >= this.room && unacknowledgedOf(state) > 0) outcomes.push(this.relieve(now, name, state));
    return joined([...outcomes, { ...NOTHING, settled: settledToo }]);
  }

  private step(now: number, name: NodeName, before: NodeState, input: NodeInput): Outcome {
    const key = `${name.group}/${name.node}`;
    const { state, effects } = stepNode(before, input, this.rulesOf(name));
    if (state.held !== before.held) this.unacknowledged += unacknowledgedOf(state) - unacknowledgedOf(before);
    // The one that spoke last is at the end.
    if (input.kind === 'message') this.nodes.delete(key);
    this.nodes.set(key, state);
    this.names.set(key, name);
    return this.told(effects, name, now);
  }

  private told(effects: ReturnType<typeof stepNode>['effects'], name: NodeName, now: number): Outcome {
    for (const [count, by] of Object.entries(effects.counts)) this.count[count as CountName] += by;
    this.count.refused += effects.refused.length;
    this.tell(effects.signals, now);
    const { births = 0, rebirths = 0, deaths = 0 } = effects.counts;
    if (births + rebirths + deaths > 0) this.unanswered.over(name);
    if (!effects.rebirth) return { ...effects, publish: [] };
    this.count.rebirthsAsked++;
    this.unanswered.asked(name, now);
    const command = {
      topic: messageTopic('NCMD', name.group, name.node),
      payload: rebirthCommand(now),
      qos: 0,
      retain: false,
    } as const;
    return { ...effects, publish: [command] };
  }

  /** What is said of the connection. */
  private word(machine: string, word: LifecycleWord, now: number): Signal {
    return lifecycleSignal({ ...this.place, machine, session: this.session }, word, null, now);
  }

  private tell(signals: readonly Signal[], now: number): void {
    for (const { machine } of signals) this.toldAt.set(machine, now);
  }

  private refuse(message: MqttMessage, code: string, detail: string): Outcome {
    this.count.refused++;
    const { topic, payload, receivedAt } = message;
    const line = { session: topic.slice(0, 200), bytes: payload, code, detail, at: receivedAt };
    return { ...NOTHING, refused: [line], settled: [message] };
  }

  private rulesOf(name: NodeName): NodeRules {
    const { role, rebirthMinIntervalMs, reorderTimeoutMs } = this.settings;
    const { place, routes, process } = this;
    return { name, place, routes, process, mayAsk: role !== 'passive', rebirthMinIntervalMs, reorderTimeoutMs };
  }
}

const joined = (outcomes: readonly Outcome[]): Outcome => ({
  signals: outcomes.flatMap(({ signals }) => signals),
  refused: outcomes.flatMap(({ refused }) => refused),
  settled: outcomes.flatMap(({ settled }) => settled),
  publish: outcomes.flatMap(({ publish }) => publish),
});

const unacknowledgedOf = ({ held }: NodeState): number =>
  held.reduce((count, { message }) => (message.original.qos > 0 ? count + 1 : count), 0);

/** Of QoS 1 messages that it holds, the birth was asked for, and could have come; where nobody may ask, none is on its way. */
const hasWaited = ({ held, rebirth: { askedAt } }: NodeState, mayAsk: boolean, now: number): boolean => {
  const oldest = held.find(({ message }) => message.original.qos > 0)?.message.original;
  if (oldest === undefined) return false;
  return !mayAsk || (askedAt !== null && askedAt >= oldest.receivedAt && now - askedAt >= STUCK.ms);
};

/** Its next message, or the birth that it is asked for, tells whether it was in sight all the time. */
const isUnsure = ({ life }: NodeState, { mayAsk }: NodeRules): boolean =>
  life.kind === 'born' && (life.missed !== null || (mayAsk && life.resumed));

/** Its silence means that it has nothing to say. */
const isInSight = ({ life, rebirth }: NodeState): boolean =>
  life.kind === 'born' && life.doubtUntil === null && life.missed === null && !(life.resumed && rebirth.dueAt !== null);

/** Whether time alone brings something about. */
const isDue = ({ life, held, rebirth }: NodeState, now: number): boolean => {
  const due = (at: number | null | undefined) => at !== null && at !== undefined && at <= now;
  if (due(rebirth.dueAt) || due(held[0]?.until)) return true;
  if (life.kind !== 'born') return false;
  if (due(life.waitUntil) || due(life.doubtUntil) || due(life.missed?.until)) return true;
  for (const device of life.devices.values()) if (device.kind === 'awaited' && device.until <= now) return true;
  return false;
};
