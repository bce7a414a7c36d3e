import { bytesOf } from '../machine-rules/held-value';
import type { HeldSignal, HeldValue, MachineState } from './machine-state';
import { NO_COUNTS, newMachineState } from './machine-state';

/**
 * What a state holds that is not of the form in which the fold writes it, by a defect or by another release: each signal to
 * come would be set aside for it. It costs itself alone: one session, one alarm, one value; what is no table at all begins
 * empty. Looked for only where a fold has thrown. Of what a rule remembers the form is the rule's own, and one that cannot
 * work with it fails alone (rule-failure.ts).
 */
export interface Mended {
  readonly state: MachineState;
  /** Members of the state of which something was dropped. */
  readonly members: readonly string[];
  /** Signals that had waited for their turn in what was dropped. */
  readonly waited: readonly HeldSignal['signal'][];
}

/** Null where all of it is of its form: then it is the signal that cannot be folded. */
export const mendState = (state: MachineState): Mended | null => {
  const fresh: Members = { ...newMachineState(state.tenant, state.machine) };
  const mended: { [member: string]: unknown } = { ...state };
  const members: string[] = [];
  const begin = (member: string, anew: unknown): void => {
    members.push(member);
    mended[member] = anew;
  };
  for (const [member, isSound] of Object.entries(WHOLE)) if (!isSound(mended[member])) begin(member, fresh[member]);
  for (const [member, isSound] of Object.entries(TABLES)) {
    const table = mended[member];
    if (table === fresh[member]) continue;
    const entries = isMembers(table) ? Object.entries(table) : null;
    const sound = (entries ?? []).filter(([, one]) => isSound(one));
    if (sound.length !== entries?.length) begin(member, Object.fromEntries(sound));
  }
  const table = mended['values'] as MachineState['values'];
  if (!table.held.every(VALUE)) {
    const isSound = (_: unknown, place: number): boolean => VALUE(table.held[place]);
    begin('values', { aliases: table.aliases.filter(isSound), held: table.held.filter(isSound) });
  }
  if (members.length === 0) return null;
  const { values, derived } = mended as unknown as MachineState;
  const held: readonly HeldValue[] = [...values.held, ...Object.values(derived)];
  mended['valueBytes'] = held.reduce((sum, { value }) => sum + bytesOf(value), 0);
  return { state: mended as unknown as MachineState, members, waited: waitedIn(state.reorder) };
};

type Form = (value: unknown) => boolean;
type Members = { readonly [member: string]: unknown };

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const number: Form = (value) => typeof value === 'number';
const text: Form = (value) => typeof value === 'string';
const flag: Form = (value) => typeof value === 'boolean';
const orNull =
  (form: Form): Form =>
  (value) =>
    value === null || form(value);
const listOf =
  (form: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(form);
const pairOf =
  (first: Form, second: Form): Form =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
const having =
  (forms: { readonly [member: string]: Form }): Form =>
  (value) =>
    isMembers(value) && Object.entries(forms).every(([member, form]) => form(value[member]));

const MOMENT = having({ time: text, ms: number, clock: orNull(text), at: number });
const VALUE = having({ known: flag, at: number, exact: orNull(text), path: text, source: text });
const BITS: Form = (value) => typeof value === 'string' && /^[0-9a-f]+$/.test(value);
const PARTS: Form = (value) => value === undefined || listOf(pairOf(number, BITS))(value);
const OFFSET: Form = (value) => typeof value === 'string' && /^\d+$/.test(value);
const WAITING = having({
  signal: having({ source: text, session: text, seq: number, at: text }),
  due: number,
  bytes: number,
});

/** Which mapping is in force is not among them: by another one the machine would be told wrong. */
const WHOLE: { readonly [member in keyof MachineState]?: Form } = {
  position: orNull(having({ partition: number, offset: OFFSET })),
  at: number,
  played: flag,
  status: having({
    current: text,
    since: orNull(MOMENT),
    reason: orNull(text),
    sourceState: orNull(text),
    quality: text,
  }),
  lastRun: orNull(isMembers),
  values: (value) =>
    having({ aliases: listOf(text), held: Array.isArray })(value) &&
    (value as MachineState['values']).aliases.length === (value as MachineState['values']).held.length,
  valueBytes: number,
  staleDue: orNull(number),
  unmappedValues: listOf(text),
  suspectClocks: listOf(text),
  lastSignal: orNull(having({ path: text, source: text, moment: MOMENT })),
  // Kinds that came later are absent in what an earlier release stored.
  counts: (value) =>
    isMembers(value) && Object.keys(NO_COUNTS).every((kind) => value[kind] === undefined || number(value[kind])),
};

const TABLES: { readonly [member in keyof MachineState]?: Form } = {
  alarms: having({
    ...{ id: text, rule: text, source: text, item: text, code: text, severity: text, text },
    ...{ raised: MOMENT, stale: flag, marks: listOf(text) },
  }),
  rules: having({ kind: text }),
  derived: VALUE,
  unmapped: number,
  sources: having({ at: number, gap: flag }),
  sessions: having({
    window: having({ high: number, holes: listOf(pairOf(number, number)) }),
    parts: PARTS,
    at: number,
  }),
  reorder: having({ next: number, held: listOf(WAITING), bytes: number, at: number }),
  lastOfPath: text,
  earlierOfPath: text,
  failedRules: having({ told: listOf(text), timerAt: orNull(number) }),
};

/** Those of the sessions that are dropped, as far as they can still be told from anything else. */
const waitedIn = (reorder: unknown): HeldSignal['signal'][] =>
  (isMembers(reorder) ? Object.values(reorder) : []).flatMap((session) =>
    TABLES.reorder!(session) || !isMembers(session) || !Array.isArray(session['held'])
      ? []
      : (session['held'] as HeldSignal[]).filter(WAITING).map(({ signal }) => signal),
  );
