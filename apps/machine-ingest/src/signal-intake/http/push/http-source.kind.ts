import type { OpenSource, OpenSourceHealth, SourceContext, SourceKind, TriedSource } from '../../source-kind';
import { addressOf } from './calling-source.guard';
import { type HttpSourceSettings, httpSourceSettings, machinesOf } from './http-source-settings';

/** `newToken` makes a token that nobody guesses, for a source that is given none. */
export const httpSourceKind = (newToken: () => string): SourceKind<HttpSourceSettings> => ({
  type: 'http',
  says: 'A peer that calls Millrace: Eclipse Pro, an MES, or a gateway that posts JSON.',
  settings: httpSourceSettings(newToken) as SourceKind<HttpSourceSettings>['settings'],
  secrets: ['token', 'secret'],
  shownOnce: ['token'],
  url: addressOf,
  machines: machinesOf,
  tryOnce: async (settings) => tried(settings),
  open: (settings, context) => new AwaitedPeer(context, lacking(settings)),
});

/** Nobody is called, so there is nothing to see before the peer sends. */
const tried = (settings: HttpSourceSettings): TriedSource => ({
  summary: lacking(settings) ?? 'Waits for the peer to send.',
  seen: [],
});

/** Why no message can be taken, and what to do; null where they can. */
const lacking = (settings: HttpSourceSettings): string | null =>
  settings.format === 'mes-events' && settings.secret === null
    ? 'Every message is answered 401, since the source has no secret: set the one that the MES shows with its endpoint.'
    : null;

/**
 * A source whose peer calls: whichever process is called takes the message, so its owner has nothing to do. Silence of the
 * peer is for a watchdog rule to judge, which knows how often the peer sends.
 */
class AwaitedPeer implements OpenSource {
  private connection: OpenSourceHealth['connection'];

  constructor(
    private readonly context: Pick<SourceContext, 'clock'>,
    /** Why nothing can be taken. */
    private readonly lacking: string | null,
  ) {
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    const since = this.context.clock();
    this.connection =
      this.lacking === null
        ? { state: 'connected', since, session: '' }
        : { state: 'degraded', since, reason: this.lacking, nextTryAt: null };
  }

  async stop(): Promise<void> {
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    return { connection: this.connection, lastError: null, counts: {}, queued: 0, lagMs: null };
  }
}
