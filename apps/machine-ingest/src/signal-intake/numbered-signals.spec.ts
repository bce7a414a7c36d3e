import { NumberedSignals } from './numbered-signals';

const AT = Date.UTC(2026, 1, 17, 13);

class Written extends NumberedSignals {
  gap(machine: string, what: { readonly [name: string]: unknown }, ref?: string) {
    return this.lost(machine, AT, what, ref);
  }
  value(machine: string, clock?: string) {
    return this.write(machine, AT, { path: 'Temp', kind: 'sample', value: 1, type: 'double', ref: 'ns=1;i=1', clock });
  }
}

const begin = () => {
  const time = { now: 0 };
  const written = new Written({ tenant: 'default', source: 'press', proto: 'ua' }, () => time.now);
  return { time, written };
};

it('numbers all that is written of a machine within a session, and begins anew with the next', () => {
  const { written } = begin();
  const numbers = (): string[] =>
    [
      written.lifecycle('M-1', 'connected', AT),
      written.value('M-1'),
      written.value('M-2'),
      written.gap('M-1', { polls: 3 }),
    ].map(({ machine, session, seq }) => `${machine} ${session}/${seq}`);
  written.enter('one');
  expect(numbers()).toEqual(['M-1 one/0', 'M-1 one/1', 'M-2 one/0', 'M-1 one/2']);
  written.enter('one');
  expect(written.value('M-1').seq).toBe(3);
  written.enter('two');
  expect([numbers(), written.session]).toEqual([['M-1 two/0', 'M-1 two/1', 'M-2 two/0', 'M-1 two/2'], 'two']);
});

it('says of a loss what is known of it, and that nobody can say which numbers are missing', () => {
  const { written } = begin();
  const { path, kind, type, value, raw } = written.gap('M-1', { kind: 'messages', first: 7, lost: 2 });
  expect({ path, kind, type, raw }).toEqual({
    path: '$gap',
    kind: 'lifecycle',
    type: 'json',
    raw: { proto: 'ua', ref: '$gap' },
  });
  expect(JSON.stringify(value)).toBe('{"from":null,"to":null,"lost":2,"kind":"messages","first":7}');
  expect(written.gap('M-1', {}, 'Press/Count').raw.ref).toBe('Press/Count');
});

it.each([
  [undefined, 'millrace'],
  ['ua:press', 'ua:press'],
])('has the clock %j as %s', (clock, expected) => {
  expect(begin().written.value('M-1', clock).clock).toBe(expected);
});

it('knows for how long nothing was written of a machine', () => {
  const { time, written } = begin();
  expect(written.silenceOf('M-1')).toBe(Number.POSITIVE_INFINITY);
  written.lifecycle('M-1', 'alive', AT);
  time.now = 4_000;
  written.value('M-2');
  expect([written.silenceOf('M-1'), written.silenceOf('M-2')]).toEqual([4_000, 0]);
});
