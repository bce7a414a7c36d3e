import { loadavg } from 'node:os';
import { isolatedEnvironment } from '@millrace/test-environment';
import { machine } from './machine';
import type { Part } from './part';
import { broken, printed } from './print-table';

/** The broker as its distribution starts it, and not the small one of tests: that one spends twice the CPU on a request. */
const BROKER = {
  KAFKA_HEAP_OPTS: '-Xms1g -Xmx1g',
  KAFKA_JVM_PERFORMANCE_OPTS: '-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35',
};

/** Runs the named parts, one after the other, or all without names; `--list` says which there are. Answers the exit code. */
export const runSuite = async (suite: readonly Part[], args: readonly string[]): Promise<number> => {
  if (args.includes('--list')) {
    for (const { name, takes, measures } of suite) console.log(`${name.padEnd(15)}${takes.padStart(7)}  ${measures}`);
    return 0;
  }
  const unknown = args.find((name) => !suite.some((part) => part.name === name));
  if (unknown !== undefined) {
    console.error(`There is no part "${unknown}". Parts: ${suite.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  console.log(`\n${machine()}`);
  for (const [name, value] of Object.entries(BROKER)) process.env[name] ??= value;
  const environment = await isolatedEnvironment();
  const failed: string[] = [];
  const say = (text: string): void => console.log(`  · ${text}`);
  try {
    for (const part of suite.filter(({ name }) => args.length === 0 || args.includes(name))) {
      console.log(`\n${part.name}: ${part.measures}`);
      if (!(await succeeds(part, { environment, say }))) failed.push(part.name);
    }
  } finally {
    await environment.close();
  }
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
};

/** A missed target is a figure; what must hold on any machine and does not is a failure. */
const succeeds = async (part: Part, bench: Parameters<Part['run']>[0]): Promise<boolean> => {
  const began = performance.now();
  try {
    const table = await part.run(bench);
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.log(`\n${printed(table)}\n  in ${seconds} s; load average ${loadavg()[0]!.toFixed(1)} at the end`);
    const wrong = broken(table);
    for (const { name } of wrong) console.log(`  failed: ${name}`);
    return wrong.length === 0;
  } catch (error) {
    console.log(`\n  failed: ${error instanceof Error ? error.stack : error}`);
    return false;
  }
};
