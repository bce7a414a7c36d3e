import { playedUpTo, RecordingSource } from '../recording.source';
import { lookAtFile } from '../recording-file';
import type { SourceKind } from '../source-kind';
import { playShdrRecording } from './play-shdr-recording';
import { type ShdrRecordingSettings, shdrRecordingSettings } from './shdr-settings';

export const shdrRecordingKind: SourceKind<ShdrRecordingSettings> = {
  type: 'shdr-recording',
  says: 'A recording of SHDR lines, played once at its own pace.',
  recorded: true,
  settings: shdrRecordingSettings,
  secrets: [],
  machines: ({ machine }) => [machine],
  reaches: ({ file }) => [{ kind: 'folder', folder: file, path: 'file' }],
  tryOnce: ({ file }) => lookAtFile(file),
  open: (settings, context) =>
    new RecordingSource(
      (stopping) => playShdrRecording(settings, context, (session) => playedUpTo(context.cursor, session), stopping),
      settings.file,
      context,
    ),
};
