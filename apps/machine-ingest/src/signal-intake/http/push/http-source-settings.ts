import { isMachineName } from '@millrace/domain';
import { z } from 'zod';
import { isTimeZone } from '../../local-time/local-time';

/** What a peer that calls us sends, and how it is known. */
export type HttpSourceSettings = z.output<ReturnType<typeof httpSourceSettings>>;
export type SettingsOf<F extends HttpSourceSettings['format']> = Extract<HttpSourceSettings, { readonly format: F }>;

const machine = z.string({ error: 'must name a machine' }).refine(isMachineName, {
  error: 'must be at most 128 letters, digits, . _ and -, and begin with a letter or digit',
});

const dotted = z.string().regex(/^[^.\u0000-\u001f]{1,128}(\.[^.\u0000-\u001f]{1,128}){0,15}$/, {
  error: 'must be a path of member names with dots between them, for example `meta.time`',
});

/** What `Authorization: Bearer` can carry. */
const tokenForm = z.string().regex(/^[!-~]{16,300}$/, {
  error: 'must be 16 to 300 visible ASCII characters; left out, one is made and shown once',
});

/** Days after which the MES gives a message up, and one for its clock. */
const MES_DAYS = 8;

export const httpSourceSettings = (newToken: () => string) => {
  const token = tokenForm.default(newToken);
  return z.discriminatedUnion(
    'format',
    [
      z.strictObject({
        format: z.literal('signals'),
        token,
        machine: machine.nullable().default(null),
      }),
      z
        .strictObject({
          format: z.literal('json'),
          token,
          machine: machine.nullable().default(null),
          /** Member that names the machine, before `machine`. */
          machineMember: dotted.nullable().default(null),
          /** Member with the peer's own stamp, RFC 3339. */
          timestampMember: dotted.nullable().default(null),
        })
        .refine((settings) => settings.machine !== null || settings.machineMember !== null, {
          path: ['machine'],
          error: 'is needed where no machineMember says which machine a message is about',
        }),
      z
        .strictObject({
          format: z.literal('eclipse-bundle'),
          token,
          machine: machine.nullable().default(null),
          /** Machine by `FinalMachineNumber`, before `machine`. */
          machines: z
            .record(z.string().regex(/^\d{1,9}$/, { error: 'must be a machine number of Eclipse Pro' }), machine)
            .default({}),
          /** Where the plant's clock hangs, IANA; Eclipse Pro writes local times without a zone. */
          timeZone: z.string().refine(isTimeZone, { error: 'must be a time zone such as America/Chicago' }),
        })
        .refine((settings) => settings.machine !== null || Object.keys(settings.machines).length > 0, {
          path: ['machine'],
          error: 'is needed where `machines` names none',
        }),
      z.strictObject({
        format: z.literal('mes-events'),
        machine,
        /** As the MES shows it with its endpoint; until it is known every message is refused. */
        secret: z.string().min(16, { error: 'must have at least 16 characters' }).max(256).nullable().default(null),
        /** An older message is not taken: its repeat could no longer be told from a new one. A century takes any, to try with. */
        maxAgeDays: z.number().min(1).max(36_525).default(MES_DAYS),
      }),
    ],
    { error: 'must be signals, json, eclipse-bundle or mes-events' },
  );
};

/** Machines that the settings name; null where messages may name others. */
export const machinesOf = (settings: HttpSourceSettings): readonly string[] | null => {
  switch (settings.format) {
    case 'signals':
      return null;
    case 'json':
      return settings.machineMember === null && settings.machine !== null ? [settings.machine] : null;
    case 'eclipse-bundle':
      return [
        ...new Set([...Object.values(settings.machines), ...(settings.machine === null ? [] : [settings.machine])]),
      ];
    case 'mes-events':
      return [settings.machine];
  }
};
