import { always, atMost, row } from './part';
import { broken, printed } from './print-table';

describe('a table', () => {
  it('has its values below their heads, and says what was reached', () => {
    const text = printed({
      columns: ['1 endpoint', '100'],
      rows: [
        { name: 'rate', values: ['9000', '12'], target: atMost(3, 2) },
        { name: 'a longer name', values: ['1', '2'] },
      ],
      notes: ['as measured'],
    });
    expect(text.split('\n')).toEqual([
      '                 1 endpoint  100',
      '  rate                 9000   12  ✗ target ≤ 2',
      '  a longer name           1    2',
      '  as measured',
    ]);
  });

  it('fails by what must always hold alone', () => {
    const rows = [
      row('missed', '3', atMost(3, 2)),
      row('lost', '3', always(atMost(3, 0))),
      row('kept', '0', always(atMost(0, 0))),
    ];
    expect(broken({ rows }).map(({ name }) => name)).toEqual(['lost']);
  });
});
