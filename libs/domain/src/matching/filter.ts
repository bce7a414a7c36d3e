/**
 * Which of the events of its types an endpoint wants: `{ "shipping.method": "express", "weight": { "$gt": 20 } }`. All entries
 * must hold. JSON, as it comes through the API and lies in an endpoint's record; docs/delivery-semantics.md says what it means.
 */
export interface Filter {
  readonly [name: string]: FilterValue | FilterCondition | Filter | readonly Filter[];
}

export type FilterValue = string | number | boolean | null;

/** What one path must hold; all of its operators. */
export interface FilterCondition {
  readonly $eq?: FilterValue;
  readonly $ne?: FilterValue;
  readonly $in?: readonly FilterValue[];
  readonly $gt?: string | number;
  readonly $gte?: string | number;
  readonly $lt?: string | number;
  readonly $lte?: string | number;
  readonly $exists?: boolean;
  readonly $not?: FilterCondition;
}

export const FILTER_LIMITS = {
  /** Paths of an equality filter. */
  paths: 32,
  /** Comparisons of a filter, wherever they stand in it. */
  conditions: 32,
  /** Levels of filters within `$and`, `$or` and `$not`; the filter itself is the first. */
  depth: 5,
  inValues: 100,
  pathLength: 256,
  valueLength: 1024,
  /** Characters of all paths and values together. */
  textLength: 128 * 1024,
} as const;

/** What a filter is asked about. */
export interface FilterInput {
  /** The event's data, parsed. */
  readonly data: unknown;
  readonly attributes: FilterAttributes;
}

/** The event's own attributes; an `Event` has them. */
export interface FilterAttributes {
  readonly type: string;
  readonly source: string;
  readonly subject: string | null;
  /** RFC 3339. */
  readonly time: string;
  readonly id: string;
}

export const FILTER_ATTRIBUTES = ['type', 'source', 'subject', 'time', 'id'] as const;
export type FilterAttribute = (typeof FILTER_ATTRIBUTES)[number];
