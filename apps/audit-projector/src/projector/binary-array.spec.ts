import { binaryArray } from './binary-array';

/** Dimensions, NULLs, type, length, lower bound. */
const head = (nulls: number, oid: number, length: number) =>
  [1, nulls, oid, length, 1].map((n) => n.toString(16).padStart(8, '0')).join('');

it.each([
  ['text', ['é', null, ''], head(1, 25, 3), '00000002c3a9ffffffff00000000'],
  ['bytea', [Buffer.from([0, 255]), Buffer.alloc(0)], head(0, 17, 2), '0000000200ff00000000'],
  ['integer', [-1, 7], head(0, 23, 2), '00000004ffffffff0000000400000007'],
  [
    'bigint',
    [2 ** 32 + 1, 5n, -2],
    head(0, 20, 3),
    `${'000000080000000100000001'}${'000000080000000000000005'}${'00000008fffffffffffffffe'}`,
  ],
  ['uuid', ['0199c1a2-7c3d-8abc-9def-001122334455'], head(0, 2950, 1), '000000100199c1a27c3d8abc9def001122334455'],
  ['date', ['2000-01-02', '1999-12-31'], head(0, 1082, 2), '000000040000000100000004ffffffff'],
  ['text', [], head(0, 25, 0), ''],
] as const)('writes %s %j', (type, values, header, elements) => {
  expect(binaryArray(type, values).toString('hex')).toBe(header + elements);
});
