/**
 * Which of the events of its types an endpoint gets: `{ "shipping.method": "express", weight: { $gt: 20 } }`. All entries must
 * hold; names are dotted paths into the data, or attributes (`@type`, `@source`, `@subject`, `@time`, `@id`).
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

export interface FilterTestRequest {
  readonly filter: Filter;
  readonly eventTypes?: readonly string[] | null | undefined;
  /** So many of the latest stored events are looked at; 1 to 10,000, 1,000 unless told. */
  readonly last?: number | undefined;
}

export interface FilterTest {
  readonly examined: number;
  readonly matched: number;
  readonly examples: readonly { readonly eventId: string; readonly type: string; readonly timestamp: string }[];
  readonly oldest: string | null;
  /** False when the time for a test was over before `last` events. */
  readonly complete: boolean;
}
