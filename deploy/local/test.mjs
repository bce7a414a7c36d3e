// npm test: everything that is checked, from a fresh clone. `npm test -- unit` runs a part: lint, types, line, unit,
// integration, story; what follows it goes to jest (npm test -- unit --testPathPatterns libs/domain).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './bootstrap/build.mjs';
import { checkDisk, checkKafka, diskNeeds } from './bootstrap/check-machine.mjs';
import { install, isInstalled, node24 } from './bootstrap/install.mjs';
import { bold, dim, duration, green, red, say, sayWhyNot, step } from './bootstrap/progress.mjs';
import { Stop } from './bootstrap/stop.mjs';
import { staticChecks, tiers } from './testing/checks.mjs';
import { runProgram } from './testing/run-program.mjs';
import { add, beginningOf, failuresOf, sentence, tallyOf } from './testing/tally.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Which parts are asked for, and what goes to jest. */
const readArguments = (args) => {
  const names = [...staticChecks(root), ...tiers].map(({ name }) => name);
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const parts = firstOption < 0 ? args : args.slice(0, firstOption);
  const unknown = parts.find((part) => !names.includes(part));
  if (unknown !== undefined)
    throw new Stop(`There is no part "${unknown}" of the tests.`, [`Parts: ${names.join(', ')}`]);
  const asked = (name) => parts.length === 0 || parts.includes(name);
  return { asked, forJest: firstOption < 0 ? [] : args.slice(firstOption) };
};

const check = async ({ title, remark, command }) => {
  let said = '';
  try {
    await step(title, remark, async () => {
      const { code, output } = await runProgram(node24(root), command, {
        cwd: root,
        environment: process.env,
        passOn: false,
      });
      said = output.trim();
      if (code !== 0) throw new Error(title);
      return { remark };
    });
    return { tally: { passed: 1, failed: 0, skipped: 0 }, failures: [] };
  } catch {
    say(said.replace(/^/gm, '    '));
    const failure = { file: title, test: remark, said: beginningOf(said) };
    return { tally: { passed: 0, failed: 1, skipped: 0 }, failures: [failure] };
  }
};

/** Said again at the end: a log of which only the end is kept must tell what failed. */
const sayFailures = (failures) => {
  if (failures.length === 0) return;
  say();
  say(`  ${bold('Failed')}`);
  for (const { file, test, said } of failures) {
    say(`  ${red('✗')} ${file}`);
    say(`    ${bold(test)}`);
    if (said !== '') say(said.replace(/^/gm, '      '));
  }
};

const jest = async ({ title, project, workers, name }, reports, forJest) => {
  const began = performance.now();
  const outputFile = join(reports, `${name}.json`);
  say();
  say(`  ${bold(title)}`);
  const args = [
    '--experimental-vm-modules',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...['--selectProjects', project, '--maxWorkers', workers, '--json', '--outputFile', outputFile],
    ...['--passWithNoTests', `--reporters=${join(root, 'deploy/local/testing/calm-reporter.cjs')}`],
    ...forJest,
  ];
  const environment = {
    ...process.env,
    NODE_NO_WARNINGS: '1',
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
    MILLRACE_TEST_BUILT: '1',
    // The stack of the tests lives as long as this process, over all tiers.
    MILLRACE_TEST_OWNER_PID: String(process.pid),
  };
  const { code } = await runProgram(node24(root), args, { cwd: root, environment, passOn: true });
  const tally = tallyOf(outputFile, code);
  const mark = tally.failed === 0 ? green('✓') : red('✗');
  say(`  ${mark} ${title.padEnd(22)} ${sentence(tally)} · ${dim(duration(performance.now() - began))}`);
  const failures = failuresOf(outputFile, root);
  if (tally.failed > 0 && failures.length === 0)
    failures.push({ file: title, test: `ended with code ${code}`, said: '' });
  return { tally, failures };
};

const main = async (args) => {
  const began = performance.now();
  const { asked, forJest } = readArguments(args);
  say();
  say(`  ${bold('Millrace')}  ${dim('all tests')}`);
  say();
  const needsStack = tiers.some((tier) => tier.needsStack && asked(tier.name));
  checkDisk(diskNeeds({ root, installed: isInstalled(root), dataFolder: tmpdir(), environment: process.env }));
  if (needsStack) await checkKafka(root, process.env);
  await install(root);
  let tally = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for (const one of staticChecks(root)) {
    if (!asked(one.name)) continue;
    const ended = await check(one);
    tally = add(tally, ended.tally);
    failures.push(...ended.failures);
  }
  if (needsStack) await build(root);
  mkdirSync(join(root, '.cache'), { recursive: true });
  const reports = mkdtempSync(join(root, '.cache/reports-'));
  try {
    for (const tier of tiers) {
      if (!asked(tier.name)) continue;
      const ended = await jest(tier, reports, forJest);
      tally = add(tally, ended.tally);
      failures.push(...ended.failures);
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  sayFailures(failures);
  say();
  say(`  ${dim(`in ${duration(performance.now() - began)}`)}`);
  say(sentence(tally));
  return tally.failed === 0 ? 0 : 1;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  sayWhyNot(error);
  say('0 passed, 1 failed');
  process.exitCode = 1;
}
