import type { TestEnvironment } from '@millrace/test-environment';
import { cpuMicros, cpuMicrosOfTree } from '../process-cpu';

/** CPU microseconds of each piece of work, by process. */
export type Costs = { readonly [process: string]: number };

/** Starts to count. The answer, called with the pieces of work that were done since, says what each took of every process. */
export const costsFromHere = (
  environment: TestEnvironment,
  processes: { readonly [name: string]: { readonly pid: number } },
): ((pieces: number) => Costs) => {
  const { broker, database } = environment.processes;
  const readers: { readonly [process: string]: () => number } = {
    ...Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, () => cpuMicros(pid)])),
    Kafka: () => cpuMicros(broker),
    PostgreSQL: () => cpuMicrosOfTree(database),
  };
  const before = Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, read()]));
  return (pieces) =>
    Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, (read() - before[name]!) / pieces]));
};

/** `delivery 41, projector 20 µs` */
export const costsText = (costs: Costs): string =>
  `${Object.entries(costs)
    .map(([name, micros]) => `${name} ${micros.toFixed(0)}`)
    .join(', ')} µs`;
