import { plainWords, sentenceOf } from '@millrace/protocol';
import type { z } from 'zod';
import type {
  OpenSource,
  SourceClaim,
  SourceContext,
  SourceKind,
  SourceReach,
  TriedSource,
  TryContext,
} from './source-kind';

/** Settings that their kind has read, with what can be done with them. */
export interface ReadySource {
  /** With what the kind has filled in. */
  readonly settings: unknown;
  readonly machines: readonly string[] | null;
  readonly reaches: readonly SourceReach[];
  /** Null for a kind that has nothing of its peer alone. */
  alone(source: { readonly tenant: string; readonly name: string }): SourceClaim | null;
  tryOnce(context: TryContext): Promise<TriedSource>;
  open(context: SourceContext): OpenSource;
}

export type SettingsReading =
  | { readonly kind: 'ready'; readonly source: ReadySource }
  | { readonly kind: 'wrong'; readonly wrong: readonly WrongSetting[] };

/** A member of the settings, or one within it, and what is wrong with it, for a person. */
export interface WrongSetting {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

/** A kind of source without the form of its settings, which it alone knows. */
export interface RegisteredKind {
  readonly type: string;
  readonly says: string;
  /** A recording brings its own time. */
  readonly recorded: boolean;
  readonly secrets: readonly string[];
  /** Of these, those that are made where they are left out, and shown with the answer that saves them. */
  readonly shownOnce: readonly string[];
  /** Path to which the peer of a source sends; null for a kind that calls its peer. */
  url(source: { readonly tenant: string; readonly name: string }): string | null;
  readonly schema: z.ZodType;
  /** Settings in the clear. */
  read(settings: unknown): SettingsReading;
}

export const registered = <Settings>(kind: SourceKind<Settings>): RegisteredKind => ({
  type: kind.type,
  says: kind.says,
  recorded: kind.recorded ?? false,
  secrets: kind.secrets,
  shownOnce: kind.shownOnce ?? [],
  url: (source) => kind.url?.(source) ?? null,
  schema: kind.settings,
  read: (given) => {
    const read = kind.settings.safeParse(given, { error: plainWords });
    if (!read.success) return { kind: 'wrong', wrong: wrongIn(read.error, given) };
    const settings = read.data;
    return {
      kind: 'ready',
      source: {
        settings,
        machines: kind.machines(settings),
        reaches: kind.reaches?.(settings) ?? [],
        alone: (source) => kind.alone?.(settings, source) ?? null,
        tryOnce: (context) => kind.tryOnce(settings, context),
        open: (context) => kind.open(settings, context),
      },
    };
  },
});

const wrongIn = ({ issues }: z.ZodError, given: unknown): WrongSetting[] =>
  issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], detail: 'There is no such member.' }))
      : [{ path: issue.path, detail: sentenceOf(issue, given) }],
  );

/** The kinds of source that this process can run, by the `type` of their configuration. */
export class SourceRegistry {
  private readonly kinds: ReadonlyMap<string, RegisteredKind>;

  constructor(kinds: readonly RegisteredKind[]) {
    this.kinds = new Map(kinds.map((kind) => [kind.type, kind]));
  }

  find(type: string): RegisteredKind | null {
    return this.kinds.get(type) ?? null;
  }

  all(): RegisteredKind[] {
    return [...this.kinds.values()].sort((one, other) => (one.type < other.type ? -1 : 1));
  }
}
