import { SIGNALS_LIMITS } from '@millrace/protocol';
import { readNdjsonLine } from '../http/ndjson-lines';
import { signalOfItem } from '../http/signal-of-item';
import { MachineNumbers } from '../machine-numbers';
import { fileLines } from './file-lines';
import type { FilePlace, FileRow } from './file-row';
import type { FilesSettingsOf } from './files-settings';

/** Bytes of one line. */
const LINE_BYTES = 1024 * 1024;

/**
 * A file of signals, one on each line, in the form of `POST /v1/signals` or as they are recorded. They belong to the source
 * that reads the file; a session and numbers of their own are kept, since they tell a repeat whichever file it is in.
 */
export async function* ndjsonRows(
  settings: FilesSettingsOf<'ndjson'>,
  bytes: AsyncIterable<Buffer>,
  place: FilePlace,
): AsyncGenerator<FileRow> {
  const numbers = new MachineNumbers();
  for await (const line of fileLines(bytes, LINE_BYTES)) {
    const { row } = line;
    const wrong = (code: string, detail: string): FileRow => ({ kind: 'wrong', row, code, detail, bytes: line.bytes });
    if (line.kind === 'too_long') {
      yield wrong('too_large', `The line has more than ${LINE_BYTES} bytes.`);
      continue;
    }
    const read = readNdjsonLine(line.bytes, row, SIGNALS_LIMITS.depth);
    if (read === null) continue;
    if (read.kind === 'wrong') {
      yield wrong(read.code, read.detail);
      continue;
    }
    const item = signalOfItem(
      read.value,
      { text: read.text, span: { start: 0, end: read.text.length } },
      row,
      {
        tenant: place.tenant,
        receivedAt: place.clock(),
        repeatable: place.session,
        source: place.source,
        machine: settings.machine,
      },
      numbers,
    );
    if (item.kind === 'wrong') {
      const [first] = item.rejected;
      yield wrong('invalid_signal', `${first!.path} ${first!.detail}`.trim());
      continue;
    }
    const { signal } = item;
    const historical = settings.historical && !signal.flags.includes('historical');
    yield {
      kind: 'signals',
      row,
      signals: [
        {
          ...signal,
          source: place.source,
          flags: historical ? [...signal.flags, 'historical'] : signal.flags,
          raw: { proto: 'file', ref: `row:${row}` },
        },
      ],
    };
  }
}
