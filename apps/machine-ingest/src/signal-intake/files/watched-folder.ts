import { constants, type FSWatcher, watch } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, open, readdir, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceProblem } from '../source-kind';
import type { SeenFile } from './file-look';
import { isWanted } from './file-pattern';

/** Folder for files that have been read. */
const DONE = 'done';

/**
 * The folder of a source. It is the folder that was judged at the start, and no other that has come into its place by a
 * link; nothing in it is followed anywhere: links, devices and folders are passed over.
 */
export class WatchedFolder {
  private watcher: FSWatcher | null = null;

  constructor(
    readonly path: string,
    private readonly pattern: string,
  ) {}

  /** Where it really is; rejects SourceProblem. */
  async locate(): Promise<string> {
    try {
      const real = await realpath(this.path);
      if (!(await lstat(real)).isDirectory())
        throw new SourceProblem(
          'not_found',
          `${this.path} is not a folder; name the folder that the files come to.`,
          'folder',
        );
      await access(real, constants.R_OK | constants.X_OK);
      return real;
    } catch (error) {
      throw problemOf(error, this.path);
    }
  }

  /** The files that the pattern means. Rejects SourceProblem when the folder is gone. */
  async files(): Promise<SeenFile[]> {
    let names: string[];
    try {
      names = (await readdir(this.path)).filter((name) => isWanted(name, this.pattern));
    } catch (error) {
      throw problemOf(error, this.path);
    }
    const seen: SeenFile[] = [];
    for (const name of names) {
      // a file may go between two calls, and that is nobody's fault
      const stat = await lstat(join(this.path, name)).catch(() => null);
      if (stat?.isFile()) seen.push({ name, size: stat.size, mtimeMs: stat.mtimeMs, inode: stat.ino });
    }
    return seen;
  }

  /** For reading alone; a link or a device that has come into the place of the file is not opened. */
  open(name: string): Promise<FileHandle> {
    return open(join(this.path, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  /** Moves a file, and what was refused of it, among those that are read; one of the same name stays as it is. */
  async putAway(name: string, rejected: string | null): Promise<void> {
    const done = join(this.path, DONE);
    await mkdir(done, { recursive: true });
    if (!(await lstat(done)).isDirectory()) throw new Error(`${done} is not a folder`);
    const free = await freeName(done, name);
    await rename(join(this.path, name), join(done, free));
    if (rejected !== null) await rename(join(this.path, rejected), join(done, `${free}.rejected`)).catch(ignoreMissing);
  }

  /** Calls `changed` when the file system tells of something; where it tells nothing, looking now and then must do. */
  onChange(changed: () => void): void {
    this.unwatch();
    try {
      this.watcher = watch(this.path, { persistent: false }, changed);
      this.watcher.on('error', () => this.unwatch());
    } catch {
      this.watcher = null;
    }
  }

  unwatch(): void {
    this.watcher?.close();
    this.watcher = null;
  }
}

const freeName = async (folder: string, name: string): Promise<string> => {
  for (let n = 1; ; n++) {
    const free = n === 1 ? name : `${name}.${n}`;
    if ((await lstat(join(folder, free)).catch(() => null)) === null) return free;
  }
};

const ignoreMissing = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error;
};

const problemOf = (error: unknown, folder: string): SourceProblem => {
  if (error instanceof SourceProblem) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SourceProblem('not_found', `There is no folder ${folder}; make it, or mount it.`, 'folder');
  if (code === 'EACCES' || code === 'EPERM')
    return new SourceProblem(
      'unauthorized',
      `The folder ${folder} may not be read; give Millrace's user the right.`,
      'folder',
    );
  return new SourceProblem('unreachable', `The folder ${folder} cannot be read: ${message}.`, 'folder');
};
