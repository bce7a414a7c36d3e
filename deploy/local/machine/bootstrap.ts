import { join } from 'node:path';
import { projectRoot } from './project-root';

/** The parts of the bootstrap that the launcher goes on using: one form of output, one set of checks. */
interface Progress {
  step<T>(
    title: string,
    remark: string,
    work: (note: (remark: string) => void) => Promise<{ remark?: string; value?: T }>,
  ): Promise<T | undefined>;
  say(text?: string): void;
  sayWhyNot(error: unknown): void;
  duration(ms: number): string;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

interface Checks {
  readonly DATA_FORMAT: string;
  alreadyRunning(folder: string, holder: { pid: number; url: string }): Error;
}

const load = (file: string) => require(join(projectRoot(), 'deploy/local/bootstrap', file)) as unknown;

export const progress = load('progress.mjs') as Progress;
export const checks = load('check-machine.mjs') as Checks;
