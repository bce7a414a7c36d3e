import type { FetchLike } from '../client/transport';
import type { Io } from './io';
import { run } from './run';
import type { Unanswered } from './usage-error';

export interface Call {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string | undefined;
  readonly authorization: string | undefined;
}

export type Answer = { readonly status?: number; readonly body?: unknown };

export interface Site {
  readonly calls: Call[];
  readonly fetch: FetchLike;
}

/** A site that answers what the test says. */
export const siteOf = (answer: (call: Call) => Answer): Site => {
  const calls: Call[] = [];
  const fetch: FetchLike = async (url, { method, body, headers }) => {
    const { pathname, search } = new URL(url);
    const call = { method, path: `${pathname}${search}`, body, authorization: headers['authorization'] };
    calls.push(call);
    const { status = 200, body: answered } = answer(call);
    return {
      status,
      headers: new Headers(),
      text: async () => (answered === undefined ? '' : JSON.stringify(answered)),
    };
  };
  return { calls, fetch };
};

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface World extends Partial<Io> {
  readonly input?: string | Uint8Array;
  /** What the person at the terminal types at each prompt, or how the person leaves it. */
  readonly answers?: readonly (string | Unanswered)[];
  readonly tty?: boolean;
}

/** Runs a command line in a world of its own. */
export const runIn = async (world: World, ...args: string[]): Promise<Ran> => {
  let out = '';
  let err = '';
  const answers = [...(world.answers ?? [])];
  const tty = world.tty ?? false;
  const io: Io = {
    env: { MILLRACE_URL: 'http://site.example', MILLRACE_API_KEY: 'mr_key' },
    platform: 'linux',
    home: '/nowhere',
    stdout: {
      write: (text) => {
        out += text;
      },
      isTTY: tty,
    },
    stderr: {
      write: (text) => {
        err += text;
      },
    },
    stdin: {
      isTTY: tty,
      read: async () =>
        typeof world.input === 'string' ? new TextEncoder().encode(world.input) : (world.input ?? new Uint8Array()),
    },
    ask: async () => {
      const answer = answers.shift() ?? '';
      if (typeof answer !== 'string') throw answer;
      return answer;
    },
    now: () => Date.parse('2026-01-31T06:00:00Z'),
    random: () => 'r4nd0m',
    sleep: async () => {},
    interrupted: () => AbortSignal.abort(),
    ...world,
  };
  const code = await run(args, io);
  return { code, out, err };
};
