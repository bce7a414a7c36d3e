import type { PageQuery } from './page';

export type QuarantineKind = 'events' | 'signals';
export type QuarantineState = 'open' | 'redriven' | 'discarded';

/** A record that could not be used, and why. */
export interface Quarantined {
  readonly id: string;
  readonly list: QuarantineKind;
  readonly state: QuarantineState;
  /** Null where the bytes do not tell whose they are. */
  readonly tenant: string | null;
  readonly code: string;
  readonly detail: string;
  readonly at: string;
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: string };
  readonly bytes: number;
  readonly redrivable: boolean;
  /** Why it is not, and what to do instead. */
  readonly notRedrivable: string | null;
  /** The record that was driven again and came back as this one. */
  readonly redrivenFrom: string | null;
  readonly preview: string;
}

export interface QuarantineAction {
  readonly action: 'redriven' | 'discarded';
  readonly at: string;
  readonly by: string;
  readonly corrected: boolean;
  readonly reason: string | null;
}

export interface QuarantinedDetail extends Quarantined {
  readonly key: string | null;
  readonly headers: { readonly [name: string]: string };
  readonly value: string | null;
  /** The bytes, where they are no text. */
  readonly valueBase64: string | null;
  readonly truncated: boolean;
  readonly actions: readonly QuarantineAction[];
}

export interface QuarantineQuery extends PageQuery {
  readonly list?: QuarantineKind | undefined;
  readonly state?: QuarantineState | undefined;
  readonly code?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface RedriveRequest {
  /** A corrected value; without it the bytes go out as they came. */
  readonly value?: string | undefined;
  /**
   * Corrected headers, such as `{"ce_specversion": "1.0"}`; null takes one away, and what is not named goes out as it came.
   * With `{"content-type": "application/cloudevents+json"}` the value is the whole event.
   */
  readonly headers?: { readonly [name: string]: string | null } | undefined;
  readonly reason?: string | undefined;
}

export interface DiscardRequest {
  readonly reason?: string | undefined;
}

export interface RedriveManyRequest {
  readonly list: QuarantineKind;
  readonly code?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | undefined;
}

export interface Redriven {
  readonly id: string;
  readonly topic: string;
}

export interface RedrivenMany {
  readonly matched: number;
  readonly redriven: number;
  readonly refused: readonly { readonly id: string; readonly code: string; readonly detail: string }[];
  readonly dryRun: boolean;
  readonly more: boolean;
}
