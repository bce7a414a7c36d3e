import type { CallOptions, Transport } from '../transport';
import type { PageQuery } from '../types/page';
import type {
  NewSource,
  SavedSource,
  Source,
  SourceChanges,
  SourceKind,
  SourceToTry,
  TriedSource,
} from '../types/source';
import { get, list, part, post, remove } from './requests';

const at = (name: string) => `/v1/sources/${part(name)}`;

export const sourceCalls = (transport: Transport) => {
  /** What is left out stays as it is; `settings` are given whole, but for secrets. */
  const update = (name: string, changes: SourceChanges, options?: CallOptions) =>
    transport.call<SavedSource>({ method: 'PATCH', path: at(name), body: changes }, options);
  return {
    /** By name, each with how it is doing. */
    list: (query: PageQuery = {}, options?: CallOptions) => list<Source>(transport, '/v1/sources', query, options),
    /** Connects once, and saves it when that works; `seen` tells what was there. */
    create: (source: NewSource, options?: CallOptions) => post<SavedSource>(transport, '/v1/sources', source, options),
    get: (name: string, options?: CallOptions) => get<Source>(transport, at(name), options),
    update,
    enable: (name: string, options?: CallOptions) => update(name, { enabled: true, try: false }, options),
    disable: (name: string, options?: CallOptions) => update(name, { enabled: false, try: false }, options),
    /** What it has sent stays. */
    delete: (name: string, options?: CallOptions) => remove(transport, at(name), options),
    /** Connects once and saves nothing. */
    try: (source: SourceToTry, options?: CallOptions) =>
      post<TriedSource>(transport, '/v1/sources/try', source, options),
    /** The kinds of source, with the JSON Schema of their settings. */
    kinds: (options?: CallOptions) =>
      get<{ readonly data: readonly SourceKind[] }>(transport, '/v1/source-kinds', options),
  };
};
