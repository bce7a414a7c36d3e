import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test, into which files come as they should: written elsewhere, and moved there whole. */
export class DropFolder {
  private constructor(private readonly root: string) {}

  static async make(): Promise<DropFolder> {
    const folder = new DropFolder(await mkdtemp(join(tmpdir(), 'millrace-files-')));
    await mkdir(folder.path);
    return folder;
  }

  get path(): string {
    return join(this.root, 'drop');
  }

  async drop(name: string, content: string | Buffer): Promise<void> {
    const beside = join(this.root, name);
    await writeFile(beside, content);
    await rename(beside, join(this.path, name));
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true });
  }

  end(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}
