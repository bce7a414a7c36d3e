import { failureName, isConnectionTrouble, isGroupChange, isRefusal, isTooLarge } from './failure';

const protocol = (type: string): Error => Object.assign(new Error(type), { type, name: 'KafkaJSProtocolError' });
const wrapped = (cause: Error): Error =>
  Object.assign(new Error('gave up', { cause }), { name: 'KafkaJSNonRetriableError' });
const named = (name: string): Error => Object.assign(new Error('x'), { name });

describe('what a failure of kafkajs means', () => {
  test.each<[Error, string, refusal: boolean, connection: boolean, groupChange: boolean]>([
    [wrapped(protocol('MESSAGE_TOO_LARGE')), 'MESSAGE_TOO_LARGE', true, false, false],
    [new TypeError('not a string'), 'TypeError', true, false, false],
    [protocol('UNKNOWN_MEMBER_ID'), 'UNKNOWN_MEMBER_ID', false, false, true],
    [wrapped(protocol('ILLEGAL_GENERATION')), 'ILLEGAL_GENERATION', false, false, true],
    [protocol('LEADER_NOT_AVAILABLE'), 'LEADER_NOT_AVAILABLE', false, true, false],
    [named('KafkaJSConnectionClosedError'), 'KafkaJSConnectionClosedError', false, true, false],
    [wrapped(named('KafkaJSRequestTimeoutError')), 'KafkaJSRequestTimeoutError', false, true, false],
    [protocol('OUT_OF_ORDER_SEQUENCE_NUMBER'), 'OUT_OF_ORDER_SEQUENCE_NUMBER', false, false, false],
    [named('KafkaJSNotImplemented'), 'KafkaJSNotImplemented', false, false, false],
  ])('%s', (error, name, refusal, connection, groupChange) => {
    expect(failureName(error)).toBe(name);
    expect(isRefusal(error)).toBe(refusal);
    expect(isConnectionTrouble(error)).toBe(connection);
    expect(isGroupChange(error)).toBe(groupChange);
  });

  test('too large is told apart from other refusals, which no smaller record mends', () => {
    expect(isTooLarge(new Error('refused', { cause: wrapped(protocol('MESSAGE_TOO_LARGE')) }))).toBe(true);
    expect(isTooLarge(protocol('TOPIC_AUTHORIZATION_FAILED'))).toBe(false);
    expect(isTooLarge(new TypeError('x'))).toBe(false);
  });
});
