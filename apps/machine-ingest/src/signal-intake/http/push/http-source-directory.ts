import type { HttpSourceSettings } from './http-source-settings';

/** A source of type `http` as it is configured, its secrets open. */
export interface HttpSource {
  readonly tenant: string;
  readonly name: string;
  readonly settings: HttpSourceSettings;
}

/** The sources that peers may send to; every process knows all of them, since any of them may be called. */
export interface HttpSourceDirectory {
  /** Null where there is none of this name, it is of another type, or it is switched off. */
  find(tenant: string, name: string): HttpSource | null;
  /** Resolves when it knows what was configured before the call, or when that takes too long; never rejects. */
  caughtUp(): Promise<void>;
}

/** Nest's name for it. */
export const HTTP_SOURCES = Symbol('http sources');
