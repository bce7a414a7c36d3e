import { FetchSession } from './fetch-session';

const partition = (id: number, position = 0) => ({ topic: 't', partition: id, position });
const ids = (entries: readonly { partition: number }[]) => entries.map((each) => each.partition);

describe('a fetch session', () => {
  const started = () => {
    const session = new FetchSession<ReturnType<typeof partition>>();
    const all = [partition(0), partition(1), partition(2)];
    session.plan(all);
    session.answered(9);
    return { session, all };
  };

  test('begins with everything, and is asked for until the broker keeps one', () => {
    const session = new FetchSession();
    const all = [partition(0), partition(1)];
    for (let tries = 0; tries < 3; tries++) {
      expect(session.plan(all)).toEqual({ id: 0, epoch: 0, changed: all, forgotten: [] });
      session.answered(0);
    }
    session.plan(all);
    session.answered(7);
    expect(session.plan(all)).toEqual({ id: 7, epoch: 1, changed: [], forgotten: [] });
    session.answered(7);
    expect(session.plan(all).epoch).toBe(2);
  });

  test('tells what has moved, what is new and what is no longer wanted', () => {
    const { session, all } = started();
    all[1]!.position = 5;
    const fourth = partition(3);
    const plan = session.plan([all[0]!, all[1]!, fourth]);
    expect([ids(plan.changed), ids(plan.forgotten)]).toEqual([[1, 3], [2]]);
    expect(session.positionOf(all[1]!)).toBe(5);
    expect(session.positionOf(all[2]!)).toBeUndefined();
    session.answered(9);
    expect(session.plan([all[0]!, all[1]!, fourth])).toMatchObject({ changed: [], forgotten: [] });
    session.answered(9);
    const back = session.plan(all);
    expect([ids(back.changed), ids(back.forgotten)]).toEqual([[2], [3]]);
  });

  test('that ended begins anew with everything', () => {
    const { session, all } = started();
    session.end();
    expect(session.positionOf(all[0]!)).toBeUndefined();
    expect(session.plan(all)).toEqual({ id: 0, epoch: 0, changed: all, forgotten: [] });
  });

  test('that the broker gives up begins anew with everything', () => {
    const { session, all } = started();
    session.plan(all);
    session.answered(0);
    expect(session.plan(all)).toEqual({ id: 0, epoch: 0, changed: all, forgotten: [] });
  });
});
