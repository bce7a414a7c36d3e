import { bdSeqOf } from '@millrace/sparkplug';
import { awaited, tellNode } from './device-life';
import { release } from './held-messages';
import { distance } from './message-order';
import { definitionsOf } from './metric-reading';
import { besides, numberingOf, sessionName } from './node-sessions';
import type { BornLife, Held, NodeMessage } from './node-state';
import type { NodeTurn } from './node-turn';
import { endWaiting, takeNumbered } from './numbered-messages';

/** An NBIRTH. */
export const nodeBirth = (turn: NodeTurn, message: NodeMessage): void => {
  if (turn.isRepeat(message)) return;
  turn.remember(message);
  const { rules, now } = turn;
  const { payload, original } = message;
  const bdSeq = bdSeqOf(payload);
  const stamp = payload.timestamp;
  const early = takeEarly(turn, stamp);
  const before = turn.state.life;
  const same = before.kind === 'born' && before.bdSeq === bdSeq;
  const seq = payload.seq ?? 0;
  const session = sessionName(rules.name, bdSeq, stamp === null ? message.digest : String(stamp));
  const own = `${rules.process}.${now.toString(36)}`;
  const exact = isNews(turn, stamp) || (before.kind === 'born' && before.resumed && before.session === session);
  const place = { session: numberingOf({ session, own, exact }, message), seq };
  const life: BornLife = {
    kind: 'born',
    session,
    own,
    exact,
    bdSeq,
    next: seq + 1,
    lastMs: stamp,
    heardAt: now,
    resumed: false,
    owed: false,
    missed: null,
    elder: same ? elderOf(turn, before) : null,
    doubtUntil: null,
    definitions: definitionsOf(payload.metrics),
    birth: { metrics: payload.metrics, place, stamp },
    told: new Set(),
    devices: awaited(turn, before.kind === 'born' ? before.devices : new Map()),
    waiting: [],
    waitUntil: null,
  };
  const newestBirth = Math.max(stamp ?? Number.NEGATIVE_INFINITY, turn.state.newestBirth ?? Number.NEGATIVE_INFINITY);
  turn.state = {
    ...turn.state,
    life,
    // Their numbers are of the session before.
    held: turn.state.held.map((one) => (one.seq === null ? one : { ...one, seq: null })),
    heldBefore: new Map(),
    newestBirth: Number.isFinite(newestBirth) ? newestBirth : null,
  };
  turn.askNot();
  turn.effects.count(same ? 'rebirths' : 'births');
  const itself = rules.routes.ofNode(rules.name);
  if (itself !== null && before.kind !== 'born') turn.word(itself, 'birth', place);
  release(turn, null, life.definitions, place.session);
  for (const machine of turn.machines) tellNode(turn, machine, place);
  turn.effects.settled.push(original);
  for (const one of early) takeNumbered(turn, one);
};

/**
 * Whether no birth that was heard is as young. Else the node's clock was set, or its broker sends again without saying so;
 * then what came in between may have been told under numbers that this birth's messages come with.
 */
const isNews = ({ state: { newestBirth } }: NodeTurn, stamp: number | null): boolean =>
  stamp === null || newestBirth === null || stamp > newestBirth;

/**
 * A cluster of brokers may bring the first data of a session before its birth: by their stamps they belong to it. All else
 * that waited is of the life before, and ends with it. `stamp`: of the birth.
 */
const takeEarly = (turn: NodeTurn, stamp: number | null): NodeMessage[] => {
  const former = turn.state.life;
  const { mayAsk } = turn.rules;
  const ofThis = (one: NodeMessage) =>
    stamp !== null && one.payload.timestamp !== null && one.payload.timestamp >= stamp;
  const earlyHeld = stamp === null ? new Set<Held>() : heldOfThis(turn, stamp);
  const early = [
    ...(former.kind === 'born' ? former.waiting.map((one) => one.message).filter(ofThis) : []),
    ...[...earlyHeld].map((one) => one.message),
  ];
  turn.state = { ...turn.state, held: turn.state.held.filter((one) => !earlyHeld.has(one)) };
  if (former.kind === 'born') {
    const waiting = former.waiting.filter((one) => !ofThis(one.message));
    // The birth that is there tells what they stand at.
    const missed = mayAsk ? (former.missed ?? { until: turn.now }) : null;
    turn.change({ waiting, waitUntil: null, missed });
    endWaiting(turn);
    if (former.missed !== null || (former.resumed && mayAsk)) turn.words('connected');
  }
  return early;
};

/**
 * What is held and belongs to the session of a birth. A stamp that is that of the birth may be from just before it: of a
 * message that came in its turn in a life that was known, or follows in its number one that is older than the birth.
 */
const heldOfThis = ({ state: { held, life } }: NodeTurn, stamp: number): Set<Held> => {
  const early = new Set<Held>();
  let before: Held | null = null;
  for (const one of held) {
    const { timestamp, seq } = one.message.payload;
    const follows = before !== null && seq !== null && distance(seq, before.message.payload.seq) === 255;
    const isOlder =
      timestamp === null || timestamp < stamp || (timestamp === stamp && (life.kind === 'born' || follows));
    if (one.only === null && !isOlder) early.add(one);
    else before = one;
  }
  return early;
};

/** The death of the MQTT session before, where it had the same bdSeq and its death is still to come. */
const elderOf = ({ state, rules, now }: NodeTurn, before: BornLife): BornLife['elder'] => {
  const { askedAt } = state.rebirth;
  const answered = askedAt !== null && now - askedAt <= 3 * rules.rebirthMinIntervalMs;
  // A birth that was asked for is of the same MQTT session. One that was not may be of a node that counts from 0 again.
  return answered ? before.elder : { untilMs: before.lastMs };
};

/** An NDEATH. */
export const nodeDeath = (turn: NodeTurn, message: NodeMessage): void => {
  const { life } = turn.state;
  const { payload, original } = message;
  turn.effects.settled.push(original);
  if (life.kind === 'dead') return;
  if (life.kind === 'unknown') {
    die(turn);
    return;
  }
  // It goes with the birth of the same number, and with none that came after it.
  if (bdSeqOf(payload) !== life.bdSeq) {
    turn.effects.count('lateDeaths');
    return;
  }
  const { elder } = life;
  const stamp = payload.timestamp ?? payload.metrics[0]?.timestamp ?? null;
  if (elder === null || (stamp !== null && elder.untilMs !== null && stamp > elder.untilMs)) {
    die(turn);
    return;
  }
  turn.effects.count('lateDeaths');
  turn.change({ elder: null, doubtUntil: doubtUntil(turn) });
  turn.ask(0);
};

/** A node that can be made to speak, and says nothing until then, is dead. */
export const doubtUntil = ({ rules: { mayAsk, rebirthMinIntervalMs }, now }: NodeTurn): number =>
  mayAsk ? now + 2 * rebirthMinIntervalMs + 10_000 : Number.POSITIVE_INFINITY;

export const die = (turn: NodeTurn): void => {
  const { life } = turn.state;
  turn.effects.count('deaths');
  if (life.kind === 'born') {
    turn.change({ waitUntil: null });
    endWaiting(turn);
  }
  // A life ends once: a successor that hears of it again says the same.
  const place = life.kind === 'born' ? { session: besides(life.session, 'death'), seq: 0 } : null;
  for (const machine of turn.machines) turn.word(machine, 'death', place, 'spb:NDEATH');
  turn.state = { ...turn.state, life: { kind: 'dead' }, heldBefore: new Map() };
  turn.askNot();
};
