import { cpus, loadavg, totalmem } from 'node:os';

/** What the figures were measured on, and how busy it was before. */
export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; ` +
  `load average ${loadavg()[0]!.toFixed(1)} before the start`;
