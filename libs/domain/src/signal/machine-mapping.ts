import type { MachineStatus } from './machine-status';

/**
 * How a machine's data items become facts. Codes are not standard from one vendor to the next, so this is data, never
 * code; the default serves machines that speak MTConnect's words. Names of items are compared without regard to case.
 * Of several inputs for one role the first that a machine sends is bound to the role, so two paths of one machine never
 * take turns.
 */
export interface MachineMapping {
  readonly status: {
    /** Items that hold the execution state. */
    readonly inputs: readonly string[];
    /** Items that hold AVAILABLE or UNAVAILABLE for the machine as a whole. */
    readonly availability: readonly string[];
    readonly map: { readonly [value: string]: MachineStatus };
  };
  readonly counter: {
    readonly inputs: readonly string[];
    /** The counter starts again at 0, so its value after a fall is what was made since. */
    readonly zeroBased: boolean;
    /** Steps at which it wraps, for example 65536; null for a counter that does not. */
    readonly modulus: number | null;
    /** Largest step that is believed as a wrap. */
    readonly maxStep: number;
  };
  readonly run: {
    /** Status that ends a run; the part counter follows the end by up to `settleMs`. */
    readonly endsIn: readonly MachineStatus[];
    readonly settleMs: number;
    /** A run open for longer is closed with quality `uncertain`. */
    readonly maxOpenMs: number;
    readonly programInputs: readonly string[];
  };
}

/** MTConnect Execution, by ingest's table. */
const EXECUTION: { readonly [value: string]: MachineStatus } = {
  ACTIVE: 'running',
  READY: 'idle',
  STOPPED: 'idle',
  PROGRAM_COMPLETED: 'idle',
  PROGRAM_STOPPED: 'idle',
  INTERRUPTED: 'held',
  FEED_HOLD: 'held',
  OPTIONAL_STOP: 'held',
  PROGRAM_OPTIONAL_STOP: 'held',
  WAIT: 'held',
  UNAVAILABLE: 'offline',
};

export const DEFAULT_MAPPING: MachineMapping = {
  status: {
    inputs: ['execution', 'pexecution', 'p1execution', 'exec'],
    availability: ['avail', 'availability'],
    map: EXECUTION,
  },
  counter: {
    inputs: ['part_count', 'partcount', 'ppartcount', 'partcountact'],
    zeroBased: true,
    modulus: null,
    maxStep: 50,
  },
  run: {
    endsIn: ['idle'],
    settleMs: 2_000,
    maxOpenMs: 86_400_000,
    programInputs: ['program', 'pprogram'],
  },
};

export type Role = 'execution' | 'availability' | 'counter' | 'program';

const rolesOf = new WeakMap<MachineMapping, Map<string, Role>>();

/** The role that an item plays under a mapping, or null. */
export const roleOfPath = (mapping: MachineMapping, path: string): Role | null => {
  let roles = rolesOf.get(mapping);
  if (roles === undefined) {
    roles = new Map();
    for (const name of mapping.status.inputs) roles.set(name.toLowerCase(), 'execution');
    for (const name of mapping.status.availability) roles.set(name.toLowerCase(), 'availability');
    for (const name of mapping.counter.inputs) roles.set(name.toLowerCase(), 'counter');
    for (const name of mapping.run.programInputs) roles.set(name.toLowerCase(), 'program');
    rolesOf.set(mapping, roles);
  }
  return roles.get(path.toLowerCase()) ?? null;
};
