import type { SourceCursor } from '../source-kind';
import type { KeptCondition } from './condition-memory';

/** What a successor goes on from. */
export interface OpcuaCursor {
  readonly v: 1;
  /** There was a subscription: what is said until the next one is said to nobody. */
  readonly listened: boolean;
  /** Thumbprint of the certificate that was seen at first use. */
  readonly trusted: string | null;
  readonly conditions: readonly KeptCondition[];
}

export const readCursor = (cursor: SourceCursor | null): OpcuaCursor => ({
  v: 1,
  listened: cursor?.['listened'] === true,
  trusted: typeof cursor?.['trusted'] === 'string' ? cursor['trusted'] : null,
  conditions: Array.isArray(cursor?.['conditions']) ? (cursor['conditions'] as KeptCondition[]) : [],
});
