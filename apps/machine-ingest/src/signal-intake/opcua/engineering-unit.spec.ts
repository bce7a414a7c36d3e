import { unitOf } from '@millrace/domain';
import { commonCodeOf, ucumOf } from './engineering-unit';

const UNECE = 'http://www.opcfoundation.org/UA/units/un/cefact';
const codeOf = (text: string): number => [...text].reduce((code, letter) => code * 256 + letter.charCodeAt(0), 0);

describe('a unit of OPC UA', () => {
  it.each([
    ['MMT', 'mm'],
    ['INH', '[in_i]'],
    ['FOT', '[ft_i]'],
    ['KGM', 'kg'],
    ['LBR', '[lb_av]'],
    ['CEL', 'Cel'],
    ['P1', '%'],
    ['4H', 'um'],
    ['2X', 'm/min'],
    ['SEC', 's'],
  ])('with the common code %s is %s', (code, ucum) => {
    const unit = { namespaceUri: UNECE, unitId: codeOf(code), displayName: '?' };
    expect(commonCodeOf(unit.unitId)).toBe(code);
    expect(ucumOf(unit)).toBe(ucum);
    expect(unitOf(ucum)).not.toBeNull();
  });

  it.each<[string, string | null]>([
    ['mm', 'mm'],
    ['"', '[in_i]'],
    ['°C', 'Cel'],
    ['kWh', 'kW.h'],
    ['furlong', null],
    ['', null],
  ])('with a table of its own goes by its text: %s', (displayName, ucum) => {
    expect(ucumOf({ namespaceUri: 'urn:vendor', unitId: -1, displayName })).toBe(ucum);
  });

  it('with a code that is not known here is none, whatever its text', () => {
    expect(ucumOf({ namespaceUri: UNECE, unitId: codeOf('HM'), displayName: 'm' })).toBeNull();
  });
});
