import { cpuMsOf } from '@millrace/test-environment';
import fc from 'fast-check';
import { isTypePattern, matchesType, parseTypePattern, patternsFor } from './type-pattern';

describe('isTypePattern', () => {
  it.each([
    ['*', true],
    ['machine.alarm', true],
    ['machine.*', true],
    ['machine', true],
    ['com.acme.order-v2_x:y/z.*', true],
    ['a'.repeat(128), true],
    ['', false],
    ['.*', false],
    ['*.*', false],
    ['machine*', false],
    ['mach*.alarm', false],
    ['*.alarm', false],
    ['machine.*.alarm', false],
    ['machine.**', false],
    ['machine..*', false],
    ['machine.', false],
    ['.machine', false],
    ['machine .alarm', false],
    ['machine.alarm\n', false],
    ['(a+)+$', false],
    ['a'.repeat(129), false],
  ])('%j -> %s', (text, valid) => {
    expect(isTypePattern(text)).toBe(valid);
  });

  it('takes no time over hostile text', () => {
    const hostile = ['a.'.repeat(64), `${'a'.repeat(127)}!`, 'a:/_-'.repeat(25)];
    expect(cpuMsOf(() => hostile.forEach(isTypePattern))).toBeLessThan(500);
  });
});

describe('matchesType', () => {
  it.each([
    ['*', 'machine.alarm', true],
    ['machine.*', 'machine.alarm', true],
    ['machine.*', 'machine.door.opened', true],
    ['machine.*', 'machine', false],
    ['machine.*', 'machine.', false],
    ['machine.*', 'machines.alarm', false],
    ['machine.*', 'Machine.alarm', false],
    ['machine.door.*', 'machine.door.opened', true],
    ['machine.door.*', 'machine.doors', false],
    ['machine.alarm', 'machine.alarm', true],
    ['machine.alarm', 'machine.alarm.x', false],
    ['machine.alarm', 'machineXalarm', false],
  ])('%s and %s: %s', (pattern, type, expected) => {
    expect(matchesType(parseTypePattern(pattern), type)).toBe(expected);
  });
});

describe('patternsFor', () => {
  it('lists the type, its prefixes from the longest, and the star', () => {
    expect(patternsFor('machine.door.opened')).toEqual(['machine.door.opened', 'machine.door.*', 'machine.*', '*']);
    expect(patternsFor('machine')).toEqual(['machine', '*']);
  });

  it('finds just the patterns that match, so that the index and the rule agree', () => {
    const word = fc.constantFrom('a', 'b', 'ab', 'machine');
    const dots = fc.constantFrom('.', '.', '.', '..');
    const type = fc
      .tuple(word, fc.array(fc.tuple(dots, word), { maxLength: 3 }), fc.constantFrom('', '', '.'))
      .map(([first, rest, end]) => first + rest.map((pair) => pair.join('')).join('') + end);
    const pattern = fc.oneof(
      type,
      type.map((text) => `${text}.*`),
      fc.constant('*'),
    );
    fc.assert(
      fc.property(type, pattern.filter(isTypePattern), (of, text) => {
        expect(patternsFor(of).includes(text)).toBe(matchesType(parseTypePattern(text), of));
      }),
      { numRuns: 2000 },
    );
  });
});
