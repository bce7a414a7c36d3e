import { z } from 'zod';

/** What somebody did that has to be answered for. */
export const auditEntryView = z
  .object({
    id: z.string(),
    at: z.string(),
    actor: z.string().meta({ description: 'Id of the API key.' }),
    action: z.enum(['secret.revealed']),
    object: z.string().meta({ description: 'Id of what it was done to.' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.output<typeof auditEntryView>;
