import type { Logger } from '@millrace/telemetry';
import { RecordingSource } from '../recording.source';
import type { SignalSink } from '../source';
import { contextOf, SourceOfKind } from '../source-of-kind';
import { playShdrRecording } from './play-shdr-recording';

export interface ShdrFileSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  /** Path of the recording; `.gz` is unpacked. */
  readonly file: string;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** {@link playShdrRecording} behind the port of {@link SourceOfKind}. */
export class ShdrFileSource extends SourceOfKind {
  constructor(options: ShdrFileSourceOptions) {
    const name = `shdr:${options.machine}`;
    const { file, machine } = options;
    super(options.tenant, machine, true, name, (stored) => {
      const context = contextOf(name, options);
      const settings = { file, machine, messages: [] };
      return new RecordingSource(
        (stopping) => playShdrRecording(settings, context, (session) => stored(session) ?? -1, stopping),
        file,
        context,
      );
    });
  }
}
