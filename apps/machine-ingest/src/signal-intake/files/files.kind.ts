import { createHash } from 'node:crypto';
import { type SourceKind, SourceProblem, type TriedSource } from '../source-kind';
import { contentOf } from './file-content';
import { FileRefused } from './file-row';
import { FilesSource } from './files.source';
import { type FilesSettings, filesSettings } from './files-settings';
import { readerOf } from './read-file-rows';
import { WatchedFolder } from './watched-folder';

/** Values that a try shows. */
const SHOWN = 50;

export const filesSourceKind: SourceKind<FilesSettings> = {
  type: 'files',
  says: 'A folder into which a controller, an ERP or a person drops CSV, NDJSON, JSON or B2MML files.',
  settings: filesSettings as SourceKind<FilesSettings>['settings'],
  secrets: [],
  machines: (settings) =>
    settings.machine === null ||
    settings.format === 'ndjson' ||
    (settings.format === 'csv' && settings.machineColumn !== null)
      ? null
      : [settings.machine],
  reaches: ({ folder }) => [{ kind: 'folder', folder, path: 'folder' }],
  tryOnce: async (settings, { signal }) => {
    const folder = new WatchedFolder(settings.folder, settings.pattern);
    await folder.locate();
    const files = (await folder.files()).sort((a, b) => a.mtimeMs - b.mtimeMs);
    const [first] = files;
    if (first === undefined)
      return { summary: `The folder is there; no file in it is named ${settings.pattern} yet.`, seen: [] };
    const seen = await firstValues(folder, first.name, settings, signal);
    return { summary: `${files.length} ${files.length === 1 ? 'file' : 'files'}, the oldest ${first.name}`, seen };
  },
  open: (settings, context) => new FilesSource(settings, context),
};

const firstValues = async (
  folder: WatchedFolder,
  name: string,
  settings: FilesSettings,
  signal: AbortSignal,
): Promise<TriedSource['seen']> => {
  const seen: Array<TriedSource['seen'][number]> = [];
  let wrong: { readonly said: string; readonly setting: string } | null = null;
  const file = await folder.open(name).catch((error: Error) => {
    throw new SourceProblem('unauthorized', `${name} cannot be opened: ${error.message}.`, 'folder');
  });
  try {
    const place = { tenant: '', source: '', session: createHash('sha256').digest('hex'), clock: Date.now };
    for await (const row of readerOf(settings)(contentOf(file, signal), place)) {
      if (row.kind === 'wrong') wrong ??= { said: `row ${row.row}: ${row.detail}`, setting: row.setting ?? 'format' };
      else for (const { machine, path, value, unit } of row.signals) seen.push({ machine, path, value, unit });
      if (seen.length >= SHOWN) break;
    }
  } catch (error) {
    if (error instanceof FileRefused)
      throw new SourceProblem('not_this_protocol', `${name}: ${error.message}`, error.setting);
    throw error;
  } finally {
    await file.close();
  }
  if (seen.length === 0 && wrong !== null)
    throw new SourceProblem('not_this_protocol', `${name}, ${wrong.said}`, wrong.setting);
  return seen.slice(0, SHOWN);
};
