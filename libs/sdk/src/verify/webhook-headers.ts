import { WebhookVerificationError } from './verification-error';

/** Headers as they come from `fetch` and its relatives, from `node:http` and Express, or from any plain object. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | { readonly [name: string]: string | readonly string[] | undefined };

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

/** The value of a header, whatever the case of its name; null where it is missing or empty. */
export const optionalHeader = (headers: WebhookHeaders, name: string): string | null => {
  const [value, second] = valuesOf(headers, name);
  if (value === undefined || value === '') return null;
  if (second !== undefined)
    throw new WebhookVerificationError('invalid_header', `The request has the header ${name} more than once.`);
  return value;
};

export const requiredHeader = (headers: WebhookHeaders, name: string): string => {
  const value = optionalHeader(headers, name);
  if (value === null) throw new WebhookVerificationError('missing_header', `The request has no header ${name}.`);
  return value;
};
