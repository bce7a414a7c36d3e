import { isMachineName } from '@millrace/domain';
import { z } from 'zod';
import type { AgentModel, DeviceModel } from './device-model';

const machineName = z
  .string()
  .refine(isMachineName, 'must be the name of a machine: letters, digits, . _ and -, at most 128');
const milliseconds = (least: number, most: number) => z.int().min(least).max(most);

/** Settings of a source of the type `mtconnect`, as `POST /v1/sources` takes them. */
export const mtconnectSettings = z
  .strictObject({
    /** Address of the agent, with a path where a gateway puts it below one: `http://10.1.2.3:5000`. */
    url: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).max(2048),
    /** Which device is which machine; the others of the agent are not read. */
    devices: z
      .array(z.strictObject({ device: z.string().min(1).max(256), machine: machineName }))
      .min(1)
      .max(256)
      .optional(),
    /** Instead of `devices`: the machine of every device, by its name or uuid. */
    machine: z
      .string()
      .max(256)
      .refine((text) => /\{(device|uuid)\}/.test(text), 'must hold {device} or {uuid}')
      .optional(),
    /** How observations come: pushed by the agent (`stream`), or asked for (`poll`) where something between cannot stream. */
    mode: z.enum(['stream', 'poll']).default('stream'),
    /** Milliseconds between two documents of the agent. */
    intervalMs: milliseconds(10, 600_000).default(1_000),
    /** After so much silence the agent says that it is alive; after two and a half of these it counts as gone. */
    heartbeatMs: milliseconds(100, 600_000).default(10_000),
    /** Most observations of one document. */
    count: z.int().min(1).max(10_000).default(1_000),
    /** XPath of the data items that are read: `//DataItem[@category="EVENT"]`. */
    path: z.string().min(1).max(1024).optional(),
    /** Milliseconds for one answer to begin. */
    timeoutMs: milliseconds(100, 300_000).default(10_000),
    /** For an agent behind a gateway. */
    bearer: z
      .string()
      .min(1)
      .max(4096)
      .regex(/^[\x21-\x7e]+$/, 'must be a token without spaces')
      .optional(),
    header: z
      .strictObject({
        name: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header'),
        value: z
          .string()
          .min(1)
          .max(4096)
          .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'),
      })
      .optional(),
    /** Certificate of the authority that the agent's own is signed by, PEM. */
    ca: z.string().max(65_536).includes('-----BEGIN CERTIFICATE-----').optional(),
  })
  .superRefine(({ devices, machine }, context) => {
    if ((devices === undefined) === (machine === undefined))
      context.addIssue({
        code: 'custom',
        path: ['devices'],
        message: "needs either 'devices', which machine each is, or 'machine', a template such as {device}",
      });
    const twice = (names: readonly string[]) => names.find((name, n) => names.indexOf(name) !== n);
    const same =
      twice(devices?.map(({ machine }) => machine) ?? []) ?? twice(devices?.map(({ device }) => device) ?? []);
    if (same !== undefined)
      context.addIssue({ code: 'custom', path: ['devices'], message: `names ${JSON.stringify(same)} twice` });
  });

export type MtconnectSettings = z.infer<typeof mtconnectSettings>;

/** Settings of a recorded MTConnectStreams document that is played once. */
export const mtconnectRecordingSettings = z.strictObject({
  /** Path of the document; `.gz` is unpacked. */
  file: z.string().min(1).max(4096),
  machine: machineName,
  /** Name or uuid of the device in the document; null where it has one only. */
  device: z.string().min(1).max(256).nullable().default(null),
});

export type MtconnectRecordingSettings = z.infer<typeof mtconnectRecordingSettings>;

/** A device that is read, and the machine that it is. */
export interface Route {
  readonly machine: string;
  readonly device: DeviceModel;
}

/** Where the devices of an agent go, and what stands in the way. */
export const routesOf = (
  model: AgentModel,
  { devices, machine }: Pick<MtconnectSettings, 'devices' | 'machine'>,
): { readonly routes: readonly Route[]; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const routes: Route[] = [];
  if (devices !== undefined) {
    for (const asked of devices) {
      const device = model.devices.find(({ name, uuid }) => name === asked.device || uuid === asked.device);
      if (device !== undefined) routes.push({ machine: asked.machine, device });
      else problems.push(`The agent has no device ${JSON.stringify(asked.device)}, only: ${namesOf(model) || 'none'}.`);
    }
    return { routes, problems };
  }
  for (const device of model.devices) {
    if (device.isAgent) continue;
    const named = machine!.replaceAll('{device}', device.name).replaceAll('{uuid}', device.uuid);
    const name = named.replace(/[^A-Za-z0-9_.-]/g, '-');
    if (!isMachineName(name)) problems.push(`The device ${JSON.stringify(device.name)} gives no name of a machine.`);
    else if (routes.some((route) => route.machine === name))
      problems.push(`Two devices give the machine ${name}; ${JSON.stringify(device.name)} is not read.`);
    else routes.push({ machine: name, device });
  }
  return { routes, problems };
};

export const namesOf = (model: AgentModel): string =>
  model.devices
    .filter(({ isAgent }) => !isAgent)
    .slice(0, 10)
    .map(({ name }) => name)
    .join(', ');
