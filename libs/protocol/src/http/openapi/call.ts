import { z } from 'zod';
import type { ProblemCode } from '../problem';
import type { Scope } from '../scopes';

/** One operation of the API as the document tells it. */
export type Call = Operation & Access;

/** Who may call: whoever has an API key with the scope, or the peer of a source, with what the source knows it by. */
type Access = { readonly scope: Scope } | { readonly access: 'source' };

interface Operation {
  readonly summary: string;
  readonly tag: string;
  readonly body?: { readonly [mediaType: string]: z.ZodType };
  readonly optionalBody?: true;
  readonly answer: { readonly status: number; readonly description: string; readonly schema?: z.ZodType };
  readonly query?: { readonly [name: string]: { readonly description: string; readonly schema?: object } };
  /** Problem details beside those that every call has. */
  readonly refusals: readonly ProblemCode[];
  /** Answers that are no problem details, as the compatible APIs have them: these stand for all that the status would say. */
  readonly errors?: { readonly [status: number]: { readonly description: string; readonly schema: z.ZodType } };
}

/** The calls of one subject, by path and method. */
export interface Calls {
  readonly [path: string]: { readonly [method: string]: Call };
}

export const json = (schema: z.ZodType) => ({ 'application/json': schema });
export const page = (item: z.ZodType) => z.object({ data: z.array(item), nextCursor: z.string().nullable() });
export const paging = {
  cursor: { description: '`nextCursor` of the previous page.' },
  limit: { description: 'Items of a page.', schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
};
export const period = {
  from: { description: 'RFC 3339; from this time on.', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'RFC 3339; before this time.', schema: { type: 'string', format: 'date-time' } },
};
/** What every call that takes a body may refuse. */
export const WRITE: readonly ProblemCode[] = [
  'invalid_json',
  'invalid_request',
  'too_slow',
  'too_large',
  'unsupported_media_type',
  'unavailable',
];
