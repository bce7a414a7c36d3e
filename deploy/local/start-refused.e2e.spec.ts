import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { LauncherProcess, ownPlace, pathWithOnly } from './testing/launcher-process';

/** Each thing that keeps Millrace from starting: one clear message, exit code 1, nothing left behind. */
describe('npm start refuses', () => {
  let place: Awaited<ReturnType<typeof ownPlace>>;
  beforeEach(async () => {
    place = await ownPlace();
  });
  afterEach(() => place.remove());

  const refused = async (variables: { [name: string]: string } = {}, args: string[] = []) => {
    const { remove: _, ...own } = place;
    const launcher = new LauncherProcess(args, { ...own, ...variables });
    const code = await launcher.exit();
    expect(launcher.output.match(/✗/g)).toHaveLength(1);
    expect(launcher.output).not.toMatch(/\n\s+at .*\.m?[jt]s:\d+/);
    expect(launcher.processes().size).toBe(0);
    expect(code).toBe(1);
    return launcher.output;
  };
  const folder = () => dirname(place.MILLRACE_DATA_DIR);
  const programs = (...names: string[]) => pathWithOnly(folder(), ['node', 'npm', 'sh', 'env', 'id', ...names]);

  it('a port that another program has', async () => {
    const other = createServer().listen(Number(place.MILLRACE_PORT), '127.0.0.1');
    const said = await refused();
    other.close();
    expect(said).toContain(`Port ${place.MILLRACE_PORT} is in use by another program.`);
    expect(said).toContain('MILLRACE_PORT=');
  });

  it('a port that is none', async () => {
    expect(await refused({ MILLRACE_PORT: 'eighty' })).toContain('MILLRACE_PORT is "eighty", which is not a port');
  });

  it('a machine without Java and Docker', async () => {
    const said = await refused({ PATH: programs() });
    expect(said).toContain('Kafka needs Java 17 with Maven, or Docker. There is no Java here and no Docker.');
    expect(said).toContain('apt install openjdk-17-jre-headless maven');
  });

  it('a Java that is too old', async () => {
    const bin = programs();
    writeFileSync(join(bin, 'java'), '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n');
    chmodSync(join(bin, 'java'), 0o755);
    expect(await refused({ PATH: bin })).toContain('Java here is version 11; Kafka needs 17 or newer.');
  });

  it('a machine without Maven whose cache is empty', async () => {
    const said = await refused({ PATH: programs('java'), MILLRACE_CACHE_DIR: join(folder(), 'cache') });
    expect(said).toContain('Java is here, but not Maven (mvn)');
  });

  it('data of another version', async () => {
    mkdirSync(place.MILLRACE_DATA_DIR);
    writeFileSync(join(place.MILLRACE_DATA_DIR, 'version'), 'millrace-data 7\n');
    expect(await refused()).toContain('is of another version ("millrace-data 7"');
  });

  it('data that it has not made', async () => {
    mkdirSync(join(place.MILLRACE_DATA_DIR, 'postgres'), { recursive: true });
    expect(await refused()).toContain('has data but no version file');
  });

  it('a data folder that cannot be one', async () => {
    writeFileSync(place.MILLRACE_DATA_DIR, 'a file');
    expect(await refused()).toContain('cannot be written');
  });

  it('an option that it does not have', async () => {
    expect(await refused({}, ['--no-demos'])).toContain('There is no option "--no-demos".');
  });
});
