/**
 * A payload as it travels: which field carried a value, and no more. What the value means follows from the datatype, and
 * that may be in the BIRTH only (Sparkplug 3.0, tck-id-payloads-metric-datatype-not-req).
 */
export interface SparkplugPayload {
  /** Unix ms; null where none was sent or it is no moment that a Date can hold. */
  readonly timestamp: number | null;
  /** 0 to 255 on the wire; null where none was sent. */
  readonly seq: number | null;
  readonly uuid: string | null;
  readonly metrics: readonly WireMetric[];
}

export interface WireMetric {
  readonly name: string | null;
  /** uint64 as text. */
  readonly alias: string | null;
  readonly timestamp: number | null;
  readonly datatype: number | null;
  readonly isHistorical: boolean;
  readonly isTransient: boolean;
  readonly isNull: boolean;
  readonly properties: ReadonlyMap<string, WireProperty>;
  /** Null where no field carried one. */
  readonly value: WireValue | null;
}

export interface WireProperty {
  readonly datatype: number | null;
  readonly value: WireValue | null;
}

export type WireValue =
  /** uint32: a negative number is its two's complement. */
  | { readonly field: 'int'; readonly value: number }
  /** uint64. */
  | { readonly field: 'long'; readonly value: bigint }
  | { readonly field: 'float' | 'double'; readonly value: number }
  | { readonly field: 'boolean'; readonly value: boolean }
  | { readonly field: 'string'; readonly value: string }
  | { readonly field: 'bytes'; readonly value: Buffer }
  | { readonly field: 'dataset'; readonly value: WireDataSet }
  | { readonly field: 'template'; readonly value: WireTemplate }
  | { readonly field: 'propertyset'; readonly value: ReadonlyMap<string, WireProperty> }
  | { readonly field: 'propertysets'; readonly value: ReadonlyArray<ReadonlyMap<string, WireProperty>> };

export interface WireDataSet {
  readonly columns: readonly string[];
  readonly datatypes: readonly number[];
  readonly rows: ReadonlyArray<ReadonlyArray<WireValue | null>>;
}

export interface WireTemplate {
  readonly version: string | null;
  readonly reference: string | null;
  readonly isDefinition: boolean;
  readonly metrics: readonly WireMetric[];
  readonly parameters: ReadonlyArray<{
    readonly name: string;
    readonly datatype: number | null;
    readonly value: WireValue | null;
  }>;
}

/** What one message may hold; beyond it, it is refused and not worked on. */
export const PAYLOAD_LIMITS = {
  bytes: 4 * 1024 * 1024,
  /** Metrics of a payload, and of a template. */
  metrics: 65_535,
  /** Templates and property sets inside one another. */
  depth: 8,
} as const;
