import { javaScriptJson } from '@millrace/domain';

/**
 * The value of a signal of type `json` from its text. A number that JavaScript would change (an order number above 2^53, a
 * long decimal) becomes the text of its digits, as everywhere in a signal; all else is as `JSON.parse` reads it. `text` is a
 * valid JSON object.
 */
export const jsonSignalValue = (text: string): JsonObject =>
  javaScriptJson(text, 'value').kind === 'text' ? (JSON.parse(text) as JsonObject) : withDigits(text);

type JsonObject = { readonly [name: string]: unknown };

/** Node's JSON.parse tells a reviver how a value was written (ECMAScript proposal "JSON.parse source text access"). */
type ReadWithSource = (
  text: string,
  revive: (name: string, value: unknown, written: { readonly source?: string }) => unknown,
) => unknown;

const withDigits = (text: string): JsonObject =>
  (JSON.parse as ReadWithSource)(text, (name, value, { source }) =>
    typeof value === 'number' && source !== undefined && javaScriptJson(source, name).kind !== 'text' ? source : value,
  ) as JsonObject;
