import { playedUpTo, RecordingSource } from '../recording.source';
import { lookAtFile } from '../recording-file';
import type { SourceKind } from '../source-kind';
import { type MtconnectRecordingSettings, mtconnectRecordingSettings } from './mtconnect-settings';
import { playMtconnectRecording } from './play-mtconnect-recording';

export const mtconnectRecordingKind: SourceKind<MtconnectRecordingSettings> = {
  type: 'mtconnect-recording',
  says: 'A recorded MTConnectStreams document, played once at its own pace.',
  recorded: true,
  settings: mtconnectRecordingSettings,
  secrets: [],
  machines: ({ machine }) => [machine],
  reaches: ({ file }) => [{ kind: 'folder', folder: file, path: 'file' }],
  tryOnce: ({ file }) => lookAtFile(file),
  open: (settings, context) =>
    new RecordingSource(
      (stopping) =>
        playMtconnectRecording(settings, context, (session) => playedUpTo(context.cursor, session), stopping),
      settings.file,
      context,
    ),
};
