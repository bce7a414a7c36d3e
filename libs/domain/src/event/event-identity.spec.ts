import fc from 'fast-check';
import { eventKey, publicEventId } from './event-identity';

describe('eventKey', () => {
  it('is a function of tenant, source and id', () => {
    expect(eventKey('default', '/plant-1', 'A-1')).toBe(eventKey('default', '/plant-1', 'A-1'));
    expect(eventKey('default', '/plant-1', 'A-1')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('differs where one of the three differs, however they are cut', () => {
    const text = fc.string({ maxLength: 6 });
    const triple = fc.tuple(text, text, text);
    fc.assert(
      fc.property(triple, triple, (a, b) => {
        expect(eventKey(...a) === eventKey(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(eventKey('a', 'bc', 'd')).not.toBe(eventKey('ab', 'c', 'd'));
    expect(eventKey('a', '","', 'd')).not.toBe(eventKey('a', '', '","d'));
  });
});

describe('publicEventId', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const derived = 'evt_0123456789abcdef0123456789';
  it.each([
    ['ord_1', 'ord_1'],
    ['a3f1c9d2-7b1e-4c55-9d0a-1f2e3d4c5b6a', 'a3f1c9d2-7b1e-4c55-9d0a-1f2e3d4c5b6a'],
    ['17x', '17x'],
    ['17', derived],
    ['0', derived],
    ['a.b', derived],
    ['a b', derived],
    ['a,b', derived],
    ['ü', derived],
    ['a\nb', derived],
    ['ord_1\n', derived],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), derived],
  ])('of %j is %s', (sourceId, expected) => {
    expect(publicEventId(key, sourceId)).toBe(expected);
  });

  it('can always stand in a header and in the signed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (sourceId) => {
        expect(publicEventId(eventKey('t', 's', sourceId), sourceId)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });
});
