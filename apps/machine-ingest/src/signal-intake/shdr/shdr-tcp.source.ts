import type { Logger } from '@millrace/telemetry';
import type { SignalSink } from '../source';
import { contextOf, SourceOfKind } from '../source-of-kind';
import { ShdrSource } from './shdr.source';
import { shdrSettings } from './shdr-settings';

export interface ShdrTcpSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  readonly host: string;
  readonly port: number;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Names the session of one connection; never the same twice. */
  readonly newSession: () => string;
}

/** {@link ShdrSource} behind the port of {@link SourceOfKind}. */
export class ShdrTcpSource extends SourceOfKind {
  constructor(options: ShdrTcpSourceOptions) {
    const name = `shdr:${options.machine}`;
    const { host, port, machine } = options;
    super(
      options.tenant,
      machine,
      false,
      name,
      () => new ShdrSource(shdrSettings.parse({ host, port, machine }), contextOf(name, options)),
    );
  }
}
