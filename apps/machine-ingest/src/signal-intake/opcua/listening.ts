import { AttributeIds, VariableIds } from 'node-opcua-client';
import { SILENT } from './connection-problem';
import type { Publishing } from './publishing';
import type { Connection } from './server-connection';
import { askAgain, type WatchedItem } from './watch';

/** Signs of life that may fail to come before a server counts as gone. */
const MOST_MISSED = 3;
/** How often a server is asked for the items that it refused, ms. */
const ASK_AGAIN = 20_000;

export interface ListeningHooks {
  /** Milliseconds of a clock that nobody sets: a jump of the wall clock is no silence. */
  readonly monotonic: () => number;
  readonly keepAliveMs: number;
  readonly leaving: AbortSignal;
  /** The server has shown that it lives. */
  readonly alive: () => void;
  /** It goes on refusing these. */
  readonly refused: (items: readonly WatchedItem[]) => void;
}

/**
 * Looks after one connection while it is read: asks for a sign of life where none comes by itself, and ends with the first
 * thing that ends it.
 */
export class Listening {
  private resolve: (reason: string) => void = () => undefined;
  private isOver = false;
  private lastLife: number;
  private lastAsked: number;
  private looking = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly publishing: Publishing,
    private readonly hooks: ListeningHooks,
  ) {
    this.lastLife = hooks.monotonic();
    this.lastAsked = this.lastLife;
  }

  /** Resolves with the reason when the server is lost or the source is to stop. */
  begin(): Promise<string> {
    const { connection, publishing, hooks } = this;
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.timer = setInterval(() => void this.look(), hooks.keepAliveMs);
      connection.client.on('close', this.closed);
      hooks.leaving.addEventListener('abort', this.left, { once: true });
      if (hooks.leaving.aborted) this.left();
      else publishing.ask();
    });
  }

  alive(): void {
    if (this.isOver) return;
    this.lastLife = this.hooks.monotonic();
    this.hooks.alive();
  }

  end(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.timer);
    this.publishing.end();
    this.connection.client.removeListener('close', this.closed);
    this.hooks.leaving.removeEventListener('abort', this.left);
    this.resolve(reason);
  }

  private readonly closed = (error?: Error | null): void => this.end(error?.message ?? 'closed by the server');
  private readonly left = (): void => this.end('stopped');

  private async look(): Promise<void> {
    const { hooks, publishing } = this;
    const { session, watch } = this.connection;
    const now = hooks.monotonic();
    if (now - this.lastLife > MOST_MISSED * hooks.keepAliveMs) return this.end(SILENT);
    if (this.looking) return;
    this.looking = true;
    try {
      await session.read({
        nodeId: `ns=0;i=${VariableIds.Server_ServerStatus_State}`,
        attributeId: AttributeIds.Value,
      });
      this.alive();
      await publishing.lookAfter();
      if (now - this.lastAsked >= ASK_AGAIN) {
        this.lastAsked = now;
        hooks.refused(await askAgain(session, watch));
      }
    } catch (error) {
      this.end((error as Error).message);
    } finally {
      this.looking = false;
    }
  }
}
