import type { HeldValue, ValueTable } from '../signal/machine-state';
import type { AliasName } from './expression';

/**
 * Values by alias, as two lists: each signal makes a copy, and a copy of a list of 500 costs a hundredth of that of an
 * object with 500 names. The names stay the same list from one state to the next, so their places are looked up once.
 */
const places = new WeakMap<readonly AliasName[], ReadonlyMap<AliasName, number>>();

const placeOf = (table: ValueTable, alias: AliasName): number | undefined => {
  let known = places.get(table.aliases);
  if (known === undefined) {
    known = new Map(table.aliases.map((name, place) => [name, place]));
    places.set(table.aliases, known);
  }
  return known.get(alias);
};

export const tableValue = (table: ValueTable, alias: AliasName): HeldValue | null => {
  const place = placeOf(table, alias);
  return place === undefined ? null : table.held[place]!;
};

export const withTableValue = (table: ValueTable, alias: AliasName, value: HeldValue): ValueTable => {
  const place = placeOf(table, alias);
  if (place === undefined) return { aliases: [...table.aliases, alias], held: [...table.held, value] };
  const held = table.held.slice();
  held[place] = value;
  return { aliases: table.aliases, held };
};

export const tableEntries = (table: ValueTable): (readonly [AliasName, HeldValue])[] =>
  table.aliases.map((alias, place) => [alias, table.held[place]!] as const);

export const tableOf = (entries: readonly (readonly [AliasName, HeldValue])[]): ValueTable => ({
  aliases: entries.map(([alias]) => alias),
  held: entries.map(([, held]) => held),
});
