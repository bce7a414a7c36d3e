import { b2mmlRows } from './b2mml-rows';
import { csvRows } from './csv-rows';
import type { ReadFileRows } from './file-row';
import type { FilesSettings } from './files-settings';
import { jsonRows } from './json-rows';
import { ndjsonRows } from './ndjson-rows';

/** How the files of a source are read. */
export const readerOf = (settings: FilesSettings): ReadFileRows => {
  switch (settings.format) {
    case 'csv':
      return (bytes, place) => csvRows(settings, bytes, place);
    case 'ndjson':
      return (bytes, place) => ndjsonRows(settings, bytes, place);
    case 'json':
      return (bytes, place) => jsonRows(settings, bytes, place);
    case 'b2mml':
      return (bytes, place) => b2mmlRows(settings, bytes, place);
  }
};
