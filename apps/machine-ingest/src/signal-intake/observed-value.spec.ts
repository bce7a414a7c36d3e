import { CONDITION_LEVELS, type ConditionLevel, type Signal } from '@millrace/domain';
import { isUnavailable, type ObservedValue, observedMembers, stamperOf } from './observed-value';

const condition = (level: ConditionLevel): ObservedValue => ({
  kind: 'condition',
  value: { level, nativeCode: '8100004F', nativeSeverity: '', qualifier: '', text: '' },
});

it.each<[string, ObservedValue, Signal['type']]>([
  ['a text', { kind: 'event', value: 'ACTIVE' }, 'string'],
  ['a number, which stays a text', { kind: 'sample', value: '00217' }, 'string'],
  ['an empty text', { kind: 'value', value: '' }, 'string'],
  ['a data set', { kind: 'event', value: { a: '1' } }, 'json'],
  ...CONDITION_LEVELS.filter((level) => level !== 'UNAVAILABLE').map(
    (level) => [`a condition that is ${level}`, condition(level), 'condition'] as [string, ObservedValue, 'condition'],
  ),
])('%s is good, and stamped by the adapter', (_, observed, type) => {
  expect(observedMembers(observed)).toEqual({ value: observed.value, type, quality: 'good', qualityCode: null });
  expect([isUnavailable(observed), stamperOf(observed)]).toEqual([false, 'adapter']);
});

it.each<[string, ObservedValue, Signal['type']]>([
  ['a value', { kind: 'sample', value: null }, 'string'],
  ['a condition', condition('UNAVAILABLE'), 'condition'],
])('%s that is UNAVAILABLE is stale, and stamped by the agent', (_, observed, type) => {
  const quality = { quality: 'stale', qualityCode: 'mtc:UNAVAILABLE' };
  expect(observedMembers(observed)).toEqual({ value: observed.value, type, ...quality });
  expect([isUnavailable(observed), stamperOf(observed)]).toEqual([true, 'agent']);
});
