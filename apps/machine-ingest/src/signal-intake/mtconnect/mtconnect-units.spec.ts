import { unitOf } from '@millrace/domain';
import { MTCONNECT_UNITS, ucumOf } from './mtconnect-units';

describe('units of MTConnect', () => {
  it.each(MTCONNECT_UNITS)('%s is a unit that a mapping may declare', (units) => {
    expect(unitOf(ucumOf(units) as string)).not.toBeNull();
  });

  it('are not guessed', () => {
    expect(ucumOf('x:METER')).toBeNull();
  });
});
