import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { DataFolder } from '../data-folder/data-folder';
import { startInBackground, stopProcess } from '../process/background-process';
import { isRunning, type ProcessIdentity } from '../process/process-identity';
import type { Part } from './part';
import { restartWait, SupervisedPart } from './supervised-part';

describe('restartWait', () => {
  it('doubles up to its limit', () => {
    expect([0, 1, 2, 3, 10, 1000].map(restartWait)).toEqual([250, 500, 1000, 2000, 15_000, 15_000]);
  });
});

describe('SupervisedPart', () => {
  let folder: DataFolder;
  let path: string;
  let told: string[];
  let spawned: ProcessIdentity[];
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'millrace-part-'));
    folder = DataFolder.open(path, 'http://localhost');
    told = [];
    spawned = [];
  });
  afterEach(() => {
    folder.release();
    rmSync(path, { recursive: true, force: true });
  });

  const announcer = {
    died: (part: string, how: string) => void told.push(`${part} died: ${how}`),
    back: (part: string) => void told.push(`${part} is back`),
    stillDown: (part: string, why: string) => void told.push(`${part} stays away: ${why}`),
  };
  const sleeper = (failures = 0): Part => {
    let left = failures;
    return {
      name: 'sleeper',
      async start(onSpawn) {
        if (spawned.length > 0 && left-- > 0) throw new Error('not yet');
        const what = {
          command: 'sleep',
          args: ['600'],
          cwd: '/',
          environment: process.env,
          logFile: join(path, 'log'),
        };
        const running = await startInBackground(what);
        spawned.push(running.identity);
        onSpawn(running.identity);
        return running;
      },
      stop: (identity) => stopProcess(identity, 'SIGTERM', 2_000),
    };
  };

  it('starts again what dies, tells it, and stops it for good', async () => {
    const part = new SupervisedPart(sleeper(), folder, announcer);
    await part.start();
    process.kill(spawned[0]!.pid, 'SIGKILL');
    await eventually(() => told.includes('sleeper is back'), 'the part to be back');
    expect(told).toEqual(['sleeper died: SIGKILL', 'sleeper is back']);
    await part.stop();
    expect(spawned.map(isRunning)).toEqual([false, false]);
    expect(folder.leftover('sleeper')).toBeNull();
    expect(told).toHaveLength(2);
  });

  it('tries on while it does not come back', async () => {
    const part = new SupervisedPart(sleeper(1), folder, announcer);
    await part.start();
    process.kill(spawned[0]!.pid, 'SIGKILL');
    await eventually(() => told.includes('sleeper is back'), 'the part to be back');
    expect(told).toEqual(['sleeper died: SIGKILL', 'sleeper stays away: not yet', 'sleeper is back']);
    await part.stop();
  });

  it('ends what a killed launcher left behind before it starts', async () => {
    const first = new SupervisedPart(sleeper(), folder, announcer);
    await first.start();
    const second = new SupervisedPart(sleeper(), folder, { ...announcer, died: () => {}, back: () => {} });
    await second.start();
    expect(isRunning(spawned[0]!)).toBe(false);
    expect(isRunning(spawned[1]!)).toBe(true);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('does not take another process for its leftover', () => {
    folder.noteProcess('sleeper', { pid: process.pid, began: 'another time' });
    expect(folder.leftover('sleeper')).toBeNull();
  });
});
