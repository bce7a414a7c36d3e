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
  const visit = (each: number): void => {
    try {
      total += cpuMicros(each);
      for (const child of readFileSync(`/proc/${each}/task/${each}/children`, 'utf8').trim().split(' '))
        if (child !== '') visit(Number(child));
    } catch {
      // Ended meanwhile: its time is lost to us.
    }
  };
  visit(pid);
  return total;
};
