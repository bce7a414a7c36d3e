import { z } from 'zod';

/** Custom headers of an endpoint, sent with every request to it. */
export const HEADER_LIMITS = { count: 20, nameLength: 64, valueLength: 1024 } as const;

const NAME = /^[A-Za-z0-9-]{1,64}$/;
const PRINTABLE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** Names that belong to the connection, to the delivery itself, or to whoever stands between; never the user's. */
const RESERVED_NAMES = new Set([
  'host',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'cookie',
  'set-cookie',
  'forwarded',
  'via',
  'x-real-ip',
  'accept-encoding',
  'user-agent',
  'traceparent',
  'tracestate',
  'baggage',
]);
const RESERVED_PREFIXES = [
  'content-',
  'x-forwarded-',
  'proxy-',
  'webhook-',
  'millrace-',
  'x-millrace-',
  'x-proign-',
  'x-mes-',
  'x-eclips-',
  'x-webhook-',
];

export type HeaderFault = { readonly name: string; readonly detail: string };

/** Everything that is wrong with a set of custom headers; empty when it can be sent. Pure. */
export const headerFaults = (headers: { readonly [name: string]: unknown }): HeaderFault[] => {
  const entries = Object.entries(headers);
  if (entries.length > HEADER_LIMITS.count)
    return [{ name: '', detail: `must be at most ${HEADER_LIMITS.count} headers` }];
  const faults: HeaderFault[] = [];
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    const fault = (detail: string) => faults.push({ name: name.slice(0, HEADER_LIMITS.nameLength), detail });
    if (!NAME.test(name)) fault(`a header name is 1 to ${HEADER_LIMITS.nameLength} letters, digits and -`);
    else if (RESERVED_NAMES.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix)))
      fault('is a header that Millrace or HTTP itself sets');
    else if (seen.has(lower)) fault('is given twice (names do not differ by case)');
    else if (typeof value !== 'string' || value.length > HEADER_LIMITS.valueLength || !PRINTABLE.test(value))
      fault(`its value must be 1 to ${HEADER_LIMITS.valueLength} printable ASCII characters, no space at the ends`);
    seen.add(lower);
  }
  return faults;
};

export const customHeaders = z
  .custom<{ readonly [name: string]: string }>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: 'must be an object of header names and values' },
  )
  .superRefine((headers, context) => {
    for (const { name, detail } of headerFaults(headers))
      context.addIssue({ code: 'custom', message: detail, path: name === '' ? [] : [name] });
  })
  .meta({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: `Sent with every request; at most ${HEADER_LIMITS.count}.`,
  });
