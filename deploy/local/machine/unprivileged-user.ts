import { execFileSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

export const runningAsRoot = (): boolean => process.getuid?.() === 0;

/**
 * PostgreSQL refuses to run as root, so under root (a container, a CI job) it runs as somebody without rights. An existing
 * data folder decides who, because PostgreSQL takes only its owner. Null when we are an ordinary user ourselves.
 */
export const unprivilegedUser = (existingFolder?: string): UserIds | null => {
  if (!runningAsRoot()) return null;
  if (existingFolder !== undefined) {
    const { uid, gid } = statSync(existingFolder);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      const ids = { uid: id('-u'), gid: id('-g') };
      if (ids.uid > 0) return ids;
    } catch {
      // No such user here; the next one may exist.
    }
  }
  return { uid: 65534, gid: 65534 };
};

export const giveTo = (user: UserIds | null, path: string): void => {
  if (user !== null) chownSync(path, user.uid, user.gid);
};

/** Whether a process of another user can reach `path`: every folder above it lets others through. */
export const reachableByOthers = (path: string): boolean => {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    try {
      if ((statSync(folder).mode & 0o001) === 0) return false;
    } catch {
      // A folder that does not exist yet is made by us, and made passable.
    }
    if (folder === dirname(folder)) return true;
  }
};
