/** One observation of a machine, as a source gave it: the raw fact from which events are folded. Topic `signals`. */
export interface Signal {
  readonly v: 1;
  readonly tenant: string;
  readonly machine: string;
  /** Configured connector that read it, for example `shdr:mazak-01`. */
  readonly source: string;
  /** Life of the source's numbering: a connection, a file's hash, an agent's instance. */
  readonly session: string;
  /** Position within the session; null where the source numbers nothing. */
  readonly seq: number | null;
  /** Position inside one message, where one `seq` carries several observations. */
  readonly idx?: number;
  /** Name of the data item, or `$lifecycle` (value one of LIFECYCLE_WORDS), `$gap`, `$config`, `$removed` or `$tick`. */
  readonly path: string;
  readonly kind: 'sample' | 'event' | 'condition' | 'lifecycle';
  /** Integers above 2^53 and decimals travel as text; NaN and infinities are null with bad quality. */
  readonly value: number | string | boolean | null | { readonly [name: string]: unknown };
  readonly type: SignalType;
  /** UCUM, for example `[in_i]`, `mm`, `s`. */
  readonly unit: string | null;
  readonly quality: SignalQuality;
  /** For example `mtc:UNAVAILABLE`. */
  readonly qualityCode: string | null;
  /** The device's or agent's stamp exactly as it came, RFC 3339. */
  readonly sourceTs: string | null;
  readonly serverTs: string | null;
  /** When Millrace received it, RFC 3339; a recording is received at its own pace, so this is its logical clock. */
  readonly receiveTs: string;
  /** Evaluation time, RFC 3339. The fold raises it to the highest seen, so timers never run backwards. */
  readonly at: string;
  /** Who stamped `sourceTs`: stamps of two clocks are never subtracted. */
  readonly clock: string;
  readonly flags: readonly SignalFlag[];
  /** `millrace`: no source said it (`$config`, `$removed`, `$tick`). */
  readonly raw: {
    readonly proto: 'spb' | 'mqtt' | 'ua' | 'mtc' | 'modbus' | 'http' | 'file' | 'millrace';
    readonly ref: string;
  };
}

export const SIGNAL_TYPES = [
  'bool',
  'int64',
  'uint64',
  'double',
  'float',
  'string',
  'datetime',
  'json',
  'condition',
] as const;
export type SignalType = (typeof SIGNAL_TYPES)[number];

export const SIGNAL_QUALITIES = ['good', 'uncertain', 'bad', 'stale'] as const;
export type SignalQuality = (typeof SIGNAL_QUALITIES)[number];

export const SIGNAL_FLAGS = [
  'snapshot',
  'historical',
  'late',
  'duplicate',
  'overflow',
  'gap',
  'clock_suspect',
  'type_changed',
] as const;
export type SignalFlag = (typeof SIGNAL_FLAGS)[number];

/** Value of a signal of kind `condition`. */
export interface ConditionValue {
  readonly level: ConditionLevel;
  /** The controller's own code, kept as text (`8100004F`); empty where it has none. */
  readonly nativeCode: string;
  readonly nativeSeverity: string;
  readonly qualifier: string;
  readonly text: string;
  /**
   * Of one activation, where the machine names each (MTConnect 2.3): the same from its Warning or Fault to its Normal, whatever
   * code comes with it, and no other that stands has it. Absent where the code is all there is.
   */
  readonly conditionId?: string;
  /** Given where the signal tells what was done to the alarm (OPC 10000-9) and not that it came or went. */
  readonly action?: ConditionAction;
}

export const CONDITION_ACTIONS = [
  'acknowledged',
  'confirmed',
  'shelved',
  'unshelved',
  'suppressed',
  'unsuppressed',
] as const;
export type ConditionAction = (typeof CONDITION_ACTIONS)[number];

export const CONDITION_LEVELS = ['NORMAL', 'WARNING', 'FAULT', 'UNAVAILABLE'] as const;
export type ConditionLevel = (typeof CONDITION_LEVELS)[number];

/**
 * Quality code of a `connected`: the peer has kept all that was said meanwhile and says it now, so the values that were known
 * when the source was lost are so until it says otherwise.
 */
export const RESUMED_CODE = 'ingest:resumed';

/** What MTConnect says of an item whose value is not known. */
export const UNAVAILABLE = 'UNAVAILABLE';
export const UNAVAILABLE_CODE = 'mtc:UNAVAILABLE';

export const SIGNAL_LIMITS = {
  machineLength: 128,
  pathLength: 256,
  sourceLength: 128,
  sessionLength: 128,
  /** Characters of a text value. */
  valueLength: 64 * 1024,
  /** Highest `idx`: the parts of a message that have been seen are bits of one number. */
  idx: 63,
} as const;

export const isMachineName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text);

/** Key of everything that belongs to one machine: its signals' partition, and its state. */
export const machineKey = (tenant: string, machine: string): string => `${tenant}/${machine}`;

const isOneOf = (list: readonly string[], value: unknown): boolean => typeof value === 'string' && list.includes(value);

/** A condition's value, or null where the object is none. */
export const readConditionValue = (value: unknown): ConditionValue | null => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const members = value as { [name: string]: unknown };
  const level = typeof members['level'] === 'string' ? members['level'].toUpperCase() : null;
  if (!isOneOf(CONDITION_LEVELS, level)) return null;
  const action = Object.hasOwn(members, 'action') ? members['action'] : undefined;
  if (action !== undefined && !isOneOf(CONDITION_ACTIONS, action)) return null;
  const text = (name: string) => {
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    return typeof member === 'string' ? member : typeof member === 'number' ? String(member) : '';
  };
  const conditionId = text('conditionId');
  return {
    level: level as ConditionLevel,
    nativeCode: text('nativeCode'),
    nativeSeverity: text('nativeSeverity'),
    qualifier: text('qualifier'),
    text: text('text'),
    ...(conditionId !== '' && { conditionId }),
    ...(action !== undefined && { action: action as ConditionAction }),
  };
};
