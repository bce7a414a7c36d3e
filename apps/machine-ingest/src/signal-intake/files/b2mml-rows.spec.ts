import { readFileSync } from 'node:fs';
import { describeRecordings, recordingPath } from '../../test-support/recordings';
import { b2mmlRows } from './b2mml-rows';
import type { FileRow } from './file-row';
import { type FilesSettingsOf, filesSettings } from './files-settings';

const settings = filesSettings.parse({
  format: 'b2mml',
  folder: '/srv/drop',
  machine: 'erp',
}) as FilesSettingsOf<'b2mml'>;
const place = { tenant: 'acme', source: 'erp', session: 's', clock: () => Date.parse('2026-02-17T13:00:00Z') };

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
const read = async (content: string | Buffer) => {
  const rows: FileRow[] = [];
  for await (const row of b2mmlRows(settings, once(Buffer.from(content)), place)) rows.push(row);
  return rows.map((row) => {
    if (row.kind === 'wrong') throw new Error(row.detail);
    return row.signals[0]!;
  });
};
const recording = (name: string) => read(readFileSync(recordingPath('b2mml-courbon', name)));

const quantity = (text: string) => ({ QuantityString: text, DataType: 'decimal', UnitOfMeasure: 'KG' });
const flag = (ID: string, ValueString: string, DataType = 'string') => ({
  ID,
  Value: [{ ValueString, DataType, UnitOfMeasure: '' }],
});

describeRecordings('the B2MML files of a plant', () => {
  it('PRO: a schedule is its requests, with all that they hold', async () => {
    const signals = await recording('PRO-20121210181416-27942.xml');
    expect(signals.map(({ path }) => path)).toEqual(['ProductionRequest']);
    expect(signals[0]).toMatchObject({
      machine: 'erp',
      type: 'json',
      sourceTs: '2009-12-10T17:14:16.0Z',
      seq: 0,
      session: 's',
    });
    const consumed = (id: string, box: string, amount: string, index: string) => ({
      MaterialDefinitionID: id,
      Location: { EquipmentID: box, EquipmentElementLevel: 'WorkCell' },
      MaterialUse: 'Consumed',
      Quantity: quantity(amount),
      MaterialRequirementProperty: [flag('Indice', index, 'integer')],
    });
    const packed = (id: string, subLot: string, amount: string) => ({
      MaterialDefinitionID: id,
      MaterialLotID: `${id}_LOT01`,
      MaterialSubLotID: subLot,
      Quantity: quantity(amount),
    });
    expect(signals[0]!.value).toEqual({
      Message: { Verb: 'Sync', CreationDateTime: '2009-12-10T17:14:16.0Z', Sender: 'DEV130', Position: 1 },
      ID: '258456',
      SegmentRequirement: [
        {
          ID: '0010',
          MaterialRequirement: [
            {
              MaterialDefinitionID: 'SO1215',
              Description: ['Final 1215'],
              MaterialUse: 'Produced',
              Quantity: quantity('1.000'),
            },
          ],
          SegmentRequirement: [
            {
              ProcessSegmentID: 'Weighing',
              ProductionParameter: [
                { Parameter: [{ ID: 'Center', Value: [{ ValueString: '3', DataType: 'Text', UnitOfMeasure: '' }] }] },
              ],
              MaterialRequirement: [
                consumed('CRBN0001', 'BOX3', '5.000', '0010'),
                consumed('CRBN0002', 'BOX1', '50.000', '0020'),
                consumed('CRBN0001', 'BOX3', '811.000', '0030'),
                consumed('CRBN0003', 'BOX4', '100.000', '0040'),
              ],
              SegmentRequirement: [
                {
                  ProcessSegmentID: 'Contenair',
                  MaterialRequirement: [
                    packed('CRBN0001', '412345670000003212', '199.910'),
                    packed('CRBN0002', '412345670021003212', '2152.3'),
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('PES: a performance is its responses, segments and what was used in them', async () => {
    const signals = await recording('PES-20121229115825-53107.xml');
    expect(signals.map(({ path, seq }) => [path, seq])).toEqual([
      ['ProductionResponse', 0],
      ['SegmentResponse', 1],
      ['MaterialActual', 2],
    ]);
    expect(signals[0]!.sourceTs).toBe('2012-11-29T11:58:25.3149559+01:00');
    const created = '2012-11-29T11:58:25.3149559+01:00';
    const Message = (Position: number) => ({ Verb: 'Sync', CreationDateTime: created, Sender: null, Position });
    expect(signals[0]!.value).toEqual({ Message: Message(1), ID: '53107' });
    expect(signals[1]!.value).toEqual({ Message: Message(2), ProductionResponseID: '53107', ID: 'Weighing' });
    expect(signals[2]!.value).toEqual({
      Message: Message(3),
      ProductionResponseID: '53107',
      SegmentResponseID: 'Weighing',
      MaterialDefinitionID: 'CRBN0001',
      MaterialLotID: 'CRBN0001_LOT01',
      MaterialSubLotID: '430147330000056734',
      MaterialUse: 'Consumed',
      Quantity: quantity('0.41'),
      MaterialActualProperty: [flag('EmptyFlag', '0'), flag('Indice', '0010'), flag('CompleteFlag', '0')],
    });
  });

  it('LOT: a lot with what is known of it', async () => {
    const signals = await recording('LOT-20121210170718-0001L0001.xml');
    expect(signals.map(({ path }) => path)).toEqual(['MaterialLot']);
    expect(signals[0]!.value).toEqual({
      Message: { Verb: 'Sync', CreationDateTime: '2012-12-10T17:07:18.0Z', Sender: 'DEV130', Position: 1 },
      MaterialInformationID: 'CRBN0001',
      ID: 'CRBN0001_LOT01',
      Status: 'Valid',
      MaterialLotProperty: [flag('ExpiryDate', '2013-12-08T00:00:00.0Z', 'DateTime')],
    });
  });

  it('INV: what there is of a lot', async () => {
    const signals = await recording('INV-20121210175555-0001L0001_01.xml');
    expect(signals.map(({ path }) => path)).toEqual(['MaterialLot', 'MaterialSubLot']);
    expect(signals[1]!.value).toEqual({
      Message: { Verb: 'Sync', CreationDateTime: '2012-12-10T17:55:54.0Z', Sender: 'DEV130', Position: 2 },
      MaterialInformationID: 'CRBN0001',
      MaterialLotID: 'CRBN0001_LOT01',
      ID: 'CRBN0001_LOT01_01',
      Status: 'NotValid',
      Quantity: quantity('24.910'),
    });
  });

  it('MAT: a material', async () => {
    const signals = await recording('MAT-20121210170256-CRBN0001.xml');
    expect(signals.map(({ path }) => path)).toEqual(['MaterialDefinition']);
    expect(signals[0]!.value).toEqual({
      Message: { Verb: 'Sync', CreationDateTime: '2012-12-10T17:02:56.0Z', Sender: 'DEV130', Position: 1 },
      ID: 'CRBN0001',
      Description: ['Product Courbon0001'],
      MaterialDefinitionProperty: [
        flag('BaseUnitOfMeasure', 'KG', 'Text'),
        {
          ID: 'HazardousMaterialWarning',
          Value: [
            { ValueString: 'C', DataType: 'Text', UnitOfMeasure: '' },
            { ValueString: 'XN', DataType: 'Text', UnitOfMeasure: '' },
          ],
        },
      ],
    });
  });
});

const NS = 'xmlns="http://www.mesa.org/xml/B2MML-V0600"';

it('reads a document under a prefix, and one that is no transaction', async () => {
  const prefixed = await read(
    `<b:ChangeProductionSchedule xmlns:b="http://www.mesa.org/xml/B2MML"><b:DataArea><b:Change/><b:ProductionSchedule><b:ID>S</b:ID><b:ProductionRequest><b:ID>00217</b:ID></b:ProductionRequest><b:ProductionRequest><b:ID>0x1E87</b:ID></b:ProductionRequest></b:ProductionSchedule></b:DataArea></b:ChangeProductionSchedule>`,
  );
  expect(prefixed.map(({ value }) => value)).toMatchObject([
    { Message: { Verb: 'Change' }, ProductionScheduleID: 'S', ID: '00217' },
    { ID: '0x1E87' },
  ]);
  const bare = await read(
    `<ProductionPerformance ${NS}><ProductionResponse><ID>1</ID></ProductionResponse></ProductionPerformance>`,
  );
  expect(bare.map(({ path }) => path)).toEqual(['ProductionResponse']);
});

it('reads schedules and performance of operations, and of the work orders below them', async () => {
  const of = async (root: string, inner: string) => {
    const text = `<${root} ${NS}><DataArea><Sync/>${inner}</DataArea></${root}>`;
    return (await read(text)).map(({ path, value }) => [path, value]);
  };
  const Message = expect.anything();
  expect(
    await of(
      'SyncOperationsSchedule',
      '<OperationsSchedule><ID>S</ID><OperationsRequest><ID>1</ID><SegmentRequirement><ID>a</ID></SegmentRequirement></OperationsRequest><OperationsRequest><ID>2</ID></OperationsRequest></OperationsSchedule>',
    ),
  ).toEqual([
    ['OperationsRequest', { Message, OperationsScheduleID: 'S', ID: '1', SegmentRequirement: [{ ID: 'a' }] }],
    ['OperationsRequest', { Message, OperationsScheduleID: 'S', ID: '2' }],
  ]);
  expect(
    await of(
      'SyncOperationsPerformance',
      `<OperationsPerformance><OperationsResponse><ID>R</ID><OperationsRequestID>1</OperationsRequestID>
       <SegmentResponse><ID>s</ID><SegmentData><ID>d</ID></SegmentData><MaterialActual><MaterialUse>Consumed</MaterialUse></MaterialActual>
       <SegmentResponseChild><ID>t</ID></SegmentResponseChild></SegmentResponse></OperationsResponse></OperationsPerformance>`,
    ),
  ).toEqual([
    ['OperationsResponse', { Message, ID: 'R', OperationsRequestID: '1' }],
    [
      'SegmentResponse',
      { Message, OperationsResponseID: 'R', OperationsRequestID: '1', ID: 's', SegmentData: [{ ID: 'd' }] },
    ],
    [
      'MaterialActual',
      { Message, OperationsResponseID: 'R', OperationsRequestID: '1', SegmentResponseID: 's', MaterialUse: 'Consumed' },
    ],
    [
      'SegmentResponse',
      { Message, OperationsResponseID: 'R', OperationsRequestID: '1', SegmentResponseID: 's', ID: 't' },
    ],
  ]);
  expect(
    await of('SyncJobList', '<JobList><ID>L</ID><JobOrder><ID>7</ID><Command>Start</Command></JobOrder></JobList>'),
  ).toEqual([['JobOrder', { Message, JobListID: 'L', ID: '7', Command: 'Start' }]]);
  expect(
    await of(
      'SyncWorkPerformance',
      `<WorkPerformance><ID>P</ID><WorkResponse><ID>w</ID><JobResponse><ID>j</ID><JobOrderID>7</JobOrderID><JobState>Completed</JobState>
       <MaterialActual><MaterialLotID>X</MaterialLotID></MaterialActual></JobResponse></WorkResponse></WorkPerformance>`,
    ),
  ).toEqual([
    ['WorkResponse', { Message, WorkPerformanceID: 'P', ID: 'w' }],
    [
      'JobResponse',
      { Message, WorkPerformanceID: 'P', WorkResponseID: 'w', ID: 'j', JobOrderID: '7', JobState: 'Completed' },
    ],
    [
      'MaterialActual',
      { Message, WorkPerformanceID: 'P', WorkResponseID: 'w', JobResponseID: 'j', JobOrderID: '7', MaterialLotID: 'X' },
    ],
  ]);
});

it('takes names of the prototype for names', async () => {
  const [signal] = await read(
    `<Equipment ${NS}><__proto__><polluted>1</polluted></__proto__><constructor>2</constructor></Equipment>`,
  );
  expect(JSON.stringify(signal!.value)).toContain('"constructor":"2"');
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
});

it.each([
  ['an external entity', `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a ${NS}>&x;</a>`, 'doctype'],
  [
    'a bomb of entities',
    `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a ${NS}>&b;</a>`,
    'doctype',
  ],
  ['a DTD elsewhere', `<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a ${NS}/>`, 'doctype'],
  ['an unknown entity', `<a ${NS}>&x;</a>`, 'malformed'],
  ['no end', `<a ${NS}><b>`, 'truncated'],
  ['crossed tags', `<a ${NS}><b></a></b>`, 'malformed'],
  ['much nesting', `<a ${NS}>${'<b>'.repeat(1_000)}`, 'too_large'],
  ['another namespace', '<html><body>502 Bad Gateway</body></html>', 'not_b2mml'],
  ['nothing', '', 'malformed'],
  ['nothing to say', `<SyncProductionSchedule ${NS}><DataArea><Sync/></DataArea></SyncProductionSchedule>`, 'empty'],
  ['bytes that are no text', Buffer.from([0x3c, 0xff, 0xfe]), 'malformed'],
])('a document with %s is refused whole', async (_, content, code) => {
  await expect(read(content)).rejects.toMatchObject({ name: 'FileRefused', code });
});
