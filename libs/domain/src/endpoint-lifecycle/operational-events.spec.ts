import { isTypePattern } from '../matching/type-pattern';
import { isOperationalEvent, isOperationalType, OPERATIONAL_TYPES, OPERATIONS_SOURCE } from './operational-events';

describe('operational events', () => {
  it('have types that can be subscribed to', () => {
    expect(OPERATIONAL_TYPES.every(isTypePattern)).toBe(true);
    expect(OPERATIONAL_TYPES.every(isOperationalType)).toBe(true);
    expect(['endpoint', 'endpoint.downs', 'machine.alarm', 'constructor', ''].some(isOperationalType)).toBe(false);
  });

  it('are those of their own source alone', () => {
    expect(isOperationalEvent({ type: 'endpoint.down', source: OPERATIONS_SOURCE })).toBe(true);
    expect(isOperationalEvent({ type: 'endpoint.down', source: '/plant-1' })).toBe(false);
    expect(isOperationalEvent({ type: 'machine.alarm', source: OPERATIONS_SOURCE })).toBe(false);
  });
});
