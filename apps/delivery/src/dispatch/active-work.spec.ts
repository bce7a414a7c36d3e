import fc from 'fast-check';
import { ActiveWork } from './active-work';
import type { DispatchWork } from './dispatch.ports';

const workOf = (name: string) => ({ endpointId: name }) as DispatchWork;

it('answers as a Map would, whatever comes and goes', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd');
  const acts = fc.array(fc.tuple(ids, fc.constantFrom('set', 'delete')), { maxLength: 60 });
  fc.assert(
    fc.property(acts, (all) => {
      const active = new ActiveWork();
      const model = new Map<string, DispatchWork>();
      for (const [index, [id, act]] of all.entries()) {
        const work = workOf(`${id}${index}`);
        if (act === 'set') {
          active.set(id, work);
          model.set(id, work);
        } else expect(active.delete(id)).toBe(model.delete(id));
        for (const each of ['a', 'b', 'c', 'd']) expect(active.get(each)).toBe(model.get(each));
        expect([...active.values()]).toEqual([...model.values()]);
      }
    }),
  );
});
