import { readFileSync } from 'node:fs';

/** Bytes of a process that are in memory now (Linux). */
export const residentBytes = (pid: number): number => {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1_024;
};
