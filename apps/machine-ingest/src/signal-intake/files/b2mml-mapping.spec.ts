import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { describeRecordings, recordingPath } from '../../test-support/recordings';
import { b2mmlRows } from './b2mml-rows';
import { type FilesSettingsOf, filesSettings } from './files-settings';

const mapping = readMapping(
  readFileSync(join(__dirname, '../../../../../libs/machine-mapping/examples/b2mml.yaml'), 'utf8'),
);
const settings = filesSettings.parse({
  format: 'b2mml',
  folder: '/srv/drop',
  machine: 'erp',
}) as FilesSettingsOf<'b2mml'>;
const FILES = [
  'MAT-20121210170256-CRBN0001.xml',
  'LOT-20121210170718-0001L0001.xml',
  'INV-20121210175555-0001L0001_01.xml',
  'PRO-20121210181416-27942.xml',
  'PES-20121229115825-53107.xml',
];

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

describeRecordings('the files of a plant, under the example mapping of B2MML', () => {
  const signalsOf = async (name: string): Promise<Signal[]> => {
    const content = readFileSync(recordingPath('b2mml-courbon', name));
    const place = { tenant: 'acme', source: 'erp', session: name, clock: () => Date.parse('2012-12-29T12:00:00Z') };
    const signals: Signal[] = [];
    for await (const row of b2mmlRows(settings, once(content), place))
      if (row.kind === 'signals') signals.push(...row.signals);
    return signals;
  };

  it('tell of work orders, operations and material, each fact once, at its own time', async () => {
    if (mapping.kind !== 'mapping') throw new Error(JSON.stringify(mapping));
    const signals = (await Promise.all([...FILES, ...FILES].map(signalsOf))).flat();
    const again = signals.map((signal, n) =>
      n < signals.length / 2 ? signal : { ...signal, session: `${signal.session}-2` },
    );
    const { events } = dryRun(mapping.machines, again, { tenant: 'acme' });
    expect(
      events.map(({ event }) => {
        const { workOrder, operation, material, lot } = JSON.parse(event.data);
        return [event.type, event.time, workOrder ?? operation ?? material ?? lot];
      }),
    ).toEqual([
      ['inventory.lot_reported', '2012-12-10T17:07:18.0Z', { id: 'CRBN0001_LOT01', material: 'CRBN0001' }],
      ['inventory.lot_reported', '2012-12-10T17:55:54.0Z', { id: 'CRBN0001_LOT01', material: 'CRBN0001' }],
      [
        'inventory.lot_blocked',
        '2012-12-10T17:55:54.0Z',
        { id: 'CRBN0001_LOT01_01', of: 'CRBN0001_LOT01', quantity: 24.91, unit: 'KG' },
      ],
      ['work_order.created', '2009-12-10T17:14:16.0Z', { id: '258456', orderNumber: '258456' }],
      ['operation.started', '2012-11-29T11:58:25.3149559+01:00', { id: 'Weighing', workOrderId: '53107' }],
      [
        'inventory.material_consumed',
        '2012-11-29T11:58:25.3149559+01:00',
        { id: 'CRBN0001', quantity: 0.41, unit: 'KG', lotNumber: 'CRBN0001_LOT01', workOrderId: '53107' },
      ],
    ]);
  });
});
