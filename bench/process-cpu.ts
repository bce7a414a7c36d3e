import { readFileSync } from 'node:fs';

/** Microseconds of CPU, user and system, that a process has used so far (Linux, ticks of 10 ms). */
export const cpuMicros = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
};

/** CPU of a process and of all its descendants: PostgreSQL works in one process for each connection. */
export const cpuMicrosOfTree = (pid: number): number => {
  let total = 0;
  for (const each of [pid, ...descendantsOf(pid)])
    try {
      total += cpuMicros(each);
    } catch {
      // Ended meanwhile: its time is lost to us.
    }
  return total;
};

export const descendantsOf = (pid: number): number[] => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === ''
      ? []
      : children
          .split(' ')
          .map(Number)
          .flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
};
