import { SIGNAL_LIMITS, type Signal, type SignalFlag, type SignalType } from '@millrace/domain';
import { type DatatypeName, datatypeName, type MetricValue, readValue, type WireMetric } from '@millrace/sparkplug';
import { engineeringUnit } from './engineering-unit';

/** What a BIRTH says of a metric, for the DATA that come after it. */
export interface MetricDefinition {
  readonly name: string;
  /** Null where the birth says none either. */
  readonly datatype: number | null;
  readonly unit: string | null;
}

/** The metrics that an edge node or a device was born with. */
export interface Definitions {
  readonly byName: ReadonlyMap<string, MetricDefinition>;
  readonly byAlias: ReadonlyMap<string, MetricDefinition>;
}

export const NO_DEFINITIONS: Definitions = { byName: new Map(), byAlias: new Map() };

export const definitionsOf = (metrics: readonly WireMetric[]): Definitions => {
  const byName = new Map<string, MetricDefinition>();
  const byAlias = new Map<string, MetricDefinition>();
  for (const metric of metrics) {
    if (metric.name === null) continue;
    const definition = { name: metric.name, datatype: metric.datatype, unit: unitOf(metric) };
    byName.set(metric.name, definition);
    if (metric.alias !== null) byAlias.set(metric.alias, definition);
  }
  return { byName, byAlias };
};

/** The members of a signal that a metric gives. */
export type SignalOfMetric = Pick<
  Signal,
  'path' | 'value' | 'type' | 'unit' | 'quality' | 'qualityCode' | 'sourceTs' | 'flags' | 'clock'
> & { readonly datatype: string };

export type MetricReading =
  | { readonly kind: 'signal'; readonly signal: SignalOfMetric }
  /** Part of Sparkplug itself, and no signal of a machine: bdSeq, controls, definitions of templates. */
  | { readonly kind: 'control' }
  /** An alias without a name, or a name without a datatype: only a birth tells. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly detail: string };

/** `stamp`: time of the payload, Unix ms, for a metric without one. */
export const readMetric = (metric: WireMetric, definitions: Definitions, stamp: number | null): MetricReading => {
  const known =
    (metric.name === null ? undefined : definitions.byName.get(metric.name)) ??
    (metric.alias === null ? undefined : definitions.byAlias.get(metric.alias));
  const name = metric.name ?? known?.name;
  if (name === undefined) return { kind: 'unknown' };
  if (isControl(name, metric)) return { kind: 'control' };
  if (name === '' || name.length > SIGNAL_LIMITS.pathLength - NODE_PREFIX.length || name.startsWith('$'))
    return {
      kind: 'refused',
      detail: `A metric's name is 1 to ${SIGNAL_LIMITS.pathLength - NODE_PREFIX.length} characters and does not begin with $: ${JSON.stringify(name.slice(0, 64))}.`,
    };
  const datatype = metric.datatype ?? known?.datatype ?? null;
  if (datatypeName(datatype) === null && !metric.isNull && metric.value !== null) return { kind: 'unknown' };
  const at = metric.timestamp ?? stamp;
  return {
    kind: 'signal',
    signal: {
      path: name,
      unit: unitOf(metric) ?? known?.unit ?? null,
      sourceTs: at === null ? null : new Date(at).toISOString(),
      clock: 'device',
      datatype: datatypeName(datatype) ?? 'Unknown',
      ...said(metric, datatype, known?.datatype ?? null),
    },
  };
};

/** Stands before the names of an edge node's own metrics where the machine is a device of it. */
export const NODE_PREFIX = 'node:';

const isControl = (name: string, metric: WireMetric): boolean =>
  name === 'bdSeq' ||
  name.startsWith('Node Control/') ||
  name.startsWith('Device Control/') ||
  (metric.value?.field === 'template' && metric.value.value.isDefinition);

const unitOf = ({ properties }: WireMetric): string | null => {
  const value = properties.get('engUnit')?.value;
  return value?.field === 'string' ? engineeringUnit(value.value) : null;
};

type Said = Pick<Signal, 'value' | 'type' | 'quality' | 'qualityCode' | 'flags'>;

const said = (metric: WireMetric, datatype: number | null, declared: number | null): Said => {
  const flags: SignalFlag[] = metric.isHistorical ? ['historical'] : [];
  const type = signalType(datatypeName(datatype));
  const nothing = (qualityCode: string, more: SignalFlag[] = []): Said => ({
    value: null,
    type,
    quality: 'bad',
    qualityCode,
    flags: [...flags, ...more],
  });
  if (metric.isNull || metric.value === null) return nothing('spb:null');
  const read = readValue(metric.value, datatype);
  if (read.kind === 'not_finite') return nothing('spb:not_finite');
  // The field contradicts the only datatype that there is: the sender means another one than it was born with.
  if (read.kind === 'misfit') return nothing('spb:misfit', ['type_changed']);
  if (sizeOf(read.value) > SIGNAL_LIMITS.valueLength) return nothing('spb:too_large');
  const changed = declared !== null && declared !== datatype;
  return {
    value: read.value,
    type: changed && holds(datatypeName(declared), read.value) ? signalType(datatypeName(declared)) : type,
    ...quality(metric),
    flags: changed ? [...flags, 'type_changed'] : flags,
  };
};

/** The property `Quality` (Sparkplug 3.0, 6.4.22.2): 0 bad, 192 good, 500 stale. */
const quality = ({ properties }: WireMetric): Pick<Signal, 'quality' | 'qualityCode'> => {
  const property = properties.get('Quality');
  const read = property?.value ? readValue(property.value, property.datatype ?? 3) : null;
  if (read?.kind !== 'value' || read.value === 192) return { quality: 'good', qualityCode: null };
  const qualityCode = `spb:quality-${String(read.value).slice(0, 32)}`;
  return { quality: read.value === 500 ? 'stale' : read.value === 0 ? 'bad' : 'uncertain', qualityCode };
};

const sizeOf = (value: MetricValue): number =>
  typeof value === 'string' ? value.length : typeof value === 'object' ? JSON.stringify(value).length : 0;

/** Whether a value can be one of this datatype as it is. */
const holds = (name: DatatypeName | null, value: MetricValue): boolean => {
  switch (signalType(name)) {
    case 'int64':
      return typeof value === 'number' && Number.isInteger(value);
    case 'uint64':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0;
    case 'double':
      return typeof value === 'number';
    case 'float':
      return typeof value === 'number' && Math.fround(value) === value;
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    default:
      return false;
  }
};

const signalType = (name: DatatypeName | null): SignalType => {
  switch (name) {
    case 'Int8':
    case 'Int16':
    case 'Int32':
    case 'Int64':
      return 'int64';
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
    case 'UInt64':
      return 'uint64';
    case 'Float':
      return 'float';
    case 'Double':
      return 'double';
    case 'Boolean':
      return 'bool';
    case 'DateTime':
      return 'datetime';
    case null:
    case 'String':
    case 'Text':
    case 'UUID':
    case 'Bytes':
    case 'File':
      return 'string';
    default:
      return 'json';
  }
};
