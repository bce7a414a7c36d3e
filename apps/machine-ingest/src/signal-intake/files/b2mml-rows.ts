import { isTimestamp } from '@millrace/domain';
import { flagsOfMessage } from '../message-age';
import { readB2mml } from './b2mml-document';
import { type B2mmlEnvelope, b2mmlMessages } from './b2mml-messages';
import { type FilePlace, FileRefused, type FileRow, fileSignal } from './file-row';
import type { FilesSettingsOf } from './files-settings';
import { xmlText } from './xml-text';

/** Messages of one document. */
const MAX_MESSAGES = 20_000;

/** The statements of a B2MML document, each as one signal of type json under its kind. */
export async function* b2mmlRows(
  settings: FilesSettingsOf<'b2mml'>,
  bytes: AsyncIterable<Buffer>,
  place: FilePlace,
): AsyncGenerator<FileRow> {
  const messages = b2mmlMessages(readB2mml(await xmlText(bytes)));
  if (messages.length === 0) throw new FileRefused('empty', 'The document says nothing: its data area has no element.');
  if (messages.length > MAX_MESSAGES)
    throw new FileRefused('too_large', `The document has ${messages.length} statements; the limit is ${MAX_MESSAGES}.`);
  for (const [index, { kind, value }] of messages.entries()) {
    const created = (value['Message'] as B2mmlEnvelope).CreationDateTime;
    const sourceTs = created !== null && isTimestamp(created) ? created : null;
    const [old] = flagsOfMessage(sourceTs, place.clock());
    yield {
      kind: 'signals',
      row: index + 1,
      signals: [
        fileSignal(place, {
          machine: settings.machine,
          path: kind.slice(0, 256),
          value,
          type: 'json',
          seq: index,
          row: index + 1,
          sourceTs,
          historical: settings.historical || old !== undefined,
        }),
      ],
    };
  }
}
