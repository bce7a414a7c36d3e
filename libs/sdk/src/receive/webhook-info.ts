import type { ContractName } from '../verify/contract-name';
import { optionalHeader, type WebhookHeaders } from '../verify/webhook-headers';

/** What is known of a webhook beside its body. */
export interface WebhookInfo {
  readonly contract: ContractName;
  /** `webhook-id`, the same on every attempt; null unless the headers of Standard Webhooks were verified. */
  readonly id: string | null;
  /** Unix seconds of the attempt; null unless the headers of Standard Webhooks were verified. */
  readonly timestamp: number | null;
  /** Number among the deliveries of the endpoint; null where it has none. For `GapDetector`. Not signed. */
  readonly sequence: number | null;
  /** `webhook-id` of the delivery with the number before. Not signed. */
  readonly previousId: string | null;
  /** Id of the recovery or of the command that replays it; null for a first delivery. Not signed. */
  readonly replay: string | null;
  readonly headers: WebhookHeaders;
  /** The bytes as they came. */
  readonly body: Uint8Array;
}

/** The number of a delivery among those of its endpoint, and the id of the one before, as its headers have them. */
export const sequenceOf = (headers: WebhookHeaders): { sequence: number | null; previousId: string | null } => {
  const text = optionalHeader(headers, 'millrace-sequence') ?? '';
  const sequence = /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
  return { sequence, previousId: sequence === null ? null : optionalHeader(headers, 'millrace-previous-id') };
};
