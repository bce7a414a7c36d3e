import { HOSTILE_PAYLOADS } from '../../../test-environment/src/hostile-payloads';
import type { Event } from '../event/event';
import type { Contract } from './contract';
import { eclips } from './eclips';
import { eclipse } from './eclipse';
import { mes } from './mes';
import { nentropy } from './nentropy';
import { proign } from './proign';
import { standard } from './standard';

const eventOf = (data: string): Event => ({
  id: 'evt_1',
  key: 'a'.repeat(32),
  sourceId: 'evt_1',
  tenant: 'default',
  type: 'run.completed',
  source: '/plant-1',
  subject: null,
  time: '2026-02-17T13:59:55Z',
  data,
  traceparent: null,
});

/** The value of a JSON text as a literal of JavaScript; see javascript-json.spec.ts. `__proto__` would be no name in one. */
const literalOf = (json: string): unknown =>
  json.includes('__proto__') ? JSON.parse(json) : new Function(`return (${json});`)();

test('the corpus is large, and each of it is JSON', () => {
  expect(HOSTILE_PAYLOADS.length).toBeGreaterThanOrEqual(200);
  expect(new Set(HOSTILE_PAYLOADS.map(({ data }) => data)).size).toBe(HOSTILE_PAYLOADS.length);
  for (const { data } of HOSTILE_PAYLOADS) expect(() => JSON.parse(data)).not.toThrow();
});

describe.each([proign, mes])('$name', (contract: Contract) => {
  test.each(HOSTILE_PAYLOADS)('sends $name as its own round trip, or not at all', ({ data, exact }) => {
    const rendering = contract.render(eventOf(data), null);
    expect(rendering.kind).toBe(exact ? 'body' : 'unrepresentable');
    if (rendering.kind === 'unrepresentable') {
      expect(rendering.path).toMatch(/^data/);
      expect(rendering.detail).toContain('not exact in JavaScript');
      return;
    }
    const body = rendering.body.toString();
    expect(Buffer.from(body).equals(rendering.body)).toBe(true);
    expect(JSON.stringify(literalOf(body))).toBe(body);
    expect(body).toContain(`"data":${JSON.stringify(literalOf(data))}`);
  });
});

describe('contracts that sign the raw bytes', () => {
  test.each(HOSTILE_PAYLOADS)('carry $name byte for byte', ({ data }) => {
    for (const contract of [standard, nentropy, eclipse]) {
      const rendering = contract.render(eventOf(data), null);
      if (rendering.kind !== 'body') throw new Error(rendering.detail);
      expect(rendering.body.includes(Buffer.from(data))).toBe(true);
      expect(() => JSON.parse(rendering.body.toString())).not.toThrow();
    }
    const wrapped = eclips.render(eventOf(`{"run_id":1,"output":${data}}`), null);
    expect(wrapped.kind === 'body' && wrapped.body.includes(Buffer.from(`"output":${data.trim()}`))).toBe(true);
  });
});
