import { clusterId } from './cluster-id';

it.each([
  [Buffer.alloc(16, 0xfb), /^A/],
  [Buffer.alloc(16, 0x01), /^AQEB/],
  [Buffer.alloc(16, 0xff), /^__/],
])('never begins with a dash (%j)', (random, beginning) => {
  expect(clusterId(random)).toMatch(/^[\w-]{22}$/);
  expect(clusterId(random)).toMatch(beginning);
});
