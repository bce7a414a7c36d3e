import type { BuiltInEventType } from './built-in-event-type';
import { amount, count, data, flag, id, listOf, type Members, object, oneOf, orNull, text, time } from './schema-words';

const WORK_ORDER_STATES = ['CREATED', 'RELEASED', 'IN_PROGRESS', 'ON_HOLD', 'COMPLETED', 'CANCELLED'];
const workOrder: Members = {
  orderNumber: text('The number that people know it by.'),
  status: oneOf(WORK_ORDER_STATES, 'Where it stands.'),
  product: text('What is made.'),
  quantity: count('How many are wanted.'),
  dueDate: time('When it is due.'),
};
const ofWorkOrder = (more: Members = {}, beside: Members = {}) =>
  data({ workOrder: object({ id: id('The work order.') }, { ...workOrder, ...more }) }, beside);
const order = { id: 'wo-123', orderNumber: 'WO-2024-001' };

const operation = (always: Members, sometimes: Members = {}) =>
  data({
    operation: object(
      { id: id('The operation.'), workOrderId: id('Its work order.') },
      {
        name: text('What is done.'),
        sequence: count('Its place in the routing.'),
        workCenter: text('Where.'),
        ...always,
        ...sometimes,
      },
    ),
  });

const material = (more: Members) =>
  data({
    material: object(
      { id: id('The material.'), quantity: amount('How much.') },
      {
        partNumber: text('Its number.'),
        unit: text('In which unit.'),
        lotNumber: orNull(text('Its lot.')),
        workOrderId: text('For which work order.'),
        ...more,
      },
    ),
  });

/** Work orders, operations, quality and material (MachShop MES). */
export const MES_EVENT_TYPES: readonly BuiltInEventType[] = [
  {
    name: 'work_order.created',
    version: 1,
    description: 'There is a new work order.',
    schema: ofWorkOrder(),
    example: { workOrder: { ...order, product: 'Widget A', quantity: 100 } },
  },
  {
    name: 'work_order.started',
    version: 1,
    description: 'Production of a work order began.',
    schema: ofWorkOrder({ startTime: time('When.') }),
    example: { workOrder: { ...order, status: 'IN_PROGRESS', startTime: '2024-01-15T10:45:00Z' } },
  },
  {
    name: 'work_order.completed',
    version: 1,
    description: 'Production of a work order is done; `completedQuantity` says how much of it.',
    schema: ofWorkOrder({ completedQuantity: count('How many were made.'), completionDate: time('When.') }),
    example: {
      workOrder: {
        ...order,
        status: 'COMPLETED',
        completedQuantity: 100,
        completionDate: '2024-01-15T14:30:00Z',
      },
    },
  },
  {
    name: 'work_order.updated',
    version: 1,
    description: 'Something of a work order changed; `changes` says what, from what, to what.',
    schema: ofWorkOrder(
      {},
      {
        changes: listOf(
          object(
            { field: text('The name of the field.') },
            { previous: { description: 'What it was.' }, current: { description: 'What it is.' } },
          ),
          'What changed.',
        ),
      },
    ),
    example: {
      workOrder: { ...order, status: 'RELEASED', product: 'Widget A', quantity: 120 },
      changes: [{ field: 'quantity', previous: 100, current: 120 }],
    },
  },
  {
    name: 'operation.started',
    version: 1,
    description: 'An operation of a work order began.',
    schema: operation({ startTime: time('When.') }),
    example: {
      operation: { id: 'op-456', workOrderId: 'wo-123', name: 'Bend', sequence: 20, startTime: '2024-01-15T11:00:00Z' },
    },
  },
  {
    name: 'operation.completed',
    version: 1,
    description: 'An operation of a work order is finished, with its duration.',
    schema: operation({
      startTime: time('When it began.'),
      endTime: time('When it ended.'),
      durationSeconds: amount('How long it took.'),
      completedQuantity: count('How many came out well.'),
      scrappedQuantity: count('How many did not.'),
    }),
    example: {
      operation: {
        id: 'op-456',
        workOrderId: 'wo-123',
        name: 'Bend',
        sequence: 20,
        workCenter: 'BRAKE-2',
        startTime: '2024-01-15T11:00:00Z',
        endTime: '2024-01-15T12:10:00Z',
        durationSeconds: 4200,
        completedQuantity: 98,
        scrappedQuantity: 2,
      },
    },
  },
  {
    name: 'quality.inspection_complete',
    version: 1,
    description: 'An inspection is done; `passed` says how it went.',
    schema: data({
      inspection: object(
        { id: id('The inspection.'), passed: flag('It passed.') },
        {
          workOrderId: text('Of which work order.'),
          operationId: text('After which operation.'),
          inspector: text('Who looked.'),
          result: text('In words.'),
          inspectedQuantity: count('How many were looked at.'),
          rejectedQuantity: count('How many were refused.'),
          completedAt: time('When.'),
        },
      ),
    }),
    example: {
      inspection: {
        id: 'insp-789',
        workOrderId: 'wo-123',
        operationId: 'op-456',
        passed: true,
        result: 'All dimensions within tolerance.',
        inspectedQuantity: 10,
        rejectedQuantity: 0,
        completedAt: '2024-01-15T12:30:00Z',
      },
    },
  },
  {
    name: 'quality.ncr_created',
    version: 1,
    description: 'A nonconformance was reported.',
    schema: data({
      ncr: object(
        { id: id('The report.'), severity: oneOf(['MINOR', 'MAJOR', 'CRITICAL'], 'How bad it is.') },
        {
          ncrNumber: text('The number that people know it by.'),
          workOrderId: text('Of which work order.'),
          description: text('What is wrong.'),
          affectedQuantity: count('How many are concerned.'),
          createdAt: time('When.'),
        },
      ),
    }),
    example: {
      ncr: {
        id: 'ncr-321',
        ncrNumber: 'NCR-2024-0042',
        workOrderId: 'wo-123',
        severity: 'MAJOR',
        description: 'The flange angle is 2 degrees off.',
        affectedQuantity: 2,
        createdAt: '2024-01-15T12:35:00Z',
      },
    },
  },
  {
    name: 'inventory.material_allocated',
    version: 1,
    description: 'Material was reserved for a work order.',
    schema: material({ location: text('Where it lies.'), allocatedAt: time('When.') }),
    example: {
      material: {
        id: 'mat-555',
        partNumber: '26GA-FG',
        quantity: 1200,
        unit: 'lb',
        lotNumber: 'H12345',
        location: 'RACK-B-07',
        workOrderId: 'wo-123',
        allocatedAt: '2024-01-15T10:40:00Z',
      },
    },
  },
  {
    name: 'inventory.material_consumed',
    version: 1,
    description: 'Material was used up by a work order.',
    schema: material({ operationId: text('By which operation.'), consumedAt: time('When.') }),
    example: {
      material: {
        id: 'mat-555',
        partNumber: '26GA-FG',
        quantity: 1180,
        unit: 'lb',
        lotNumber: 'H12345',
        workOrderId: 'wo-123',
        operationId: 'op-456',
        consumedAt: '2024-01-15T12:10:00Z',
      },
    },
  },
];
