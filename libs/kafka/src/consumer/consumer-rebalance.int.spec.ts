import { eventually, testEnvironment } from '@millrace/test-environment';
import { Collected } from '../test-support/collecting';
import { numbered, text } from '../test-support/messages';
import { Workshop } from '../test-support/workshop';

jest.setTimeout(20_000);

let workshop: Workshop;

beforeAll(async () => {
  const environment = await testEnvironment();
  workshop = new Workshop(environment.brokers, environment.freshPrefix());
}, 120_000);

afterEach(() => workshop.stopConsumers());
afterAll(() => workshop.close());

describe('when the group changes', () => {
  test('K4: what a lost partition finishes late moves no offset, and is no longer current', async () => {
    const topic = await workshop.freshTopic(2);
    await workshop.producer.send([...numbered(topic, 'p0-', 3, 0), ...numbered(topic, 'p1-', 3, 1)]);
    const ours = new Collected();
    const theirs = new Collected();
    const lost: string[] = [];
    const first = workshop.consumer(topic, ours, {
      onAssigned: async (assignment) => {
        lost.push(...assignment.lost.map(({ partition }) => `p${partition}`));
      },
    });
    await first.start();
    await eventually(() => ours.records.length === 6, 'all records');
    const second = workshop.consumer(topic, theirs);
    await second.start();
    await eventually(() => theirs.records.length === 3 && lost.length === 1, 'half of the partitions to move');
    const [moved] = lost as [string];
    const stayed = moved === 'p0' ? 'p1' : 'p0';
    const movedPartition = Number(moved.slice(1));
    expect(ours.of(`${moved}-0`).current).toBe(false);
    expect(ours.of(`${stayed}-0`).current).toBe(true);
    expect(ours.of(`${stayed}-0`).epoch).toBeGreaterThan(1);

    ours.complete(`${moved}-0`, `${moved}-1`, `${moved}-2`, `${stayed}-0`);
    theirs.complete(`${moved}-0`);
    await first.commitNow();
    await second.commitNow();
    expect(await workshop.committed(topic)).toEqual({ [movedPartition]: '1', [1 - movedPartition]: '1' });
    expect(ours.values.filter((value) => value.startsWith(stayed))).toHaveLength(3);
  });

  test('K7: pauses are derived anew after each join, and a partition that comes back is read', async () => {
    const topic = await workshop.freshTopic(2);
    const ours = new Collected();
    const first = workshop.consumer(topic, ours);
    await first.start();
    first.pausePartition(topic, 0);
    first.pausePartition(topic, 1);
    const second = workshop.consumer(topic, new Collected());
    await second.start();
    await eventually(() => first.health().assigned.length === 1, 'one partition to move');
    const [kept] = first.health().assigned.map(({ partition }) => partition) as [number];
    await workshop.producer.send([text(topic, 'kept', kept), text(topic, 'back', 1 - kept)]);
    await second.stop(0);
    await eventually(() => ours.values.includes('back'), 'the partition that came back, without a pause');
    expect(ours.values).not.toContain('kept');
    first.resumePartition(topic, kept);
    await eventually(() => ours.values.includes('kept'), 'the resumed partition');
  });

  test('a join hands out no record of a kept partition twice, and awaits the preparation of gained ones', async () => {
    const topic = await workshop.freshTopic(2);
    await workshop.producer.send([...numbered(topic, 'p0-', 20, 0), ...numbered(topic, 'p1-', 20, 1)]);
    const ours = new Collected();
    const theirs = new Collected();
    const order: string[] = [];
    const first = workshop.consumer(topic, ours);
    await first.start();
    await eventually(() => ours.records.length === 40, 'all records');
    const second = workshop.consumer(topic, theirs, {
      onAssigned: async ({ gained }) => {
        order.push('preparing');
        await new Promise((resolve) => setTimeout(resolve, 300));
        order.push(`prepared ${gained.length}`);
      },
      onRecord: (record) => {
        order.push('record');
        theirs.onRecord(record);
      },
    });
    await second.start();
    await eventually(() => theirs.records.length === 20, 'the records of the partition that moved');
    await workshop.producer.send([text(topic, 'end', 0), text(topic, 'end', 1)]);
    await eventually(
      () => [...ours.values, ...theirs.values].filter((value) => value === 'end').length === 2,
      'the ends',
    );
    expect(new Set(ours.values).size).toBe(ours.values.length);
    expect(order.slice(0, 3)).toEqual(['preparing', 'prepared 1', 'record']);
  });
});
