import fc from 'fast-check';
import { DueQueues } from './due-queues';

describe('the queues of what is due', () => {
  it('serves endpoints in turn, and goes on where it ended', () => {
    const queues = new DueQueues<string>();
    for (const entry of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2']) queues.add(entry[0]!, entry);
    expect(queues.take(2)).toEqual(['a1', 'b1']);
    expect(queues.take(3)).toEqual(['c1', 'a2', 'c2']);
    queues.add('b', 'b2');
    expect(queues.size).toBe(3);
    expect(queues.take(10)).toEqual(['a3', 'b2', 'a4']);
    expect(queues.take(10)).toEqual([]);
  });

  it('loses nothing, keeps the order of each endpoint, and holds none up by more than a turn of the others', () => {
    const add = fc.record({ endpoint: fc.constantFrom('a', 'b', 'c') });
    const take = fc.record({ most: fc.nat(5) });
    const drop = fc.record({ rest: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(fc.oneof(add, take, drop), { maxLength: 200 }), (steps) => {
        const queues = new DueQueues<{ endpoint: string; n: number }>();
        let model: { endpoint: string; n: number }[] = [];
        steps.forEach((step, n) => {
          if ('endpoint' in step) {
            const entry = { endpoint: step.endpoint, n };
            queues.add(step.endpoint, entry);
            model.push(entry);
          } else if ('rest' in step) {
            const unwanted = (entry: { n: number }) => entry.n % 7 === step.rest;
            queues.drop(unwanted);
            model = model.filter((entry) => !unwanted(entry));
          } else {
            const taken = queues.take(step.most);
            expect(taken).toHaveLength(Math.min(step.most, model.length));
            for (const entry of taken) {
              expect(model.find(({ endpoint }) => endpoint === entry.endpoint)).toBe(entry);
              model = model.filter((each) => each !== entry);
            }
          }
          expect(queues.size).toBe(model.length);
        });
        const served = queues.take(3).map(({ endpoint }) => endpoint);
        const waiting = new Set(model.map(({ endpoint }) => endpoint)).size;
        expect(new Set(served).size).toBe(Math.min(3, waiting));
      }),
    );
  });

  it('holds no queue that has gone by', () => {
    const queues = new DueQueues<number>();
    for (let n = 0; n < 5_000; n++) queues.add('a', n);
    const out: number[] = [];
    while (queues.size > 0) out.push(...queues.take(7));
    expect(out).toEqual(Array.from({ length: 5_000 }, (_each, n) => n));
  });
});
