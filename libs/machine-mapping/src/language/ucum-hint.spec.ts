import { unitCodes, unitOf } from '@millrace/domain';
import { meantUnit, wrongUnit } from './ucum-hint';

describe('a unit that is no UCUM code', () => {
  it.each([
    ['inch', '[in_i]'],
    ['in', '[in_i]'],
    ['"', '[in_i]'],
    ['IN', '[in_i]'],
    ['ft', '[ft_i]'],
    ["'", '[ft_i]'],
    ['lb', '[lb_av]'],
    ['lbs', '[lb_av]'],
    ['MM', 'mm'],
    ['°C', 'Cel'],
    ['pcs', '{piece}'],
    ['rpm', '/min'],
    ['[in_l]', '[in_i]'],
    ['kwh', 'kW.h'],
  ])('%s probably means %s', (word, meant) => {
    expect(meantUnit(word)).toBe(meant);
    expect(unitOf(meant)).not.toBeNull();
    expect(wrongUnit(word)).toContain(`did you mean '${meant}'?`);
  });

  it('is told with the units that there are, where nothing is near', () => {
    expect(wrongUnit('furlong')).toMatch(/units are mm, um/);
    expect(wrongUnit('parsec', 'length')).toMatch(
      /units of length are mm, um, cm, dm, m, km, \[in_i\], \[ft_i\], \[yd_i\]$/,
    );
    expect(wrongUnit('kg', 'length')).toMatch(/'kg' is a unit of mass, and one of length is needed/);
    for (const code of unitCodes()) expect(wrongUnit(code)).toBeNull();
  });
});
