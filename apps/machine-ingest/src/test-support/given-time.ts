import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The clock of a service that runs as a process of its own: it stands still until it is set. */
export class GivenTime {
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-time-'));
  private readonly path = join(this.folder, 'now');
  private readonly file = openSync(this.path, 'w');

  /** Unix ms. */
  constructor(now: number) {
    this.set(now);
  }

  /** Unix ms. */
  set(now: number): void {
    writeSync(this.file, String(Math.floor(now)).padStart(13, '0'), 0);
  }

  /** For the environment of the service. */
  get variables(): { readonly [name: string]: string } {
    return { NODE_OPTIONS: `--require=${join(__dirname, 'time-of-a-file.cjs')}`, GIVEN_TIME_FILE: this.path };
  }

  remove(): void {
    closeSync(this.file);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
