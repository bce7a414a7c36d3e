import type { SourceCursor } from '../source-kind';
import type { KeptCondition } from './condition-memory';

/** What a successor goes on from. */
export interface OpcuaCursor {
  readonly v: 1;
  /** Thumbprint of the certificate that was seen at first use. */
  readonly trusted: string | null;
  readonly conditions: readonly KeptCondition[];
}

export const readCursor = (cursor: SourceCursor | null): OpcuaCursor => ({
  v: 1,
  trusted: typeof cursor?.['trusted'] === 'string' ? cursor['trusted'] : null,
  conditions: Array.isArray(cursor?.['conditions']) ? (cursor['conditions'] as KeptCondition[]) : [],
});
