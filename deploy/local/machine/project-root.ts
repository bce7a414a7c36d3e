import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the checkout, found from the sources as well as from `dist/`. */
export const projectRoot = (): string => {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'millrace') return folder;
    if (folder === dirname(folder)) throw new Error(`no Millrace checkout above ${__dirname}`);
  }
};
