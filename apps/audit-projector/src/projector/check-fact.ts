import { EVENT_LIMITS, isDeliveryId, isTenantName, timeOfDeliveryId } from '@millrace/domain';
import type { DeliveryFact } from '@millrace/protocol';
import { isCount, isStorableText, isTimeMs, isWord } from './postgres-text';

/**
 * Looks at a fact before it becomes rows: what PostgreSQL would refuse, or what would make a partition for a day that
 * cannot be, is turned away here with a reason. By hand, because every fact of the site passes.
 */
export type FactCheck =
  | { readonly kind: 'fact'; readonly fact: DeliveryFact }
  | { readonly kind: 'refused'; readonly reason: string };

type Members = { readonly [name: string]: unknown };

const DAY_MS = 86_400_000;
/** An event may be 30 days old when it is accepted, wait 30 days, and be retried by hand while it is kept. */
const DAYS_BEFORE = 100;
const DAYS_AFTER = 2;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HEX = /^[0-9a-f]{1,64}$/;
const isHex = (value: unknown): boolean => typeof value === 'string' && HEX.test(value);
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isHeaders = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((each) => typeof each === 'string');
const isText = (value: unknown): boolean => isStorableText(value, 512);
/** Members that facts of earlier releases lack. */
const absentOr = (value: unknown, right: (value: unknown) => boolean): boolean =>
  value === undefined || value === null || right(value);
/** Fits `bigint`, and is exact here. */
const isOffset = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const oneOf = (value: unknown, ...allowed: string[]): boolean => typeof value === 'string' && allowed.includes(value);

/** The first member that is wrong, or null. */
const wrongMember = (checks: ReadonlyArray<readonly [name: string, right: boolean]>): string | null =>
  checks.find(([, right]) => !right)?.[0] ?? null;

const wrongInKind = (fact: Members): string | null => {
  switch (fact['kind']) {
    case 'created':
      return wrongMember([
        ['eventId', isText(fact['eventId'])],
        ['eventKey', isText(fact['eventKey'])],
        ['eventType', isText(fact['eventType'])],
        ['contract', isText(fact['contract'])],
        ['contractVersion', isCount(fact['contractVersion'])],
        ['trigger', isTrigger(fact['trigger'])],
        ['acceptedAt', isTimeMs(fact['acceptedAt'])],
        ['bodySha256', isHex(fact['bodySha256'])],
        ['bodyVariant', absentOr(fact['bodyVariant'], isText)],
        ['traceId', isText(fact['traceId'])],
        ['subject', absentOr(fact['subject'], isSubject)],
      ]);
    case 'attempt-started':
      return (
        wrongInAttempt(fact) ??
        wrongMember([
          ['url', typeof fact['url'] === 'string'],
          ['recordOffset', absentOr(fact['recordOffset'], isOffset)],
          ['chain', absentOr(fact['chain'], isChain)],
        ])
      );
    case 'attempt-finished':
      return (
        wrongInAttempt(fact) ??
        wrongMember([
          ['startedAt', isTimeMs(fact['startedAt'])],
          ['durationMs', Number.isFinite(fact['durationMs'])],
          ['outcome', isWord(fact['outcome'])],
          ['request', isRequest(fact['request'])],
          ['response', isResponse(fact['response'])],
          ['error', fact['error'] === null || typeof fact['error'] === 'string'],
          ['result', isResult(fact['result'])],
        ])
      );
    case 'parked':
      return (
        wrongInChain(fact) ??
        wrongMember([
          ['reason', isWord(fact['reason'])],
          ['recordOffset', absentOr(fact['recordOffset'], isOffset)],
          ['behind', absentOr(fact['behind'], isDelivery)],
        ])
      );
    case 'ended':
      return (
        wrongInChain(fact) ??
        wrongMember([
          ['status', oneOf(fact['status'], 'cancelled', 'expired', 'failed')],
          ['reason', isWord(fact['reason'])],
          ['recordOffset', absentOr(fact['recordOffset'], isOffset)],
          ['by', absentOr(fact['by'], isText)],
          ['commandId', absentOr(fact['commandId'], isCommandId)],
        ])
      );
    case 'reopened':
      return wrongMember([
        ['epoch', isCount(fact['epoch'])],
        ['commandId', isCommandId(fact['commandId'])],
        ['by', isText(fact['by'])],
      ]);
    case 'command-refused':
      return wrongMember([
        ['commandId', isCommandId(fact['commandId'])],
        ['command', oneOf(fact['command'], 'retry', 'cancel', 'skip')],
        ['by', isText(fact['by'])],
        ['reason', isWord(fact['reason'])],
      ]);
    default:
      return 'kind';
  }
};

const wrongInChain = (fact: Members): string | null =>
  wrongMember([
    ['epoch', isCount(fact['epoch'])],
    ['attempt', isCount(fact['attempt'])],
  ]);

const wrongInAttempt = (fact: Members): string | null =>
  wrongInChain(fact) ??
  wrongMember([
    ['requestId', typeof fact['requestId'] === 'string' && UUID.test(fact['requestId'])],
    ['traceId', isText(fact['traceId'])],
    ['spanId', isText(fact['spanId'])],
  ]);

/** Stored as bytes, so any text will do. */
const isSubject = (value: unknown): boolean => typeof value === 'string' && value.length <= EVENT_LIMITS.subjectLength;

const isDelivery = (value: unknown): boolean => typeof value === 'string' && isDeliveryId(value);
const isCommandId = (value: unknown): boolean => isStorableText(value, 128) && value.length > 0;

const isChain = (chain: unknown): boolean =>
  isObject(chain) && isOffset(chain['sequence']) && absentOr(chain['previousId'], isText);

const isTrigger = (trigger: unknown): boolean =>
  isObject(trigger) &&
  (trigger['kind'] === 'event' || (oneOf(trigger['kind'], 'test', 'recovery') && isText(trigger['id'])));

const isRequest = (request: unknown): boolean =>
  isObject(request) && typeof request['url'] === 'string' && isHeaders(request['headers']);

const isResponse = (response: unknown): boolean =>
  response === null ||
  (isObject(response) &&
    isCount(response['status']) &&
    isHeaders(response['headers']) &&
    typeof response['body'] === 'string' &&
    typeof response['bodyTruncated'] === 'boolean');

const isResult = (result: unknown): boolean => {
  if (!isObject(result)) return false;
  if (result['kind'] === 'retry') return isTimeMs(result['nextAttemptAt']);
  if (result['kind'] === 'failed') return isWord(result['reason']);
  return oneOf(result['kind'], 'succeeded', 'expired');
};

/** `appendedAt`: unix ms at which the broker took the record. */
export const checkFact = (fact: unknown, appendedAt: number): FactCheck => {
  const refused = (reason: string): FactCheck => ({ kind: 'refused', reason });
  if (!isObject(fact)) return refused('not an object');
  const id = fact['deliveryId'];
  if (typeof id !== 'string' || !isDeliveryId(id)) return refused('deliveryId');
  const days = (appendedAt - timeOfDeliveryId(id)) / DAY_MS;
  if (days > DAYS_BEFORE || days < -DAYS_AFTER)
    return refused(`deliveryId: its time lies ${Math.round(days)} days before the record`);
  if (typeof fact['tenant'] !== 'string' || !isTenantName(fact['tenant'])) return refused('tenant');
  if (!isText(fact['endpointId'])) return refused('endpointId');
  if (!isTimeMs(fact['at'])) return refused('at');
  const wrong = wrongInKind(fact);
  return wrong === null ? { kind: 'fact', fact: fact as unknown as DeliveryFact } : refused(wrong);
};
