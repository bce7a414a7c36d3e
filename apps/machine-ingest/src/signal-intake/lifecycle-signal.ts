import { type LifecycleWord, REMOVED_PATH, type Removal, type Signal } from '@millrace/domain';
import { newSignal } from './new-signal';

/** What all signals of a source have in common. */
export interface SourcePlace {
  readonly tenant: string;
  /** Name of the source. */
  readonly source: string;
  /** What the source speaks. */
  readonly proto: Signal['raw']['proto'];
}

type Place = Pick<Signal, 'tenant' | 'machine' | 'source' | 'session'>;
type MachinePlace = SourcePlace & Place;

const ofIngest = (
  { tenant, machine, source, session, proto }: MachinePlace,
  path: string,
  value: Signal['value'],
  seq: number | null,
  receivedAt: number,
  qualityCode: string | null = null,
): Signal =>
  newSignal({
    tenant,
    machine,
    source,
    session,
    seq,
    path,
    kind: 'lifecycle',
    value,
    type: typeof value === 'object' && value !== null ? 'json' : 'string',
    qualityCode,
    receivedAt,
    clock: 'millrace',
    raw: { proto, ref: path },
  });

/** The source's word about itself: silence becomes a record, so that the rules see it at its place in the log. */
export const lifecycleSignal = (
  place: MachinePlace,
  value: LifecycleWord,
  seq: number | null,
  atMs: number,
  qualityCode: string | null = null,
): Signal => ofIngest(place, '$lifecycle', value, seq, atMs, qualityCode);

/** Positions of a session that are lost for good, both ends included; null where the source cannot say which, or how many. */
export const gapSignal = (
  place: MachinePlace,
  gap: { readonly from: number | null; readonly to: number | null; readonly lost: number | null },
  atMs: number,
): Signal => ofIngest(place, '$gap', { from: gap.from, to: gap.to, lost: gap.lost }, null, atMs);

/** From here on the machine's signals are read by another mapping, {name, version, hash}; null for the built-in one. */
export const configSignal = (
  { tenant, machine }: Pick<Place, 'tenant' | 'machine'>,
  value: Signal['value'],
  atMs: number,
): Signal =>
  ofIngest({ tenant, machine, source: 'millrace', session: '', proto: 'millrace' }, '$config', value, null, atMs);

/** From here on the machine is one that nobody knows, unless it has spoken since the removal was asked for. */
export const removalSignal = (
  { tenant, machine }: Pick<Place, 'tenant' | 'machine'>,
  { heardAt }: Removal,
  atMs: number,
): Signal =>
  ofIngest(
    { tenant, machine, source: 'millrace', session: '', proto: 'millrace' },
    REMOVED_PATH,
    { heardAt },
    null,
    atMs,
  );

/** The passing of time, for a machine that is silent while one of its timers runs. */
export const tickSignal = (place: Place, seq: number | null, atMs: number): Signal =>
  ofIngest({ ...place, proto: 'millrace' }, '$tick', null, seq, atMs);
