import { clientIdOf } from './client-id';

describe('the client id of a source', () => {
  const idOf = (tenant: string, name: string) => clientIdOf({}, tenant, name);

  it('is that of the settings, where they say one', () => {
    expect(clientIdOf({ clientId: 'plant-7' }, 'a', 'b')).toBe('plant-7');
  });

  it.each([
    ['where the names lie differently', ['a-b', 'c'], ['a', 'b-c']],
    ['of names with the same signs left out', ['a', 'b c'], ['a', 'b/c']],
    ['of long names', ['a', 'b'.repeat(200)], ['a', `${'b'.repeat(199)}c`]],
  ])('is another one %s', (_, one, other) => {
    expect(idOf(one[0]!, one[1]!)).not.toBe(idOf(other[0]!, other[1]!));
  });

  it('is the same each time, and made of what every broker takes', () => {
    expect(idOf('default', 'press line/1')).toMatch(/^millrace-default-press-line-1-[0-9a-f]{8}$/);
    expect(idOf('default', 'press')).toBe(idOf('default', 'press'));
    expect(idOf('t'.repeat(64), 's'.repeat(128)).length).toBeLessThanOrEqual(128);
  });
});
