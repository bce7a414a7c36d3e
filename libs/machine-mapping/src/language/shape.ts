import { pathTo } from '@millrace/event-schema';
import { quoted, suggestion } from '../document/did-you-mean';
import {
  type DocumentNode,
  type MapNode,
  type PlainValue,
  plainValue,
  type ScalarNode,
} from '../document/document-node';
import type { Place, ProblemList } from '../document/mapping-problem';

export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * One form of the language: how it is checked, with the place of everything that is wrong, and how it is written in JSON
 * Schema for editors. Both come from one declaration, so they say the same.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** undefined: it does not fit, and `problems` says why. */
  readonly read: (node: DocumentNode, problems: ProblemList) => T | undefined;
}

/** Text whose place matters later: a name of something else, an expression. */
export interface Word {
  readonly text: string;
  readonly node: ScalarNode;
}

const found = (node: DocumentNode): string => {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string' && !node.isBigInteger) return `the text ${quoted(node.value)}`;
  return typeof node.value === 'boolean' ? node.text : `the number ${node.text}`;
};

const wrong = (node: DocumentNode, problems: ProblemList, wanted: string): undefined => {
  problems.add(node.place, 'wrong_type', `must be ${wanted}, and is ${found(node)}`);
  return undefined;
};

const lengthOf = (text: string): number => [...text].length;

interface TextOptions {
  readonly says: string;
  readonly pattern?: RegExp;
  readonly most?: number;
  readonly least?: number;
  readonly examples?: readonly string[];
  /** Numbers and true/false are taken as they were written: `code: 007`. */
  readonly orWritten?: boolean;
  /** A check that a pattern cannot do; gives the sentence, or null. Not in the schema. */
  readonly also?: (text: string) => string | null;
}

export const word = (options: TextOptions): Shape<Word> => {
  const { says, pattern, most = 256, least = 1, examples, orWritten = false, also } = options;
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: orWritten ? ['string', 'number', 'boolean'] : 'string',
      minLength: least,
      maxLength: most,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...(examples === undefined ? {} : { examples }),
    },
    read: (node, problems) => {
      if (node.kind !== 'scalar' || node.value === null) return wrong(node, problems, says);
      if ((typeof node.value !== 'string' || node.isBigInteger) && !orWritten) {
        const instead = ` (in quotes: "${node.text}")`;
        return wrong(node, problems, `${says}${instead}`);
      }
      const { text } = node;
      const bad = (why: string) => {
        problems.add(node.place, 'bad_value', why);
        return undefined;
      };
      if (typeof node.value === 'string' && !node.isBigInteger) {
        if (lengthOf(text) < least) return bad(`must be ${says}, and is empty`);
        if (lengthOf(text) > most) return bad(`has ${lengthOf(text)} characters; ${most} are allowed`);
        if (pattern !== undefined && !pattern.test(text))
          return bad(`must be ${says}${examples ? `, for example ${examples[0]}` : ''}, and is ${quoted(text)}`);
      }
      const more = also?.(text) ?? null;
      return more === null ? { text, node } : bad(more);
    },
  };
};

export const changed = <A, B>(shape: Shape<A>, change: (value: A) => B): Shape<B> => ({
  schema: shape.schema,
  read: (node, problems) => {
    const value = shape.read(node, problems);
    return value === undefined ? undefined : change(value);
  },
});

export const text = (options: TextOptions): Shape<string> => changed(word(options), ({ text: plain }) => plain);

export const number = (options: {
  readonly says: string;
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly whole?: boolean;
}): Shape<number> => {
  const { says, above, whole = false } = options;
  // Beyond these a number is not what was written.
  const { least = above === undefined ? -Number.MAX_SAFE_INTEGER : undefined, most = Number.MAX_SAFE_INTEGER } =
    options;
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: whole ? 'integer' : 'number',
      ...(least === undefined ? {} : { minimum: least }),
      maximum: most,
      ...(above === undefined ? {} : { exclusiveMinimum: above }),
    },
    read: (node, problems) => {
      if (node.kind !== 'scalar' || typeof node.value !== 'number') return wrong(node, problems, says);
      const { value } = node;
      const isRight =
        (!whole || Number.isInteger(value)) &&
        (least === undefined || value >= least) &&
        value <= most &&
        (above === undefined || value > above);
      if (isRight) return value;
      problems.add(node.place, 'bad_value', `must be ${says}, and is ${node.text}`);
      return undefined;
    },
  };
};

export const flag = (says: string): Shape<boolean> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.`, type: 'boolean' },
  read: (node, problems) =>
    node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : wrong(node, problems, 'true or false'),
});

export const oneOf = <T extends string>(says: string, words: readonly T[]): Shape<T> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.`, enum: words },
  read: (node, problems) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string')
      return wrong(node, problems, `${says}: ${words.join(', ')}`);
    const known = words.find((candidate) => candidate === node.value);
    if (known !== undefined) return known;
    problems.add(
      node.place,
      'bad_value',
      () => `${quoted(node.text)} is not ${says}${suggestion(node.text, words, 'the words')}`,
    );
    return undefined;
  },
});

export const literal = <T extends string | number | boolean | null>(value: T, says: string): Shape<T> => ({
  schema: { const: value, description: `${says[0]!.toUpperCase()}${says.slice(1)}.` },
  read: (node, problems) =>
    node.kind === 'scalar' &&
    node.value === value &&
    (value === null ? node.text === '' || /^(~|null)$/i.test(node.text) : true)
      ? value
      : wrong(node, problems, says),
});

export const listOf = <T>(
  item: Shape<T>,
  options: { readonly says: string; readonly least?: number; readonly most: number },
): Shape<T[]> => ({
  schema: {
    description: `${options.says[0]!.toUpperCase()}${options.says.slice(1)}.`,
    type: 'array',
    items: item.schema,
    ...(options.least === undefined ? {} : { minItems: options.least }),
    maxItems: options.most,
  },
  read: (node, problems) => {
    if (node.kind !== 'list') return wrong(node, problems, options.says);
    if (node.items.length > options.most) {
      problems.add(node.place, 'too_many', `has ${node.items.length} entries; ${options.most} are allowed`);
      return undefined;
    }
    if (node.items.length < (options.least ?? 0)) {
      problems.add(node.place, 'missing', `must be ${options.says}, and is empty`);
      return undefined;
    }
    const items = node.items.map((inner) => item.read(inner, problems));
    return items.includes(undefined) ? undefined : (items as T[]);
  },
});

/** One of them, or a list of them. */
export const oneOrMore = <T>(item: Shape<T>, options: { readonly says: string; readonly most: number }): Shape<T[]> => {
  const list = listOf(item, { ...options, least: 1 });
  return {
    schema: { anyOf: [item.schema, list.schema] },
    read: (node, problems) => {
      if (node.kind === 'list') return list.read(node, problems);
      const single = item.read(node, problems);
      return single === undefined ? undefined : [single];
    },
  };
};

/** By what stands there: each alternative takes another kind of node, so only one can be meant. */
export const either = <A, B>(
  chooses: (node: DocumentNode) => boolean,
  first: Shape<A>,
  second: Shape<B>,
): Shape<A | B> => ({
  schema: { anyOf: [first.schema, second.schema] },
  read: (node, problems) => (chooses(node) ? first.read(node, problems) : second.read(node, problems)),
});

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

/** Any JSON, as it stands. */
export const anything = (says: string): Shape<{ readonly value: PlainValue; readonly node: DocumentNode }> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.` },
  read: (node) => ({ value: plainValue(node), node }),
});

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

/** Objects that say by one member which they are. */
export const taggedBy = <T>(tag: string, says: string, shapes: { readonly [word: string]: Shape<T> }): Shape<T> => {
  const words = Object.keys(shapes);
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: 'object',
      required: [tag],
      properties: { [tag]: { enum: words } },
      allOf: words.map((name) => ({
        if: { type: 'object', required: [tag], properties: { [tag]: { const: name } } },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: shapes[name]!.schema,
      })),
    },
    read: (node, problems) => {
      if (node.kind !== 'map') return wrong(node, problems, says);
      const member = node.members.get(tag);
      if (member === undefined) {
        const wrongly = [...node.members.keys()].find((name) => name.toLowerCase() === tag.toLowerCase());
        const instead =
          wrongly === undefined ? `; ${tag}s are ${words.join(', ')}` : `; did you mean it with '${wrongly}'?`;
        problems.add(node.place, 'missing', `lacks '${tag}'${instead}`);
        return undefined;
      }
      const said = member.node.kind === 'scalar' && typeof member.node.value === 'string' ? member.node.value : null;
      if (said === null) return wrong(member.node, problems, `one of ${words.join(', ')}`);
      if (!Object.hasOwn(shapes, said)) {
        problems.add(
          member.node.place,
          'unknown_kind',
          () => `${quoted(said)} is no ${tag} that is known here${suggestion(said, words, `${tag}s`)}`,
        );
        return undefined;
      }
      return shapes[said]!.read(node, problems);
    },
  };
};

export const pathIn = (place: Place, name: string): string => pathTo(place.path, name);

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
