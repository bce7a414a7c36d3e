import { nestingDepth } from '@millrace/domain';
import { SIGNALS_LIMITS } from '@millrace/protocol';
import { type MessageReading, refusedMessage } from './message-reading';

export type JsonObjectReading =
  | {
      readonly kind: 'object';
      /** Without a byte order mark. */
      readonly text: string;
      readonly members: { readonly [name: string]: unknown };
    }
  | Extract<MessageReading, { kind: 'refused' }>;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** One JSON object as the whole body; depth is looked at before anything is built of it. */
export const readJsonObject = (body: Buffer): JsonObjectReading => {
  const refused = (...why: Parameters<typeof refusedMessage>) =>
    refusedMessage(...why) as Extract<MessageReading, { kind: 'refused' }>;
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch {
    return refused('invalid_json', 'The body is not UTF-8 text.');
  }
  const depth = nestingDepth(text);
  if (depth > SIGNALS_LIMITS.depth)
    return refused('invalid_request', `The JSON is nested ${depth} levels deep; the limit is ${SIGNALS_LIMITS.depth}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refused('invalid_json', `The body is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('invalid_request', 'The message is not a JSON object.');
  return { kind: 'object', text, members: value as { [name: string]: unknown } };
};

/** The member of that very name; what an object inherits is none. */
export const memberOf = (members: { readonly [name: string]: unknown }, name: string): unknown =>
  Object.hasOwn(members, name) ? members[name] : undefined;
