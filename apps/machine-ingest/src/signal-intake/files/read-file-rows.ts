import { b2mmlRows } from './b2mml-rows';
import { csvRows } from './csv-rows';
import type { ReadFileRows } from './file-row';
import type { FilesSettings } from './files-settings';
import { jsonRows } from './json-rows';
import { ndjsonRows } from './ndjson-rows';
import { inUtf8 } from './unicode-text';

/** How the files of a source are read; UTF-16 with a byte order mark is read where UTF-8 is. */
export const readerOf = (settings: FilesSettings): ReadFileRows => {
  switch (settings.format) {
    case 'csv':
      return (bytes, place) => csvRows(settings, settings.encoding === 'utf-8' ? inUtf8(bytes) : bytes, place);
    case 'ndjson':
      return (bytes, place) => ndjsonRows(settings, inUtf8(bytes), place);
    case 'json':
      return (bytes, place) => jsonRows(settings, inUtf8(bytes), place);
    case 'b2mml':
      return (bytes, place) => b2mmlRows(settings, inUtf8(bytes), place);
  }
};
