// Renews jars.sha256 after a change of pom.xml: resolves the jars and writes down what came. Look at the difference before
// you commit it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-jars-'));
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const options = ['-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
execFileSync('mvn', ['-B', '-q', '-f', join(here, 'pom.xml'), plugin, ...options], { stdio: 'inherit' });
const lines = readdirSync(folder)
  .sort()
  .map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}  ${name}\n`,
  );
writeFileSync(join(here, 'jars.sha256'), lines.join(''));
rmSync(folder, { recursive: true });
console.log(`${lines.length} jars pinned`);
