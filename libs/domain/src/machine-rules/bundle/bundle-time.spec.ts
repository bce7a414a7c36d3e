import { aliasValue, says } from '../mapping.fixture';
import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();
const HOUR = 3_600_000;
const play = (line: RollformLine, over = {}) => {
  const played = lineRule(over);
  return playBundle(lineMapping(played), line.signals, { restart: true }).told.map(({ data, ms }) => ({
    ...data,
    ms,
  }));
};
const minutesOf = (told: object | undefined, name: string) => (told as { [name: string]: number })[name]!;

describe('the time of a bundle', () => {
  it('is within a second of the truth when the clock of the device jumps 3 h ahead and back in its middle', () => {
    const line = pieces(lineInProduction(), 20);
    line.clockOffMs = 3 * HOUR;
    pieces(line, 7).halt().wait(95_000).run();
    pieces(line, 11);
    line.clockOffMs = 0;
    pieces(line.halt().wait(61_000).run(), 5).complete().tick();
    const [told] = play(line);
    const [truth] = line.bundles;
    expect(Math.abs(minutesOf(told, 'RunMinutes') * 60_000 - truth!.runMs)).toBeLessThan(1_000);
    expect(Math.abs(minutesOf(told, 'DelayMinutes') * 60_000 - truth!.delayMs)).toBeLessThan(1_000);
    expect(told).toMatchObject({ GoodIn: truth!.good, integrity: { violations: [] } });
    expect(told!.ms).toBeLessThanOrEqual(line.now);
  });

  it('is not dated in the future when it ends while the clock is ahead', () => {
    const line = pieces(lineInProduction(), 3);
    line.clockOffMs = 3 * HOUR;
    pieces(line, 3).complete().tick();
    const [told] = play(line);
    expect(told!.ms).toBeLessThanOrEqual(line.now + 50);
    expect(told).toMatchObject({ EndTime: '2026-02-17T08:01:06', RunMinutes: 1 });
  });

  it('is never negative when stamps step back', () => {
    const line = lineInProduction().wait(10_000);
    line.clockOffMs = -8_000;
    line.halt();
    line.clockOffMs = -60_000;
    pieces(line.wait(1_000).run(), 2).complete().tick();
    const [told] = play(line);
    for (const name of ['RunMinutes', 'DelayMinutes']) expect(minutesOf(told, name)).toBeGreaterThanOrEqual(0);
  });

  it('begins with its opening, where the mapping says so', () => {
    const line = lineInProduction().complete().wait(1_000).halt().loadBundle(12345, 2).wait(60_000).run().wait(60_000);
    pieces(line, 1).complete().tick();
    expect(play(line, { start: 'open' })[1]).toMatchObject({
      RunMinutes: 1.167,
      DelayMinutes: 1,
      StartTime: '2026-02-17T08:00:09',
    });
    expect(play(line)[1]).toMatchObject({ RunMinutes: 1.167, DelayMinutes: 0, StartTime: '2026-02-17T08:01:09' });
  });

  it('begins at once where the line runs when the bundle is loaded', () => {
    const line = pieces(lineInProduction(), 1).complete().loadBundle(12345, 2).wait(60_000);
    pieces(line, 1).complete().tick();
    expect(play(line)[1]).toMatchObject({ RunMinutes: 1.167, DelayMinutes: 0 });
  });

  it('goes on as it was while the state is not known', () => {
    const line = pieces(lineInProduction(), 1).say('state', null).wait(60_000).halt().wait(30_000).run();
    pieces(line, 1).complete().tick();
    expect(play(line)[0]).toMatchObject({ RunMinutes: 1.333, DelayMinutes: 0.5, integrity: { unknownMinutes: 0 } });
  });

  it('is unknown where the machine is neither said to run nor to stand', () => {
    const over = { time: { ...rule.time, delay: says('state', 'STOP') } };
    const line = pieces(lineInProduction(), 1).say('state', 'SETUP').wait(60_000).run();
    pieces(line, 1).complete().tick();
    expect(play(line, over)[0]).toMatchObject({
      RunMinutes: 0.333,
      DelayMinutes: 0,
      integrity: { unknownMinutes: 1, violations: [] },
    });
  });

  it('says so where it does not add up: it never ran', () => {
    const over = { time: { ...rule.time, run: aliasValue('bundleComplete') } };
    expect(play(pieces(lineInProduction(), 6).complete().tick(), over)[0]).toMatchObject({
      RunMinutes: 0,
      integrity: { violations: [{ check: 'time' }] },
    });
  });
});
