import { WebhookVerificationError } from './verification-error';

/** Headers as they come from `fetch` and its relatives, from `node:http` and Express, or from any plain object. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | { readonly [name: string]: string | readonly string[] | undefined };

export interface SignedParts {
  readonly id: string;
  /** As it stands in the header; it is signed as text. */
  readonly timestamp: string;
  readonly signatures: string;
}

const isHeaders = (headers: WebhookHeaders): headers is { get(name: string): string | null | undefined } =>
  typeof (headers as { get?: unknown }).get === 'function';

const valuesOf = (headers: WebhookHeaders, name: string): string[] => {
  if (isHeaders(headers)) {
    const value = headers.get(name);
    return typeof value === 'string' ? [value] : [];
  }
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? [])
    .filter((value) => typeof value === 'string');
};

const one = (headers: WebhookHeaders, name: string): string => {
  const [value, second] = valuesOf(headers, name);
  if (value === undefined || value === '')
    throw new WebhookVerificationError('missing_header', `The request has no header ${name}.`);
  if (second !== undefined)
    throw new WebhookVerificationError('invalid_header', `The request has the header ${name} more than once.`);
  return value;
};

/** The three headers of Standard Webhooks, whatever the case of their names. */
export const signedParts = (headers: WebhookHeaders): SignedParts => ({
  id: one(headers, 'webhook-id'),
  timestamp: one(headers, 'webhook-timestamp'),
  signatures: one(headers, 'webhook-signature'),
});
