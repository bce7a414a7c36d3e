import type { Violation } from '@millrace/event-schema';
import { SCHEMA_VIOLATION, SCHEMA_WARNING } from '@millrace/protocol';

/** What the quarantine says of an event that does not fit: one that is not delivered, or one that is all the same. */
export const reasonOfUnfit = (
  type: string,
  { validation, path, detail, version }: Violation,
): { readonly code: string; readonly detail: string; readonly field: string } => ({
  code: validation === 'reject' ? SCHEMA_VIOLATION : SCHEMA_WARNING,
  field: path,
  detail: `${path} ${detail}, by version ${version} of the schema of ${type}.${validation === 'warn' ? ' Delivered all the same.' : ''}`,
});
