import type { FetchLike } from '../client/transport';

/** Everything of the world that the command line touches. */
export interface Io {
  readonly env: { readonly [name: string]: string | undefined };
  readonly platform: string;
  readonly home: string;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
  readonly stdin: { readonly isTTY?: boolean; read(): Promise<Uint8Array> };
  /** One line from the person at the terminal; hidden ones are not echoed. Rejects with Unanswered when the person leaves. */
  readonly ask: (question: string, hidden: boolean) => Promise<string>;
  readonly fetch?: FetchLike | undefined;
  readonly now: () => number;
  readonly random: () => string;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborted by Ctrl-C and by SIGTERM; from its first call on these do not end the process. */
  readonly interrupted: () => AbortSignal;
}
