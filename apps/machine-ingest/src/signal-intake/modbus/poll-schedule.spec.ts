import { PollSchedule } from './poll-schedule';

describe('the pace of polls', () => {
  it('does not drift with what the polls take', () => {
    const schedule = new PollSchedule([100]);
    schedule.begin(1_000);
    const due: number[] = [];
    for (let n = 0; n < 5; n++) {
      due.push(schedule.next().due);
      expect(schedule.polled(0, schedule.next().due + 37)).toBe(0);
    }
    expect(due).toEqual([1_000, 1_100, 1_200, 1_300, 1_400]);
  });

  it('leaves out, and counts, what came due while a poll went on', () => {
    const schedule = new PollSchedule([100]);
    schedule.begin(0);
    expect(schedule.polled(0, 330)).toBe(2);
    expect(schedule.next()).toEqual({ device: 0, due: 300 });
    expect(schedule.polled(0, 400)).toBe(0);
    expect(schedule.next()).toEqual({ device: 0, due: 400 });
  });

  it('gives each device its own pace, and the turn to the one that waits longest', () => {
    const schedule = new PollSchedule([100, 250]);
    schedule.begin(0);
    const turns: string[] = [];
    for (let n = 0; n < 8; n++) {
      const { device, due } = schedule.next();
      turns.push(`${device}@${due}`);
      schedule.polled(device, due);
    }
    expect(turns).toEqual(['0@0', '1@0', '0@100', '0@200', '1@250', '0@300', '0@400', '0@500']);
  });

  it('leaves a device alone for a while', () => {
    const schedule = new PollSchedule([100, 100]);
    schedule.begin(0);
    schedule.polled(0, 0);
    schedule.rest(0, 0, 5_000);
    for (let n = 0; n < 50; n++) expect(schedule.polled(schedule.next().device, schedule.next().due)).toBe(0);
    expect(schedule.next()).toEqual({ device: 0, due: 5_000 });
  });
});
