import { createHmac, timingSafeEqual } from 'node:crypto';
import { isTimestamp, SIGNAL_LIMITS } from '@millrace/domain';
import { jsonSignalValue } from '../../exact-json';
import type { SettingsOf } from './http-source-settings';
import { memberOf, readJsonObject } from './json-body';
import { type MessageContext, type MessageReading, refusedMessage } from './message-reading';
import { messageSignal } from './message-signal';

/** Header of MachShop MES: bare lower-case hex. */
export const MES_SIGNATURE_HEADER = 'x-mes-signature';

const ID_LENGTH = 256;
const DAY_MS = 24 * 60 * 60 * 1000;
const TYPE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]*$/;

/** Whether a header has the form of a signature; what has not is nobody's, whatever the body. */
export const isMesSignature = (header: string | readonly string[] | undefined): header is string =>
  typeof header === 'string' && /^[0-9a-fA-F]{64}$/.test(header);

/**
 * HMAC-SHA256 over the bytes of the body; the key is the secret as it is written. The MES signs no time beside the body, so
 * its own `timestamp` inside is what an old message is known by.
 */
export const isSignedByMes = (body: Buffer, signature: string | undefined, secret: string): boolean => {
  const expected = createHmac('sha256', secret).update(body).digest();
  return isMesSignature(signature) && timingSafeEqual(Buffer.from(signature, 'hex'), expected);
};

/** `{id, type, timestamp, data}`: a signal whose path is the event's type and whose value is the whole envelope. */
export const readMesMessage = (
  body: Buffer,
  settings: Pick<SettingsOf<'mes-events'>, 'machine' | 'maxAgeDays'>,
  context: MessageContext,
): MessageReading => {
  const read = readJsonObject(body);
  if (read.kind === 'refused') return read;
  const text = (name: string): string | null => {
    const value = memberOf(read.members, name);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const [id, type, timestamp] = [text('id'), text('type'), text('timestamp')];
  if (id === null || id.length > ID_LENGTH)
    return refusedMessage('invalid_request', `id must be text of 1 to ${ID_LENGTH} characters: it tells a repeat.`);
  if (type === null || type.length > SIGNAL_LIMITS.pathLength || !TYPE.test(type))
    return refusedMessage('invalid_request', 'type must name the event, for example work_order.created.');
  if (timestamp === null || !isTimestamp(timestamp))
    return refusedMessage('invalid_request', 'timestamp must be an RFC 3339 time such as 2024-01-15T10:30:00Z.');
  const data = memberOf(read.members, 'data');
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return refusedMessage('invalid_request', 'data must be an object.');
  if (context.receivedAt - Date.parse(timestamp) > settings.maxAgeDays * DAY_MS)
    return refusedMessage(
      'invalid_request',
      `The message is of ${timestamp.slice(0, 40)}; the source takes none that is older than ${settings.maxAgeDays} days (maxAgeDays).`,
    );
  const signal = messageSignal(context, {
    machine: settings.machine,
    path: type,
    value: jsonSignalValue(read.text),
    sourceTs: timestamp,
    clock: 'mes',
    ref: `mes:${id}`,
  });
  return { kind: 'signals', signals: [signal], rejected: [], warnings: [] };
};
