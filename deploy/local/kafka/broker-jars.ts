import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, intoCache } from '../machine/cache-folder';
import { LocalStackError } from '../machine/local-stack-error';
import { projectRoot } from '../machine/project-root';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const pinned = () => join(projectRoot(), 'deploy/local/kafka');

/** File name -> SHA-256, from the checked-in list. */
const expectedJars = (): Map<string, string> =>
  new Map(
    readFileSync(join(pinned(), 'jars.sha256'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(/\s+/) as [string, string])
      .map(([hash, name]) => [name, hash]),
  );

/** The folder's name follows from the list, so that a new list never meets an old folder. */
const cachedName = (): string =>
  `kafka-jars-${createHash('sha256')
    .update(readFileSync(join(pinned(), 'jars.sha256')))
    .digest('hex')
    .slice(0, 12)}`;

export const brokerJarsAreCached = (): boolean => existsSync(join(cacheFolder(), cachedName()));

/**
 * The folder with the broker's jars: from the cache, or resolved by Maven from the pinned pom. Every jar is compared with the
 * checked-in list before it is used for the first time.
 */
export const brokerJars = async (environment: NodeJS.ProcessEnv = process.env): Promise<string> => {
  const folder = await intoCache(cacheFolder(environment), cachedName(), async (draft) => {
    await resolveWithMaven(draft, environment);
    const faults = await differences(draft);
    if (faults.length > 0) {
      throw new LocalStackError(
        `The Kafka jars that Maven brought are not the pinned ones: ${faults.join(', ')}. Nothing was started.`,
        [
          'Check the Maven mirror that this machine uses; the expected SHA-256 sums are in deploy/local/kafka/jars.sha256.',
        ],
      );
    }
  });
  const missing = [...expectedJars().keys()].filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    // Somebody tidied the cache by hand: bring it anew.
    rmSync(folder, { recursive: true, force: true });
    return brokerJars(environment);
  }
  return folder;
};

const sha256 = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part);
  return hash.digest('hex');
};

const differences = async (folder: string): Promise<string[]> => {
  const expected = expectedJars();
  const found = readdirSync(folder);
  const faults = found.filter((name) => !expected.has(name)).map((name) => `${name} is not expected`);
  for (const [name, hash] of expected) {
    if (!found.includes(name)) faults.push(`${name} is missing`);
    else if ((await sha256(join(folder, name))) !== hash) faults.push(`${name} has other bytes`);
  }
  return faults;
};

const resolveWithMaven = (outputDirectory: string, environment: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    const args = ['-B', '-q', '-f', join(pinned(), 'pom.xml'), PLUGIN];
    const maven = spawn('mvn', [...args, '-DincludeScope=runtime', `-DoutputDirectory=${outputDirectory}`], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (text: Buffer) => {
      output = (output + text.toString()).slice(-4_000);
    };
    maven.stdout.on('data', keep);
    maven.stderr.on('data', keep);
    maven.once('error', () =>
      reject(
        new LocalStackError('Maven (mvn) is not installed, and the Kafka jars are not in the cache yet.', [
          'Install Maven (Debian: apt install maven; macOS: brew install maven), or start Docker.',
        ]),
      ),
    );
    maven.once('exit', (code) => {
      if (code === 0) return resolve();
      const reason = output.split('\n').find((line) => line.includes('ERROR')) ?? output;
      reject(new LocalStackError(`Maven could not bring the Kafka jars: ${reason.trim()}`, ['Is there a network?']));
    });
  });
