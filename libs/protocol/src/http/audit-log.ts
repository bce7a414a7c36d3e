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

const machineAuditAction = z.enum([
  'source.created',
  'source.changed',
  'source.switched_on',
  'source.switched_off',
  'source.deleted',
  'mapping.activated',
  'mapping.deleted',
  'machine.removed',
]);
export type MachineAuditAction = z.output<typeof machineAuditAction>;

/** What somebody did to a source, a mapping or a machine. */
export const machineAuditEntryView = z
  .object({
    id: z.string(),
    at: z.string(),
    actor: z.string().meta({ description: 'Id of the API key.' }),
    action: machineAuditAction,
    object: z.string().meta({ description: 'Name of the source, the mapping or the machine.' }),
    detail: z.string().meta({
      description:
        'Which version, and the names of what is new; no values of settings. Of a machine, when it was heard last.',
    }),
  })
  .meta({ id: 'MachineAuditEntry' });
export type MachineAuditEntryView = z.output<typeof machineAuditEntryView>;
