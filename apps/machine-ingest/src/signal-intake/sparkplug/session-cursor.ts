import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CURSOR_BYTES, fitting, jsonBytes } from '../cursor-room';
import type { SourceCursor } from '../source-kind';
import { type Definitions, type MetricDefinition, NO_DEFINITIONS } from './metric-reading';
import { type BornLife, type Device, type Held, NODE_LIMITS, type NodeState, newNode } from './node-state';
import { type SettledMessages, shortDigest } from './settled-messages';

/**
 * What a successor needs to go on without a rebirth: where each edge node's numbers stand, and what its metrics are called.
 * The names of many nodes are larger than a cursor may be; those that do not fit are asked for again by a rebirth.
 */
type StoredNode = StoredLife | { readonly key: string; readonly dead: true };

interface StoredLife {
  readonly key: string;
  readonly session: string;
  readonly bdSeq: string | null;
  readonly next: number;
  readonly lastMs: number | null;
  /** As {@link NodeState.newestBirth}. */
  readonly newestBirth?: number;
  /** When it was heard last, Unix ms. */
  readonly heardAt?: number;
  /** It has to be born again before its data are believed. */
  readonly missed?: true;
  /** Data of it came at QoS 0, or the broker lost what it would have sent again. */
  readonly inexact?: true;
  /** As {@link BornLife.elder}. */
  readonly elder?: { readonly untilMs: number | null };
  /** It may be dead. */
  readonly doubted?: true;
  /** When it was asked last to be born again, Unix ms. */
  readonly askedAt?: number;
  /** It was waited for to be born. */
  readonly owed?: true;
  /** What waited for that and will come again: digest, number, and 1 where it is history without having a number. */
  readonly held?: ReadonlyArray<readonly [string, number | null, 1?]>;
  /** Deflated definitions of the node and its devices, base64; null where there was no room. */
  readonly names: string | null;
}

/** What is left of a cursor beside the names of its members. */
const MOST_BYTES = CURSOR_BYTES - 1_024;
/** A filter that there is no room for is not left when the settings drop it, and what it brings is not mapped. */
const FILTER_BYTES = 28 * 1024;
const MOST_INFLATED = 16 * 1024 * 1024;

/** Keeps the packed names of a node as long as it is not born again. */
export class SessionCursor {
  private readonly packed = new WeakMap<
    Definitions,
    { readonly devices: BornLife['devices']; readonly names: string }
  >();

  /** `nodes`: the one that spoke last at the end. */
  write(
    nodes: Iterable<readonly [string, NodeState]>,
    filters: readonly string[],
    settled: SettledMessages,
  ): SourceCursor {
    const all = [...nodes].reverse();
    const born = all.flatMap(([key, state]) => (state.life.kind === 'born' ? [[key, state.life, state] as const] : []));
    const dead = all.flatMap(([key, { life }]) => (life.kind === 'dead' ? [{ key, dead: true } as const] : []));
    const kept = fitting(filters, FILTER_BYTES);
    const done = settled.stored();
    let room = MOST_BYTES - jsonBytes(kept) - done.length;
    const stored: StoredLife[] = [];
    for (const [key, life, { held, heldBefore, rebirth, newestBirth }] of born) {
      const { session, bdSeq, next, lastMs, heardAt, missed, exact, elder, doubtUntil, owed } = life;
      const more = {
        ...(newestBirth === null ? {} : { newestBirth }),
        ...(missed === null ? {} : { missed: true as const }),
        ...(exact ? {} : { inexact: true as const }),
        ...(elder === null ? {} : { elder }),
        ...(doubtUntil === null ? {} : { doubted: true as const }),
        ...(rebirth.askedAt === null ? {} : { askedAt: rebirth.askedAt }),
        ...(owed || held.length + heldBefore.size > 0 ? { owed: true as const } : {}),
        ...comesAgain(held, heldBefore),
      };
      const bare: StoredLife = { key, session, bdSeq, next, lastMs, heardAt, ...more, names: null };
      room -= jsonBytes(bare) + 1;
      if (room < 0) break;
      stored.push(bare);
    }
    for (const [index, bare] of stored.entries()) {
      const names = this.namesOf(born[index]![1]);
      if (names.length > room) continue;
      room -= names.length;
      stored[index] = { ...bare, names };
    }
    const deadNodes = dead.filter(({ key }) => {
      room -= jsonBytes({ key, dead: true }) + 1;
      return room >= 0;
    });
    return { v: 1, filters: kept, settled: done, nodes: [...stored, ...deadNodes] };
  }

  private namesOf(life: BornLife): string {
    const known = this.packed.get(life.definitions);
    if (known !== undefined && known.devices === life.devices) return known.names;
    const devices = [...life.devices].map(([name, device]) => [
      name,
      device.kind === 'born' ? listOf(device.definitions) : null,
    ]);
    const names = deflateRawSync(JSON.stringify([listOf(life.definitions), devices])).toString('base64');
    this.packed.set(life.definitions, { devices: life.devices, names });
    return names;
  }
}

/** The broker sends again what is held of QoS 1, and what a predecessor held and has not come again yet. */
const comesAgain = (held: readonly Held[], heldBefore: NodeState['heldBefore']): Pick<StoredLife, 'held'> => {
  const kept = held.filter(({ message }) => message.original.qos > 0);
  const list = [...heldBefore, ...kept.map((one) => [shortDigest(one.message.digest), one] as const)].map(
    ([digest, { seq, older }]) => (older && seq === null ? ([digest, seq, 1] as const) : ([digest, seq] as const)),
  );
  return list.length === 0 ? {} : { held: list };
};

/** The nodes of a predecessor; of a cursor that is not ours, none. `process`: of who takes over. */
export const readSessionCursor = (
  cursor: SourceCursor | null,
  process: string,
  now: number,
): Map<string, NodeState> => {
  const nodes = new Map<string, NodeState>();
  if (cursor?.['v'] !== 1 || !Array.isArray(cursor['nodes'])) return nodes;
  for (const stored of (cursor['nodes'] as StoredNode[]).toReversed()) {
    if ('dead' in stored) {
      nodes.set(stored.key, { ...newNode, life: { kind: 'dead' } });
      continue;
    }
    const { key, session, bdSeq, next, lastMs } = stored;
    const names = stored.names === null ? null : inflated(stored.names);
    const life: BornLife = {
      kind: 'born',
      session,
      own: process,
      // A cursor without what is done with was not stored before its acknowledgements: it is not known how many went by.
      exact: stored.inexact !== true && cursor['settled'] !== undefined,
      bdSeq,
      next,
      lastMs,
      heardAt: stored.heardAt ?? now,
      resumed: true,
      owed: stored.owed === true,
      missed: stored.missed === true ? { until: now + NODE_LIMITS.awaitBirthMs } : null,
      elder: stored.elder ?? null,
      // From when its broker is there: until then nobody can have heard of it.
      doubtUntil: stored.doubted === true ? Number.POSITIVE_INFINITY : null,
      definitions: names === null ? { ...NO_DEFINITIONS } : definitionsIn(names[0]),
      birth: null,
      told: new Set(),
      devices: new Map(names === null ? [] : names[1].map(([name, list]) => [name, deviceIn(list, now)] as const)),
      waiting: [],
      waitUntil: null,
    };
    const rebirth = { dueAt: null, askedAt: stored.askedAt ?? null };
    const newestBirth = stored.newestBirth ?? null;
    const heldBefore = new Map(
      (stored.held ?? []).map(([digest, seq, older]) => [digest, { seq, older: seq !== null || older === 1 }] as const),
    );
    nodes.set(key, { ...newNode, life, rebirth, newestBirth, heldBefore });
  }
  return nodes;
};

/** [name, datatype, unit, alias] of each metric. */
type Listed = ReadonlyArray<readonly [string, number | null, string | null, string | null]>;
type Names = readonly [Listed, ReadonlyArray<readonly [string, Listed | null]>];

const listOf = ({ byName, byAlias }: Definitions): Listed => {
  const aliases = new Map([...byAlias].map(([alias, { name }]) => [name, alias]));
  return [...byName.values()].map(({ name, datatype, unit }) => [name, datatype, unit, aliases.get(name) ?? null]);
};

const inflated = (names: string): Names =>
  JSON.parse(
    inflateRawSync(Buffer.from(names, 'base64'), { maxOutputLength: MOST_INFLATED }).toString('utf8'),
  ) as Names;

const definitionsIn = (listed: Listed): Definitions => {
  const byName = new Map<string, MetricDefinition>();
  const byAlias = new Map<string, MetricDefinition>();
  for (const [name, datatype, unit, alias] of listed) {
    const definition = { name, datatype, unit };
    byName.set(name, definition);
    if (alias !== null) byAlias.set(alias, definition);
  }
  return { byName, byAlias };
};

const deviceIn = (listed: Listed | null, now: number): Device =>
  listed === null ? { kind: 'awaited', until: now + 10_000 } : { kind: 'born', definitions: definitionsIn(listed) };
