import { type EventFields, readConditionEvent } from './condition-event';
import { ConditionMemory } from './condition-memory';

const event = (change: EventFields = {}): EventFields => ({
  EventType: 'ns=0;i=9341',
  SourceName: 'Press',
  Time: '2026-01-02T03:04:05.000Z',
  ReceiveTime: '2026-01-02T03:04:05.100Z',
  Message: 'pressure is high',
  Severity: 700,
  ConditionName: 'PressureHigh',
  BranchId: null,
  Retain: true,
  'EnabledState.Id': true,
  'ActiveState.Id': true,
  'AckedState.Id': false,
  'ConfirmedState.Id': false,
  'SuppressedState.Id': false,
  'ShelvingState.CurrentState.Id': 'ns=0;i=2930',
  ConditionId: 'ns=1;i=42',
  ...change,
});

describe('an event of a condition', () => {
  it.each<[string, EventFields, string]>([
    ['a high severity', {}, 'FAULT'],
    ['the lowest of the high ones', { Severity: 667 }, 'FAULT'],
    ['a lower severity', { Severity: 666 }, 'WARNING'],
    ['one that is no longer active', { 'ActiveState.Id': false }, 'NORMAL'],
    ['one that is switched off', { 'EnabledState.Id': false }, 'NORMAL'],
    ['one without an active state that is retained', { 'ActiveState.Id': null }, 'FAULT'],
    ['one without an active state that is not', { 'ActiveState.Id': null, Retain: false }, 'NORMAL'],
  ])('has a level: %s', (_, change, level) => {
    expect(readConditionEvent(event(change))?.value.level).toBe(level);
  });

  it('has the names of its source and its condition', () => {
    expect(readConditionEvent(event())).toMatchObject({
      path: 'Press/PressureHigh',
      value: { nativeCode: 'PressureHigh', nativeSeverity: '700', text: 'pressure is high' },
      sourceTs: '2026-01-02T03:04:05.000Z',
    });
    expect(readConditionEvent(event({ ConditionName: null, SourceName: '' }))).toMatchObject({
      path: 'ns=1;i=42',
      value: { nativeCode: 'ns=1;i=42' },
    });
  });

  it.each<[string, EventFields]>([
    ['of no condition', { ConditionId: null }],
    ['of an earlier occurrence', { BranchId: 'ns=1;g=0' }],
  ])('is none that is %s', (_, change) => {
    expect(readConditionEvent(event(change))).toBeNull();
  });
});

describe('the memory of conditions', () => {
  const told = (memory: ConditionMemory, change: EventFields, snapshot = false) =>
    memory
      .take('press-01', 0, readConditionEvent(event(change))!, snapshot)
      .map(({ value }) => value.action ?? value.level);

  it('tells how a condition stands and what was done to it, each once', () => {
    const memory = new ConditionMemory([]);
    expect(told(memory, {})).toEqual(['FAULT']);
    expect(told(memory, {})).toEqual([]);
    expect(told(memory, { 'AckedState.Id': true })).toEqual(['acknowledged']);
    expect(told(memory, { 'AckedState.Id': true, 'SuppressedState.Id': true })).toEqual(['suppressed']);
    expect(told(memory, { 'AckedState.Id': true, 'ShelvingState.CurrentState.Id': 'ns=0;i=2933' })).toEqual([
      'shelved',
      'unsuppressed',
    ]);
    expect(told(memory, { 'AckedState.Id': true })).toEqual(['unshelved']);
    expect(told(memory, { 'AckedState.Id': true, 'ConfirmedState.Id': true })).toEqual(['confirmed']);
    expect(told(memory, { 'ActiveState.Id': false, 'AckedState.Id': true, 'ConfirmedState.Id': true })).toEqual([
      'NORMAL',
    ]);
    expect(told(memory, {})).toEqual(['FAULT']);
  });

  it('takes no acknowledgement for one that a condition is raised with', () => {
    const memory = new ConditionMemory([]);
    expect(told(memory, { 'AckedState.Id': true, 'ConfirmedState.Id': true })).toEqual(['FAULT']);
    expect(told(new ConditionMemory([]), { 'AckedState.Id': true }, true)).toEqual(['FAULT', 'acknowledged']);
  });

  it('ends what the server no longer names, also after a restart', () => {
    const before = new ConditionMemory([]);
    told(before, {});
    told(before, { ConditionId: 'ns=1;i=43', ConditionName: 'Door' });
    const after = new ConditionMemory(JSON.parse(JSON.stringify(before.kept())));
    expect(after.refreshed('press-01', 1, [])).toEqual([]);
    const door = readConditionEvent(event({ ConditionId: 'ns=1;i=43', ConditionName: 'Door' }))!;
    const ended = { path: 'Press/PressureHigh', value: { level: 'NORMAL', nativeCode: 'PressureHigh' } };
    const stands = { path: 'Press/Door', value: { level: 'FAULT' } };
    expect(after.refreshed('press-01', 0, [door])).toMatchObject([stands, ended]);
    expect(after.refreshed('press-01', 0, [door])).toMatchObject([stands]);
  });

  it('knows a condition again that has another node id, and takes no other for it', () => {
    const memory = new ConditionMemory([]);
    told(memory, {});
    const read = (ConditionId: string) => readConditionEvent(event({ ConditionId }))!;
    const paths = (reads: Parameters<ConditionMemory['refreshed']>[2]) =>
      memory.refreshed('press-01', 0, reads).map(({ path, value }) => `${path} ${value.level}`);
    expect(paths([read('ns=2;i=7')])).toEqual(['Press/PressureHigh FAULT']);
    expect(paths([read('ns=2;i=7'), read('ns=2;i=8')])).toEqual([
      'Press/PressureHigh FAULT',
      'Press/PressureHigh#ns=2;i=8 FAULT',
    ]);
    expect(paths([])).toEqual(['Press/PressureHigh NORMAL', 'Press/PressureHigh#ns=2;i=8 NORMAL']);
  });

  it('keeps two conditions of the same name apart', () => {
    const memory = new ConditionMemory([]);
    const take = (ConditionId: string) =>
      memory.take('press-01', 0, readConditionEvent(event({ ConditionId }))!, false);
    expect([...take('ns=1;i=1'), ...take('ns=1;i=2')].map(({ path }) => path)).toEqual([
      'Press/PressureHigh',
      'Press/PressureHigh#ns=1;i=2',
    ]);
  });
});
