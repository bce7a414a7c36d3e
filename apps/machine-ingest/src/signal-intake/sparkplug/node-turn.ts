import type { LifecycleWord } from '@millrace/domain';
import { lifecycleSignal, type SourcePlace } from '../lifecycle-signal';
import type { MachineRoutes, NodeName } from './machine-routes';
import { NodeEffects } from './node-effects';
import { nodeText, numberingOf } from './node-sessions';
import { type BornLife, type Device, NODE_LIMITS, type NodeMessage, type NodeState, type Place } from './node-state';

/** What a step goes by, beside the state and the input. */
export interface NodeRules {
  readonly name: NodeName;
  readonly place: SourcePlace;
  readonly routes: MachineRoutes;
  /** Names the process that listens; never the same twice. */
  readonly process: string;
  /** Role `active` or `primary`. */
  readonly mayAsk: boolean;
  readonly rebirthMinIntervalMs: number;
  readonly reorderTimeoutMs: number;
}

/**
 * Each message has 65,536 places in the numbering of its session: 0 for the lifecycle, 1 and up for its metrics. So one
 * window of duplicates is enough for a machine however many metrics a message has, and a message that is read again after
 * a restart, with the same number, has the same places.
 */
export const PLACES = 65_536;

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

/** One input to an edge node under way: the state as it becomes, and what there is to say. It lives no longer than a step. */
export class NodeTurn {
  readonly effects = new NodeEffects();

  constructor(
    public state: NodeState,
    readonly rules: NodeRules,
    /** Unix ms. */
    readonly now: number,
    private readonly random: number,
  ) {}

  get born(): BornLife {
    if (this.state.life.kind !== 'born') throw new Error('the node is not born');
    return this.state.life;
  }

  change(life: Partial<BornLife>): void {
    this.state = { ...this.state, life: { ...this.born, ...life } };
  }

  setDevice(name: string, device: Device | null): void {
    const devices = new Map(this.born.devices);
    if (device === null) devices.delete(name);
    else devices.set(name, device);
    this.change({ devices });
  }

  get machines(): string[] {
    return machinesOfNode(this.state, this.rules);
  }

  placeOf(message: NodeMessage, seq: number): Place {
    return { session: numberingOf(this.born, message), seq };
  }

  word(
    machine: string,
    word: LifecycleWord,
    place: Place | null,
    qualityCode: string | null = null,
    at = this.now,
  ): void {
    const { life } = this.state;
    const session = place?.session ?? (life.kind === 'born' ? life.session : nodeText(this.rules.name));
    const seq = place === null ? null : place.seq * PLACES;
    this.effects.signals.push(lifecycleSignal({ ...this.rules.place, machine, session }, word, seq, at, qualityCode));
  }

  /** A word to all of the node's machines. */
  words(word: LifecycleWord, qualityCode: string | null = null, at = this.now): void {
    for (const machine of this.machines) this.word(machine, word, null, qualityCode, at);
  }

  /** Asks for a rebirth, not before `delayMs` and never more often than the rules say, whatever the reasons. */
  ask(delayMs: number): void {
    const { dueAt, askedAt } = this.state.rebirth;
    if (!this.rules.mayAsk) return;
    const interval = this.rules.rebirthMinIntervalMs;
    const earliest = Math.max(this.now + delayMs, askedAt === null ? 0 : askedAt + interval);
    const due = earliest + Math.floor((this.random * interval) / 5);
    if (dueAt === null || due < dueAt) this.state = { ...this.state, rebirth: { dueAt: due, askedAt } };
  }

  /** There is no reason to ask any more. */
  askNot(): void {
    this.state = { ...this.state, rebirth: { ...this.state.rebirth, dueAt: null } };
  }

  /** It has been asked, by us or by another host. */
  asked(): void {
    this.state = { ...this.state, rebirth: { dueAt: null, askedAt: this.now } };
  }

  /** Until when a birth that is asked for is waited for. */
  get untilBirth(): number {
    return this.now + Math.max(NODE_LIMITS.awaitBirthMs, 2 * this.rules.rebirthMinIntervalMs);
  }

  isRepeat(message: NodeMessage): boolean {
    if (!this.state.recent.includes(message.digest)) return false;
    this.effects.count('duplicates');
    this.effects.settled.push(message.original);
    return true;
  }

  remember({ digest }: NodeMessage): void {
    this.state = { ...this.state, recent: [...this.state.recent.slice(1 - NODE_LIMITS.recent), digest] };
  }
}
