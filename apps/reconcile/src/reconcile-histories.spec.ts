import type { DeliveryFact } from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';
import fc from 'fast-check';
import { EngineOnPaper, type Fate } from '../test/engine-on-paper';
import { PaperSite, topics } from '../test/paper-site';
import { reconcileWith } from './reconcile';
import type { FindingKind, Reconciliation } from './reconciliation';

const SEED = fc.integer({ min: 0, max: 2 ** 31 });

const history = (seed: number, deliveries: number) => {
  const site = new PaperSite();
  const engine = new EngineOnPaper(site, randomFrom(seed));
  engine.run(deliveries);
  return { site, fates: engine.fates };
};

const check = (site: PaperSite, reader = site.reader(), wait = async () => {}): Promise<Reconciliation> =>
  reconcileWith(reader, topics, { passes: 2, settleMs: 0, wait, now: () => site.clock });

const sumsOf = (fates: readonly Fate[]) => {
  const sums: { [account: string]: number } = { accepted: fates.length };
  for (const { account } of fates) sums[account] = (sums[account] ?? 0) + 1;
  return sums;
};

describe('any history that the engine can write', () => {
  it('adds up, each delivery in the state that became of it', async () => {
    await fc.assert(
      fc.asyncProperty(SEED, async (seed) => {
        const { site, fates } = history(seed, 40);
        const result = await check(site);
        expect(result.findings).toEqual([]);
        expect(result.totals).toMatchObject(sumsOf(fates));
      }),
      { numRuns: 150 },
    );
  });

  it('adds up while it is written: what is in motion at a capture is read on', async () => {
    await fc.assert(
      fc.asyncProperty(SEED, SEED, async (seed, moment) => {
        const { site, fates } = history(seed, 40);
        const random = randomFrom(moment);
        let shown = Math.floor(random() * site.written);
        const more = () => {
          shown += Math.floor(random() * 20);
          site.show(shown);
        };
        const result = await check(site, site.reader(more), async () => {
          shown = Number.POSITIVE_INFINITY;
        });
        expect(result.findings).toEqual([]);
        expect(result.totals.unexplained).toBe(0);
        expect(result.totals.accepted).toBeLessThanOrEqual(fates.length);
      }),
      { numRuns: 150 },
    );
  });

  it('is the same for a reader that meets every flush of the log twice', async () => {
    await fc.assert(
      fc.asyncProperty(SEED, async (seed) => {
        const { site, fates } = history(seed, 20);
        const twice = new PaperSite();
        for (const topic of [topics.dispatchState, topics.deliveries, topics.deadLetter, ...TIER_TOPICS])
          for (const message of site.messages(topic)) twice.repeat(message);
        for (const message of site.messages(topics.deliveryLog)) for (const _ of [1, 2]) twice.repeat(message);
        // Offsets of the log have moved: the last checkpoint is that of everything.
        twice.checkpoint();
        const result = await check(twice);
        expect(result.findings).toEqual([]);
        expect(result.totals).toMatchObject(sumsOf(fates));
      }),
      { numRuns: 50 },
    );
  });
});

const TIER_TOPICS = (['1s', '5s', '30s', '1m', '5m', '10m', '30m', '2h', '24h'] as const).map(topics.retry);

/** One thing is made wrong; answers the delivery that it befell, or null when the history has none that it could befall. */
interface Corruption {
  readonly name: string;
  readonly kinds: readonly FindingKind[];
  readonly befalls: (site: PaperSite, fates: readonly Fate[]) => Fate | null;
}

const open = ({ account }: Fate) => account === 'pending' || account === 'retrying';
const ended = (fate: Fate) => !open(fate) && fate.account !== 'parked';
const taskOf = (header: Buffer | undefined) =>
  header ? (JSON.parse(header.toString()) as { deliveryId: string; epoch: number; attempt: number }) : null;
const isOf = ({ delivery }: Fate, fact: DeliveryFact) => fact.deliveryId === delivery.id;

const removeTasks = (site: PaperSite, { delivery }: Fate, wanted: (attempt: number, epoch: number) => boolean) => {
  for (const topic of [topics.deliveries, ...TIER_TOPICS])
    site.remove(topic, (message) => {
      const task = taskOf(message.headers['millrace-task']);
      return task?.deliveryId === delivery.id && wanted(task.attempt, task.epoch);
    });
};

const CORRUPTIONS: readonly Corruption[] = [
  {
    name: 'every record of a delivery that has not ended is gone',
    kinds: ['lost', 'created_without_record'],
    befalls: (site, fates) => {
      const fate = fates.find(open);
      if (fate) removeTasks(site, fate, () => true);
      return fate ?? null;
    },
  },
  {
    name: 'the record of the planned attempt is gone',
    kinds: ['lost'],
    befalls: (site, fates) => {
      const fate = fates.find(({ account, crashed }) => account === 'retrying' && !crashed);
      if (fate) removeTasks(site, fate, (attempt, epoch) => epoch === fate.epoch && attempt >= 2);
      return fate ?? null;
    },
  },
  {
    name: 'the fact of its creation is gone',
    kinds: ['record_without_created'],
    befalls: (site, fates) => {
      const [fate] = fates;
      site.rewriteFacts((fact) => (fact.kind === 'created' && isOf(fate!, fact) ? null : fact));
      return fate!;
    },
  },
  {
    name: 'the bit of a parked one is gone',
    kinds: ['parked_without_bit'],
    befalls: (site, fates) => {
      const wasTold = new Set<string>();
      site.rewriteFacts((fact) => {
        if (fact.kind === 'parked') wasTold.add(`${fact.deliveryId}/${fact.recordOffset}`);
        return fact;
      });
      const fate = fates.find(
        ({ account, delivery, offset }) => account === 'parked' && wasTold.has(`${delivery.id}/${offset}`),
      );
      if (!fate) return null;
      site.clearBit(fate.delivery.endpointId, fate.offset);
      return fate;
    },
  },
  {
    name: 'the bit of one that has ended stands',
    kinds: ['parked_bit_without_delivery'],
    befalls: (site, fates) => {
      const fate = fates.find((each) => ended(each) && each.offset >= 0);
      if (!fate) return null;
      const parked = fates.filter(
        ({ account, delivery }) => account === 'parked' && delivery.endpointId === fate.delivery.endpointId,
      );
      site.bits(fate.delivery.endpointId, [fate.offset, ...parked.map(({ offset }) => offset)]);
      return fate;
    },
  },
  {
    name: 'a later attempt waits after the end',
    kinds: ['forked'],
    befalls: (site, fates) => {
      const fate = fates.find(ended);
      if (!fate) return null;
      const { delivery, epoch, begun } = fate;
      site.task(delivery.task(begun + 3, { epoch, remainingDelayMs: 5_000 }), '5s');
      return fate;
    },
  },
  {
    name: 'it is sent after its end',
    kinds: ['sent_after_end'],
    befalls: (site, fates) => {
      const fate = fates.find(ended);
      if (fate) site.log(fate.delivery.started(fate.begun + 1, 0, fate.epoch));
      return fate ?? null;
    },
  },
  {
    name: 'it ends in two ways',
    kinds: ['terminal_twice'],
    befalls: (site, fates) => {
      const fate = fates.find((each) => ended(each) && each.account !== 'cancelled');
      if (fate) site.log(fate.delivery.ended(Math.max(1, fate.begun), 'cancelled', fate.epoch));
      return fate ?? null;
    },
  },
  {
    name: 'nothing tells that an attempt began',
    kinds: ['finished_without_started'],
    befalls: (site, fates) => {
      const fate = fates.find((each) => each.account === 'succeeded' && !each.crashed);
      if (!fate) return null;
      site.rewriteFacts((fact) =>
        isOf(fate, fact) && fact.kind === 'attempt-started' && fact.epoch === fate.epoch && fact.attempt === fate.begun
          ? null
          : fact,
      );
      return fate;
    },
  },
  {
    name: 'an attempt is left out',
    kinds: ['attempts_not_contiguous'],
    befalls: (site, fates) => {
      const fate = fates.find(({ begun, crashed }) => begun > 1 && !crashed);
      if (!fate) return null;
      site.rewriteFacts((fact) =>
        isOf(fate, fact) &&
        (fact.kind === 'attempt-started' || fact.kind === 'attempt-finished') &&
        fact.epoch === fate.epoch &&
        fact.attempt === 1
          ? null
          : fact,
      );
      return fate;
    },
  },
  {
    name: 'nothing tells that an epoch was opened',
    kinds: ['epoch_without_reopened'],
    befalls: (site, fates) => {
      const fate = fates.find(({ epoch }) => epoch > 0);
      if (fate)
        site.rewriteFacts((fact) =>
          isOf(fate, fact) && fact.kind === 'reopened' && fact.epoch === fate.epoch ? null : fact,
        );
      return fate ?? null;
    },
  },
  {
    name: 'the dead letter of one that failed is gone',
    kinds: ['failed_without_dead_letter'],
    befalls: (site, fates) => {
      const fate = fates.find(({ account }) => account === 'failed' || account === 'expired');
      if (fate)
        site.remove(
          topics.deadLetter,
          (message) => taskOf(message.headers['millrace-task'])?.deliveryId === fate.delivery.id,
        );
      return fate ?? null;
    },
  },
  {
    name: 'an attempt of an older epoch is sent',
    kinds: ['forked'],
    befalls: (site, fates) => {
      const fate = fates.find(({ epoch }) => epoch > 0);
      if (fate) site.log(fate.delivery.started(1, 0, fate.epoch - 1));
      return fate ?? null;
    },
  },
];

describe.each(CORRUPTIONS)('one thing wrong in any history: $name', ({ kinds, befalls }) => {
  it('is found, and named, and nothing else is', async () => {
    let befallen = 0;
    await fc.assert(
      fc.asyncProperty(SEED, async (seed) => {
        const { site, fates } = history(seed, 40);
        const fate = befalls(site, fates);
        if (fate === null) return;
        befallen++;
        site.checkpoint();
        const result = await check(site);
        expect(result.addsUp).toBe(false);
        const { id, name, endpointId } = fate.delivery;
        // Of one in flight that came from parked storage the bit still stands, and now points nowhere.
        const named = result.findings.filter(
          ({ deliveryId, kind }) => deliveryId !== null || kind !== 'parked_bit_without_delivery',
        );
        expect(new Set(named.map(({ deliveryId }) => deliveryId))).toEqual(new Set([id]));
        for (const finding of named)
          expect(finding).toMatchObject({ endpointId, tenant: 'default', eventId: `evt_${name}` });
        const found = named.map(({ kind }) => kind);
        expect(kinds.filter((kind) => found.includes(kind))).not.toEqual([]);
      }),
      { numRuns: 25 },
    );
    expect(befallen).toBeGreaterThan(10);
  });
});
