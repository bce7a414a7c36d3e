import { isMachineName, isZero, SIGNAL_LIMITS, unitOf } from '@millrace/domain';
import { wrongUnit } from '@millrace/machine-mapping';
import { z } from 'zod';
import { hasBits, MOST_BITS, MOST_REGISTERS, TABLES } from './modbus-frame';
import { isNumber, isWide, ORDERS, placeOf, TYPES, takesOrder, widthOf } from './modbus-item';
import { readFactor } from './read-factor';
import { readReference } from './register-reference';

const MOST_ITEMS = 5_000;

const milliseconds = (least: number, most: number) =>
  z.int().min(least, `must be at least ${least} ms`).max(most, `must be at most ${most} ms`);

const machine = z
  .string()
  .refine(isMachineName, 'must be the name of a machine: letters, digits, . _ and -, at most 128');

const NOT_A_FACTOR =
  'must be a decimal number, 0.1 or "0.1", or a fraction that is one, "1/10". One whose digits do not end, as those of 1/3, goes into the mapping: signals have a scale there';

const factor = z
  .union([z.number(), z.string().max(64)], NOT_A_FACTOR)
  .refine((given) => readFactor(given) !== null, NOT_A_FACTOR);

const item = z
  .strictObject({
    /** Its name in signals. */
    path: z
      .string()
      .min(1)
      .max(SIGNAL_LIMITS.pathLength)
      .regex(/^[^$]/, 'must not begin with $: such names are Millrace’s own'),
    table: z.enum(TABLES).optional(),
    /** From 0, as it travels; documents of makers mostly count from 1. */
    address: z
      .int(
        'must be a whole number, the address from 0 as it travels; a number of a manual such as "40001" is a reference',
      )
      .min(0, 'must be at least 0')
      .max(65_535, 'must be at most 65535')
      .optional(),
    /** In the place of table and address: `40001`, `400001`, as manuals write it, counted from 1. */
    reference: z
      .string()
      .refine(
        (text) => readReference(text) !== null,
        'must be five digits (40001) or six (400001), the first 0 for coils, 1 for discrete inputs, 3 for input or 4 for holding registers, the others counted from 1',
      )
      .optional(),
    type: z.enum(TYPES).optional(),
    /** Of a register, 0 the least significant, where the type is bool. */
    bit: z.int().min(0).max(15).optional(),
    /** Registers of a string. */
    length: z.int().min(1).max(MOST_REGISTERS).optional(),
    /** In which order the bytes of a value come, A the most significant. */
    order: z.enum(ORDERS).optional(),
    /** What the raw number is multiplied with, exactly. */
    scale: factor.refine((given) => !isZero(readFactor(given) ?? { n: 1n, d: 1n }), 'must not be 0').optional(),
    /** What is added after that. */
    offset: factor.optional(),
    /** UCUM code, of the value after scale and offset. */
    unit: z
      .string()
      .refine((code) => unitOf(code) !== null, {
        error: ({ input }) => `must be a UCUM code: ${wrongUnit(String(input))}`,
      })
      .optional(),
  })
  .superRefine((given, context) => {
    const wrong = (at: string, message: string) => context.addIssue({ code: 'custom', path: [at], message });
    if (given.reference !== undefined && (given.table !== undefined || given.address !== undefined))
      return wrong('reference', 'goes without table and address: it names both');
    const place = placeOf(given);
    // what is wrong with a reference is said where it stands
    if (place === null && given.reference !== undefined) return;
    if (place === null)
      return given.table === undefined
        ? wrong('table', `needs a table (${TABLES.join(', ')}) and an address from 0, or a reference such as "40001"`)
        : wrong('address', 'needs an address from 0, beside the table');
    const bits = hasBits(place.table);
    const { type } = given;
    if (type === undefined && !bits) return wrong('type', `is missing; it must be ${TYPES.join(', ')}`);
    if (bits && type !== undefined && type !== 'bool')
      return wrong('type', `must be bool, or left out: a ${place.table} is one bit`);
    if (!bits && type === 'bool' && given.bit === undefined)
      wrong('bit', 'must say which bit of the register is meant: 0 (the least significant) to 15');
    if (given.bit !== undefined && (bits || type !== 'bool')) wrong('bit', 'is for a bool in a register');
    if (type === 'string' && given.length === undefined)
      wrong('length', 'must say how many registers the text has, two characters each');
    if (type !== 'string' && given.length !== undefined) wrong('length', 'is for a string: other types have their own');
    const counts = type !== undefined && isNumber(type);
    if (!counts && given.scale !== undefined) wrong('scale', 'is for numbers');
    if (!counts && given.offset !== undefined) wrong('offset', 'is for numbers');
    if (type !== undefined && isWide(type) && given.order === undefined)
      wrong(
        'order',
        `must say in which order the bytes of a ${type} come, A the most significant: ${ORDERS.join(', ')}. Makers differ, and a wrong one gives wrong numbers`,
      );
    if (given.order !== undefined && !takesOrder(type ?? 'bool', given.order))
      wrong(
        'order',
        type === 'string' || (counts && !bits)
          ? 'must be ABCD or BADC: only the two bytes of a register can be the other way round here'
          : 'is for numbers and text',
      );
    if (place.address <= 65_535 && place.address + widthOf(given, place.table) > 65_536)
      wrong(given.reference === undefined ? 'address' : 'reference', 'leads beyond the last address, 65535');
  });

const device = z.strictObject({
  machine,
  /** 1 to 247 behind a gateway; a device with an address of its own mostly takes 1, 255 or 0. */
  unitId: z.int().min(0).max(255).default(1),
  /** Milliseconds from one poll of it to the next, in the place of the source's. */
  intervalMs: milliseconds(10, 3_600_000).optional(),
  items: z.array(item).min(1),
});

/** What a form for new settings begins with: one item of each shape. */
const EXAMPLE: readonly z.input<typeof device>[] = [
  {
    machine: 'press-1',
    unitId: 1,
    items: [
      { path: 'running', table: 'holding', address: 0, type: 'bool', bit: 0 },
      { path: 'parts', reference: '40101', type: 'uint16' },
      { path: 'length', table: 'input', address: 101, type: 'uint32', order: 'CDAB', scale: '0.1', unit: 'mm' },
    ],
  },
];

/** No address of IPv6 has one colon only. */
const HOST_AND_PORT = /^[^:]+:\d+$/;

/** Settings of a source of the type `modbus`, as `POST /v1/sources` takes them. */
export const modbusSettings = z
  .strictObject({
    /** Address of the device, or of the gateway before several. */
    host: z
      .string()
      .max(253)
      .regex(
        /^[A-Za-z0-9._:%-]+$/,
        'must be a host name or an address, without tcp:// before it and brackets around it',
      )
      .refine((host) => !HOST_AND_PORT.test(host), 'must be the host alone: the number after the colon goes into port')
      .meta({ examples: ['10.1.2.3'] }),
    port: z.int().min(1).max(65_535).default(502),
    /** What is polled together. Several may be one machine, and several machines may share a unit. */
    devices: z
      .array(device)
      .min(1)
      .max(247)
      .meta({ examples: [EXAMPLE] }),
    /** Milliseconds from one poll to the next. */
    intervalMs: milliseconds(10, 3_600_000).default(1_000),
    /** Milliseconds that one answer may take. */
    timeoutMs: milliseconds(50, 60_000).default(2_000),
    /** Milliseconds for one attempt to connect. */
    connectMs: milliseconds(100, 60_000).default(5_000),
    /** After so many milliseconds a value that has not changed is told again. */
    repeatMs: milliseconds(1_000, 86_400_000).default(60_000),
    /** Registers, and bits, of one request at most: some devices take fewer than the protocol. */
    maxRegisters: z.int().min(1).max(MOST_REGISTERS).default(MOST_REGISTERS),
    maxBits: z.int().min(1).max(MOST_BITS).default(MOST_BITS),
    /** So many registers that nobody asked for may lie between two items of one request; 0: none. */
    maxHole: z.int().min(0).max(MOST_REGISTERS).default(8),
    /** Milliseconds from an answer to the next request, for devices that need a rest. */
    pauseMs: z.int().min(0).max(10_000).default(0),
  })
  .superRefine(({ devices, maxRegisters }, context) => {
    const wrong = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const named = new Map<string, Set<string>>();
    let items = 0;
    devices.forEach(({ machine: name, items: asked }, d) => {
      const paths = named.get(name) ?? new Set();
      named.set(name, paths);
      asked.forEach((given, n) => {
        items++;
        if (paths.has(given.path))
          wrong(
            ['devices', d, 'items', n, 'path'],
            `is there twice for the machine ${name}: ${JSON.stringify(given.path)}`,
          );
        paths.add(given.path);
        const place = placeOf(given);
        const width = place === null || hasBits(place.table) ? 0 : widthOf(given, place.table);
        if (width > maxRegisters)
          wrong(
            ['devices', d, 'items', n, given.type === 'string' ? 'length' : 'type'],
            `has ${width} registers, and maxRegisters is ${maxRegisters}: a value is never read in two parts`,
          );
      });
    });
    if (items > MOST_ITEMS)
      wrong(['devices'], `have ${items} items, and a source has at most ${MOST_ITEMS}: make two of it`);
  });

export type ModbusSettings = z.output<typeof modbusSettings>;
export type ItemSettings = z.output<typeof item>;

/** Machines that the settings name, each once. */
export const machinesOf = ({ devices }: Pick<ModbusSettings, 'devices'>): string[] => [
  ...new Set(devices.map(({ machine: name }) => name)),
];
