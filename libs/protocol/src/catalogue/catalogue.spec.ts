import { OPERATIONAL_TYPES } from '@millrace/domain';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { moduleOfType } from '../topics/event-routing';
import type { BuiltInEventType } from './built-in-event-type';
import { BUILT_IN_EVENT_TYPES, builtInEventType } from './catalogue';
import { OPERATIONAL_EVENT_TYPES } from './operations';

const ajv = addFormats(new Ajv({ strict: true, strictTypes: false, allErrors: true }));
const all = BUILT_IN_EVENT_TYPES.map((type) => [type.name, type] as const);

const problemsOf = (type: BuiltInEventType, data: unknown): string[] => {
  const validate = ajv.compile(type.schema);
  validate(data);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};
const names = (text: string): string[] =>
  text
    .trim()
    .split(/\s+/)
    .flatMap((word) => {
      const set = /^(.*)\{(.*)\}(.*)$/.exec(word);
      return set ? set[2]!.split(',').map((each) => `${set[1]}${each}${set[3]}`) : [word];
    });

/** As the documents of the five systems list them. */
const SYSTEMS = {
  proign: names(`order.{created,picked,packed,shipped} sale.{recorded,approved} redemption.created
    document.{sent,viewed,signed,declined} ticket.{created,replied,resolved} stock.{low,adjusted} transfer.completed
    campaign.{sent,completed} contact.unsubscribed qr.{scanned,threshold_reached} certificate.{uploaded,expiring}
    warranty.registered claim.submitted tradein.{submitted,approved} catalog.generated shopify.sync_completed
    machine.{alarm,status_changed} production.run_completed`),
  mes: names(`work_order.{created,started,completed,updated} operation.{started,completed}
    quality.{inspection_complete,ncr_created} inventory.{material_allocated,material_consumed}`),
  nentropy: names(`supplier.{created,updated,deleted} product.{created,updated,deleted} batch.{created,updated,deleted}
    sync.{completed,failed} dds.{status_changed,submitted,approved}`),
  eclips: names('run.{completed,failed,triage_required}'),
  eclipse: ['bundle.completed'],
};

test.each([
  ['proign', 33],
  ['mes', 10],
  ['nentropy', 14],
  ['eclips', 3],
  ['eclipse', 1],
] as const)('the types of %s are in the catalogue, all %i', (system, count) => {
  expect(new Set(SYSTEMS[system]).size).toBe(count);
  expect(SYSTEMS[system].filter((name) => builtInEventType(name) === undefined)).toEqual([]);
});

test('no name is there twice, and each has its module', () => {
  expect(new Set(BUILT_IN_EVENT_TYPES.map(({ name }) => name)).size).toBe(BUILT_IN_EVENT_TYPES.length);
  for (const { name } of BUILT_IN_EVENT_TYPES) expect([name, moduleOfType(name)]).not.toEqual([name, 'custom']);
});

test('each operational event is in the catalogue', () => {
  expect(OPERATIONAL_EVENT_TYPES.map(({ name }) => name).sort()).toEqual([...OPERATIONAL_TYPES].sort());
});

test.each(all)('the example of %s fits its schema', (_, type) => {
  expect(problemsOf(type, type.example)).toEqual([]);
});

test.each(all)('%s takes members that it does not name, and refuses data without what it requires', (_, type) => {
  const required = type.schema['required'] as string[];
  expect(required.length).toBeGreaterThan(0);
  expect(problemsOf(type, { ...type.example, of_tomorrow: [1] })).toEqual([]);
  for (const name of required) {
    const { [name]: _gone, ...rest } = type.example;
    expect(problemsOf(type, rest)).toEqual([` must have required property '${name}'`]);
  }
});

test.each(all)('the example of %s shows nothing that the schema does not describe', (_, type) => {
  const described = Object.keys(type.schema['properties'] as object);
  expect(Object.keys(type.example).filter((name) => !described.includes(name))).toEqual([]);
});

/** Payloads that the documents of the systems show. */
test.each([
  [
    'order.shipped',
    {
      order_id: 'ord_123',
      tracking_number: '1Z999AA10123456784',
      carrier: 'UPS',
      shipped_at: '2024-01-15T10:30:00Z',
    },
  ],
  [
    'work_order.created',
    { workOrder: { id: 'wo-123', orderNumber: 'WO-2024-001', product: 'Widget A', quantity: 100 } },
  ],
  [
    'work_order.completed',
    {
      workOrder: {
        id: 'wo-123',
        orderNumber: 'WO-2024-001',
        status: 'COMPLETED',
        completedQuantity: 100,
        completionDate: '2024-01-15T14:30:00Z',
      },
    },
  ],
  ['work_order.completed', { workOrder: { id: 'wo-123', status: 'COMPLETED' } }],
  ['supplier.created', { externalId: 'VENDOR-001', internalId: 'clx...' }],
  [
    'run.completed',
    {
      run_id: 'a1b2c3d4-0000-4000-8000-000000000000',
      agent_type: 'procurement_specialist',
      organization_id: 'org_…',
      output: { recommended: 'Dell' },
      confidence_score: 0.94,
      requires_triage: false,
      triage_item_id: null,
      error: null,
    },
  ],
])('what is documented for %s fits its schema', (name, documented) => {
  expect(problemsOf(builtInEventType(name)!, documented)).toEqual([]);
});

/** As the documentation of the system shows it. */
const BUNDLE = String.raw`{
"JobId": "Jobs/12345",
"OrdId": 12345,
"OrderCode": "WO-1001",
"MaterialCode": "26GA-FG",
"ToolingCode": "CLASSIC RIB",
"WorkOrder": "WO-1001",
"BundleNumber": 1,
"BundleCode": "12345-01",
"ExpectedBundleCount": 3,
"BundleSequence": 1,
"ProducedLengthIn": 14400.0,
"ConsumedLengthIn": 14520.0,
"GoodIn": 14400.0,
"ScrapIn": 120.0,
"ReclaimedIn": 0.0,
"TotalQty": 50,
"TotalLbs": 3924.0,
"StartTime": "2026-02-17T08:00:00",
"Complete": true,
"EndTime": "2026-02-17T09:30:00",
"RunMinutes": 72.5,
"DelayMinutes": 17.5,
"ShortestLengthIn": 120.0,
"LongestLengthIn": 360.0,
"FinalMachineNumber": 1,
"Items": [
{
"ItmId": 67890,
"Quantity": 25,
"QuantityDone": 25,
"LengthIn": 240.0,
"PatternName": "PATTERN-1",
"PatternNumber": 1,
"PieceMark": "A1",
"Sequence": 1
}
],
"CoilsUsed": [
{
"CoilSerialNumber": "COIL-001",
"CoilMaterialCode": "26GA-FG",
"ProducedLengthIn": 14400.0,
"ConsumedLengthIn": 14520.0,
"GoodIn": 14400.0,
"ScrapIn": 120.0,
"ReclaimedIn": 0.0,
"CoilHeatNumber": "H12345"
}
],
"ScrapInByReason": { "1": 80.0, "3": 40.0 },
"DelayMinByReason": { "2": 10.0, "5": 7.5 },
"Job": {
"SalesOrder": "SO-12345",
"CustomerName": "Acme Roofing",
"CustomerNumber": "CUST-100",
"CustomerPO": "PO-9876",
"RequiredDate": "2026-02-20T00:00:00",
"TruckNumber": "T-42",
"StagingBay": "Bay 3"
},
"Material": {
"MaterialCode": "26GA-FG",
"Description": "26GA FOREST GREEN",
"Gauge": 26,
"Color": "FOREST GREEN",
"WidthIn": 36.0,
"LbsPerFt": 2.616,
"ThicknessIn": 0.018
},
"Tooling": {
"ToolingCode": "CLASSIC RIB",
"Description": "CLASSIC RIB 36\"",
"FinishedWidthIn": 36.0,
"ToolingGroup": "Classic Rib"
}
}`;

test('the example of a bundle is the one that is documented, and members that the document leaves out pass', () => {
  const bundle = builtInEventType('bundle.completed')!;
  expect(bundle.example).toEqual(JSON.parse(BUNDLE));
  // `integrity` is Millrace's own, and does not go out under the contract.
  expect(Object.keys(bundle.schema['properties'] as object).sort()).toEqual(
    [...Object.keys(bundle.example), 'integrity'].sort(),
  );
  expect(problemsOf(bundle, { ...bundle.example, User1: 'x', ShipTo: { City: 'Waco' } })).toEqual([]);
  expect(problemsOf(bundle, { ...bundle.example, StartTime: 'yesterday' })).toHaveLength(1);
});
