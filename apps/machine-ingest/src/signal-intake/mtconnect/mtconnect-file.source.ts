import type { Logger } from '@millrace/telemetry';
import { RecordingSource } from '../recording.source';
import type { SignalSink } from '../source';
import { contextOf, SourceOfKind } from '../source-of-kind';
import { playMtconnectRecording } from './play-mtconnect-recording';

export interface MtconnectFileSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  /** Path of one MTConnectStreams document; `.gz` is unpacked. */
  readonly file: string;
  /** Name or uuid of the device in the document; null where it has one only. */
  readonly device: string | null;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** The name of this source in its signals. */
export const mtconnectSourceName = (machine: string): string => `mtconnect:${machine}`;

/** {@link playMtconnectRecording} behind the port of {@link SourceOfKind}. */
export class MtconnectFileSource extends SourceOfKind {
  constructor(options: MtconnectFileSourceOptions) {
    const name = mtconnectSourceName(options.machine);
    const { file, machine, device } = options;
    super(options.tenant, machine, true, name, (stored) => {
      const context = contextOf(name, options);
      return new RecordingSource(
        (stopping) =>
          playMtconnectRecording({ file, machine, device }, context, (session) => stored(session) ?? -1, stopping),
        file,
        context,
      );
    });
  }
}
