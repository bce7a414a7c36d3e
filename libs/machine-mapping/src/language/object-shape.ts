import { quoted, suggestion } from '../document/did-you-mean';
import { type MapNode } from '../document/document-node';
import { type Shape, wrong } from './shape';

export interface Field<T> {
  readonly shape: Shape<T>;
  readonly isRequired: boolean;
  readonly fallback: unknown;
}

export const required = <T>(shape: Shape<T>): Field<T> => ({ shape, isRequired: true, fallback: undefined });
export const optional = <T>(shape: Shape<T>): Field<T | undefined> => ({
  shape: shape as Shape<T | undefined>,
  isRequired: false,
  fallback: undefined,
});
/** Left out, it is `value`; `written` is how a person would write that, for the schema. */
export const defaulting = <T>(shape: Shape<T>, value: T, written: unknown = value): Field<T> => ({
  shape: { ...shape, schema: { ...shape.schema, default: written } },
  isRequired: false,
  fallback: value,
});

type Fields = { readonly [name: string]: Field<unknown> };
export type Read<F extends Fields> = { readonly [N in keyof F]: F[N] extends Field<infer T> ? T : never } & {
  readonly node: MapNode;
};

/** A map whose names are those of the language. */
export const object = <F extends Fields>(says: string, fields: F): Shape<Read<F>> => {
  const names = Object.keys(fields);
  const needed = names.filter((name) => fields[name]!.isRequired);
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, fields[name]!.shape.schema])),
      ...(needed.length === 0 ? {} : { required: needed }),
      additionalProperties: false,
    },
    read: (node, problems) => {
      if (node.kind !== 'map') return wrong(node, problems, says);
      const read: { [name: string]: unknown } = { node };
      let isWhole = true;
      for (const [name, { named }] of node.members)
        if (!Object.hasOwn(fields, name)) {
          problems.add(
            named,
            'unknown_key',
            () => `${quoted(name)} is not known here${suggestion(name, names, 'the names')}`,
          );
          isWhole = false;
        }
      for (const name of names) {
        const { shape, isRequired, fallback } = fields[name]!;
        const member = node.members.get(name);
        if (member === undefined) {
          if (isRequired) {
            problems.add(node.place, 'missing', `lacks '${name}'${about(shape)}`);
            isWhole = false;
          }
          read[name] = fallback;
          continue;
        }
        const value = shape.read(member.node, problems);
        if (value === undefined) isWhole = false;
        read[name] = value;
      }
      return isWhole ? (read as Read<F>) : undefined;
    },
  };
};

const about = (shape: Shape<unknown>): string => {
  const description = shape.schema['description'];
  return typeof description === 'string' ? `: ${description[0]!.toLowerCase()}${description.slice(1, -1)}` : '';
};

/** As `shape`, and of these members one and no more is there. */
export const withOneOf = <T>(shape: Shape<T>, names: readonly string[], what: string): Shape<T> => ({
  schema: { ...shape.schema, oneOf: names.map((name) => ({ required: [name] })) },
  read: (node, problems) => {
    const value = shape.read(node, problems);
    if (node.kind !== 'map') return value;
    const given = names.filter((name) => node.members.has(name));
    if (given.length === 1) return value;
    // A misspelt one is told as an unknown name already.
    if (given.length === 0 && value === undefined) return undefined;
    problems.add(
      given.length === 0 ? node.place : node.members.get(given[1]!)!.named,
      given.length === 0 ? 'missing' : 'conflict',
      given.length === 0
        ? `lacks ${what}: one of ${names.join(', ')}`
        : `has ${given.map((name) => `'${name}'`).join(' and ')}; ${what} is one of them`,
    );
    return undefined;
  },
});
