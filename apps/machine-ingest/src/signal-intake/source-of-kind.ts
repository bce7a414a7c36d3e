import type { SignalSink, SignalSource, SourceHealth } from './source';
import type { OpenSource, SourceContext } from './source-kind';

/** A source of the present port behind the port that {@link SourceOwner} runs. */
export class SourceOfKind implements SignalSource {
  private opened: OpenSource | null = null;

  constructor(
    readonly tenant: string,
    readonly machine: string,
    readonly recorded: boolean,
    private readonly source: string,
    private readonly open: (stored: (session: string) => number | null) => OpenSource,
  ) {}

  start(stored: (session: string) => number | null): void {
    this.opened = this.open(stored);
    this.opened.start();
  }

  async stop(): Promise<void> {
    await this.opened?.stop();
  }

  health(): SourceHealth {
    const health = this.opened?.health();
    if (health === undefined) return { source: this.source, state: 'starting', detail: null };
    const { connection } = health;
    const detail = 'reason' in connection ? connection.reason : null;
    return { source: this.source, state: STATES[connection.state](this.recorded), detail };
  }
}

const STATES: {
  readonly [state in ReturnType<OpenSource['health']>['connection']['state']]: (
    recorded: boolean,
  ) => SourceHealth['state'];
} = {
  connecting: () => 'starting',
  connected: () => 'connected',
  disconnected: () => 'disconnected',
  degraded: (recorded) => (recorded ? 'failed' : 'disconnected'),
  finished: () => 'finished',
  stopped: () => 'stopped',
};

/** What the other port gives, as a context. */
export const contextOf = (
  name: string,
  options: {
    readonly tenant: string;
    readonly sink: SignalSink;
    readonly logger: SourceContext['logger'];
    readonly clock: () => number;
    readonly random?: () => number;
    readonly newSession?: () => string;
  },
): SourceContext => ({
  tenant: options.tenant,
  name,
  sink: {
    append: (signals, { stopping }) => options.sink.append(signals, stopping),
    refuse: (line, stopping) => options.sink.refuse(line, stopping),
  },
  cursor: null,
  logger: options.logger,
  clock: options.clock,
  random: options.random ?? (() => 0),
  newId: options.newSession ?? (() => ''),
  folder: '',
});
