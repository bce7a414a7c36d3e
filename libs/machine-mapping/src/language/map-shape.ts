import { quoted } from '../document/did-you-mean';
import type { Place } from '../document/mapping-problem';
import { type Shape, wrong } from './shape';

export interface NamedEntry<T> {
  readonly name: string;
  readonly named: Place;
  readonly value: T;
}

/** A map whose names are the author's. */
export const mapOf = <T>(
  value: Shape<T>,
  options: {
    readonly says: string;
    readonly names: { readonly says: string; readonly pattern: RegExp };
    readonly least?: number;
    readonly most: number;
  },
): Shape<NamedEntry<T>[]> => ({
  schema: {
    description: `${options.says[0]!.toUpperCase()}${options.says.slice(1)}.`,
    type: 'object',
    propertyNames: { pattern: options.names.pattern.source },
    additionalProperties: value.schema,
    ...(options.least === undefined ? {} : { minProperties: options.least }),
    maxProperties: options.most,
  },
  read: (node, problems) => {
    if (node.kind !== 'map') return wrong(node, problems, options.says);
    if (node.members.size > options.most) {
      problems.add(node.place, 'too_many', `has ${node.members.size} entries; ${options.most} are allowed`);
      return undefined;
    }
    if (node.members.size < (options.least ?? 0)) {
      problems.add(node.place, 'missing', `must be ${options.says}, and is empty`);
      return undefined;
    }
    let isWhole = true;
    const entries: NamedEntry<T>[] = [];
    for (const [name, { named, node: inner }] of node.members) {
      if (!options.names.pattern.test(name)) {
        problems.add(named, 'bad_name', `${quoted(name)} must be ${options.names.says}`);
        isWhole = false;
      }
      const read = value.read(inner, problems);
      if (read === undefined) isWhole = false;
      else entries.push({ name, named, value: read });
    }
    return isWhole ? entries : undefined;
  },
});
