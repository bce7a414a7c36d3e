import { createHash } from 'node:crypto';
import type { PlainValue } from './document-node';

/** JSON without spaces, the members of each object in the order of their names (by UTF-16 units). */
export const canonicalText = (value: PlainValue): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value as { readonly [member: string]: PlainValue };
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(members[name]!)}`).join(',')}}`;
};

/**
 * SHA-256 of the canonical text, hex. Comments, spaces, quotes, YAML or JSON and the order of members do not change it;
 * every value does, also one that is written where its default stood.
 */
export const documentHash = (value: PlainValue): string =>
  createHash('sha256').update(canonicalText(value)).digest('hex');

/** Of one machine's mapping where the document has `machines`: their facts differ, so what goes by a hash must too. */
export const hashOfMachine = (document: string, machine: string): string =>
  createHash('sha256').update(`${document}\n${machine}`).digest('hex');
