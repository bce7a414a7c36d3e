import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { isRunning } from './process/process-identity';
import { endEverything, LauncherProcess, ownPlace, stillRunning } from './testing/launcher-process';

/** The whole stack, as `npm start` runs it. One data folder for all: each start goes on with the data of the one before. */
describe('npm start', () => {
  let place: Awaited<ReturnType<typeof ownPlace>>;
  const launchers: LauncherProcess[] = [];
  const start = (...args: string[]) => {
    const { remove: _, ...own } = place;
    const launcher = new LauncherProcess(args, own);
    launchers.push(launcher);
    return launcher;
  };
  beforeAll(async () => {
    place = await ownPlace();
  });
  afterAll(async () => {
    for (const launcher of launchers) launcher.signal('SIGTERM');
    await Promise.all(launchers.map((launcher) => launcher.exit()));
    for (const launcher of launchers) endEverything(launcher.processes());
    place.remove();
  }, 60_000);

  it('shows a webhook whose signature is good, restarts what is killed, and leaves nothing behind', async () => {
    const launcher = start();
    await launcher.says(/✓ signature {2}machine\.status_changed/);
    await launcher.says(/✓ signature {2}bundle\.completed/);
    expect(launcher.output).not.toContain('✗');

    const second = start();
    expect(await second.exit()).toBe(1);
    expect(second.output).toContain('Millrace is already running on');

    const before = launcher.processes();
    expect([...before.keys()].sort()).toEqual([
      'audit-projector',
      'delivery',
      'kafka',
      'machine-ingest',
      'postgres',
      'subscription',
    ]);
    for (const part of ['delivery', 'kafka', 'postgres']) {
      process.kill(before.get(part)!.pid, 'SIGKILL');
      await launcher.says(`${part} died (SIGKILL); starting it again`);
      await launcher.says(new RegExp(`${part} is back`));
    }
    const shown = () => launcher.output.match(/✓ signature/g)!.length;
    const until = shown();
    await eventually(() => shown() > until, 'another webhook after the restarts', 90_000);

    const health = await fetch(`http://127.0.0.1:${place.MILLRACE_PORT}/healthz`);
    expect(await health.json()).toMatchObject({ services: { delivery: 'ok' } });

    const after = launcher.processes();
    launcher.signal('SIGINT');
    expect(await launcher.exit()).toBe(0);
    expect(launcher.output).toContain('nothing is left running; the data is kept');
    expect(stillRunning(before)).toEqual([]);
    expect(stillRunning(after)).toEqual([]);
    expect(existsSync(join(place.MILLRACE_DATA_DIR, 'launcher.json'))).toBe(false);
  }, 240_000);

  it('ends by itself when the process that began it is killed', async () => {
    const launcher = start('--no-demo');
    await launcher.says('Millrace is running');
    expect(launcher.output).not.toContain('signature');
    const key = readFileSync(join(place.MILLRACE_DATA_DIR, 'admin-key'), 'utf8').trim();
    const ofTheDemo = `http://127.0.0.1:${place.MILLRACE_PORT}/v1/sources/roll-forming-line`;
    await eventually(async () => {
      const answer = await fetch(ofTheDemo, { headers: { authorization: `Bearer ${key}` } });
      return ((await answer.json()) as { enabled: boolean }).enabled === false;
    }, 'the source of the demo to be switched off');
    const { holder } = launcher;
    const processes = launcher.processes();
    launcher.signal('SIGKILL');
    await eventually(() => !isRunning(holder) && stillRunning(processes).length === 0, 'everything to end', 60_000);
  }, 180_000);

  it('leaves nothing behind when it is killed itself', async () => {
    const killed = start('--no-demo');
    await killed.says('Millrace is running');
    const left = killed.processes();
    process.kill(killed.holder.pid, 'SIGKILL');
    expect(await killed.exit()).toBe(1);
    await eventually(() => stillRunning(left).length === 0, 'the watchdog to end everything', 60_000);
  }, 180_000);

  it('ends what a killed launcher and watchdog left, and goes on with the data', async () => {
    const killed = start('--no-demo');
    await killed.says('Millrace is running');
    const left = killed.processes();
    const { pid, watchdog } = killed.holder;
    process.kill(watchdog.pid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await killed.exit();
    expect(stillRunning(left)).toHaveLength(6);

    const next = start('--no-demo');
    await next.says('Millrace is running');
    expect(stillRunning(left)).toEqual([]);
    const { watchdog: nextWatchdog } = next.holder;
    next.signal('SIGTERM');
    expect(await next.exit()).toBe(0);
    expect(isRunning(nextWatchdog)).toBe(false);
  }, 180_000);
});
