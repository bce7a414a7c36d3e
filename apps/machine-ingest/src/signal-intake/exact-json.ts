import { javaScriptJson } from '@millrace/domain';

/**
 * The value of a signal of type `json` from its text: the object itself where JavaScript holds every number of it, else the
 * text as it came, so that an order number above 2^53 does not become another one. `text` is a valid JSON object.
 */
export const jsonSignalValue = (text: string): { readonly [name: string]: unknown } | string =>
  javaScriptJson(text, 'value').kind === 'text' ? (JSON.parse(text) as { [name: string]: unknown }) : text;
