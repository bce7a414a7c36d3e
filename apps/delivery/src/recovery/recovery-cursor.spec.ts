import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './recovery-cursor';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the cursor', () => {
  it('comes back as it was, without what is read to its end', () => {
    const stretch = fc.record({
      topic: fc.constantFrom('t.events.mes', 't.events.order', '__proto__x'),
      partition: fc.nat({ max: 11 }),
      next: fc.bigInt({ min: 0n, max: 2n ** 52n }),
      end: fc.bigInt({ min: 0n, max: 2n ** 52n }),
    });
    fc.assert(
      fc.property(fc.array(stretch), fc.constantFrom('counting', 'sending'), fc.nat(), (all, phase, at) => {
        const back = decodeCursor(throughJson(encodeCursor({ phase: phase as 'counting', stretches: all, at })));
        const open = all.filter(({ next, end }) => next < end);
        expect(back).toMatchObject({ phase, at });
        expect(back!.stretches).toHaveLength(open.length);
        expect(back!.stretches).toEqual(expect.arrayContaining(open));
      }),
    );
  });

  it.each([
    [null],
    [undefined],
    ['text'],
    [[]],
    [{ v: 2, phase: 'counting', at: 1, stretches: {} }],
    [{ v: 1, phase: 'dreaming', at: 1, stretches: {} }],
    [{ v: 1, phase: 'counting', stretches: {} }],
    [{ v: 1, phase: 'counting', at: 1 }],
    [{ v: 1, phase: 'counting', at: 1, stretches: { t: 5 } }],
    [{ v: 1, phase: 'counting', at: 1, stretches: { t: [[0, 1]] } }],
    [{ v: 1, phase: 'counting', at: 1, stretches: { t: [[0, -1, 5]] } }],
    [{ v: 1, phase: 'counting', at: 1, stretches: { t: [[0, '1', 5]] } }],
  ])('row %#: what is none is none', (value) => {
    expect(decodeCursor(value)).toBeNull();
  });
});
