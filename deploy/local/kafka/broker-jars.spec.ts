import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerJars } from './broker-jars';

/** A Maven that brings what the test says, in place of the real one. */
describe('brokerJars', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-jars-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** `$out` is the folder that the jars are to come into. */
  const withMaven = (script: string) => {
    mkdirSync(join(folder, 'bin'));
    const out = 'for a in "$@"; do case $a in -DoutputDirectory=*) out=$(echo "$a" | cut -d= -f2);; esac; done';
    writeFileSync(join(folder, 'bin/mvn'), `#!/bin/sh\n${out}\n${script}\n`);
    chmodSync(join(folder, 'bin/mvn'), 0o755);
    return brokerJars({
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      MILLRACE_CACHE_DIR: join(folder, 'cache'),
    });
  };
  const cached = () => (existsSync(join(folder, 'cache')) ? readdirSync(join(folder, 'cache')) : []);

  it('refuses jars that are not the pinned ones, names them, and keeps nothing of them', async () => {
    const refused = withMaven('echo tampered > $out/kafka_2.13-4.1.1.jar; echo more > $out/extra.jar');
    await expect(refused).rejects.toThrow(/extra\.jar is not expected/);
    await expect(refused).rejects.toThrow(/kafka_2\.13-4\.1\.1\.jar has other bytes/);
    await expect(refused).rejects.toThrow(/kafka-clients-4\.1\.1\.jar is missing/);
    expect(cached()).toEqual([]);
  });

  it('says what Maven said when it fails', async () => {
    const refused = withMaven('echo "[ERROR] Could not transfer artifact"; exit 1');
    await expect(refused).rejects.toThrow('Maven could not bring the Kafka jars: [ERROR] Could not transfer artifact');
    expect(cached()).toEqual([]);
  });

  it('says that Maven is missing', async () => {
    const refused = brokerJars({ PATH: folder, MILLRACE_CACHE_DIR: join(folder, 'cache') });
    await expect(refused).rejects.toThrow('Maven (mvn) is not installed');
  });
});
