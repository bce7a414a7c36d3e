import { arraySpans, nestingDepth } from '@millrace/domain';
import { SIGNALS_LIMITS } from '@millrace/protocol';
import { jsonLeaves, MAX_LEAVES } from '../json-leaves';
import { type FilePlace, FileRefused, type FileRow, fileSignal } from './file-row';
import type { FilesSettingsOf } from './files-settings';
import { wholeText } from './whole-file';

/** One JSON object, or a list of them; each scalar is a signal under the path that leads to it. */
export async function* jsonRows(
  settings: FilesSettingsOf<'json'>,
  bytes: AsyncIterable<Buffer>,
  place: FilePlace,
): AsyncGenerator<FileRow> {
  const text = await wholeText(bytes);
  const value = parsed(text);
  const texts = Array.isArray(value) ? arraySpans(text).map(({ start, end }) => text.slice(start, end)) : [text];
  let seq = 0;
  for (const [index, one] of texts.entries()) {
    const row = index + 1;
    const wrong = (code: string, detail: string): FileRow => ({
      kind: 'wrong',
      row,
      code,
      detail,
      bytes: Buffer.from(one),
    });
    const found = one.trimStart().startsWith('{') ? jsonLeaves(one) : undefined;
    if (found === undefined) yield wrong('malformed', 'It is not a JSON object.');
    else if (found === null) yield wrong('too_large', `The object has more than ${MAX_LEAVES} values.`);
    else if (found.rejected.length > 0)
      yield wrong('malformed', `${found.rejected[0]!.path}: ${found.rejected[0]!.detail}`);
    else
      yield {
        kind: 'signals',
        row,
        signals: found.leaves.map((leaf) =>
          fileSignal(place, { ...leaf, machine: settings.machine, seq: seq++, row, historical: settings.historical }),
        ),
      };
  }
}

const parsed = (text: string): unknown => {
  const depth = nestingDepth(text);
  if (depth > SIGNALS_LIMITS.depth)
    throw new FileRefused(
      'malformed',
      `The JSON is nested ${depth} levels deep; the limit is ${SIGNALS_LIMITS.depth}.`,
    );
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileRefused('malformed', `The file is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
};
