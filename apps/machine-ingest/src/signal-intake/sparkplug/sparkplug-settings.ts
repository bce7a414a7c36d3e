import { isMachineName, SIGNAL_LIMITS } from '@millrace/domain';
import { z } from 'zod';
import { connectionSettings } from '../mqtt/connection-settings';
import { isFixed, templateProblem } from '../mqtt/topic-template';

const PLACES: ReadonlySet<string> = new Set(['group', 'node', 'device']);

/** A name of a topic's level, or `+` for any. */
const level = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text === '+' || !/[+#/\u0000]/.test(text), 'must be one name without + # and /, or + for any');

const machineEntry = z
  .strictObject({
    /** A machine's name, or a template: `{node}-{device}`. */
    machine: z
      .string()
      .min(1)
      .max(SIGNAL_LIMITS.machineLength)
      .superRefine((text, context) => {
        const wrong = templateProblem(text, (place) => PLACES.has(place));
        if (wrong !== null)
          context.addIssue({ code: 'custom', message: `${wrong}: there are {group}, {node} and {device}` });
        else if (isFixed(text) && !isMachineName(text))
          context.addIssue({
            code: 'custom',
            message: 'must be the name of a machine: letters, digits, . _ and -, at most 128',
          });
      }),
    group: level.default('+'),
    node: level.default('+'),
    /** Left out: the machine is the edge node itself. */
    device: level.optional(),
  })
  .superRefine(({ machine, device, node }, context) => {
    const wrong = (message: string) => context.addIssue({ code: 'custom', path: ['machine'], message });
    if (device === undefined && machine.includes('{device}')) wrong('has {device}, but the entry names no device');
    if (isFixed(machine) && (device === '+' || node === '+'))
      wrong('would be the machine of several: name the node and the device, or use {node} and {device}');
  });

/** Settings of a source of the type `sparkplug`, as `POST /v1/sources` takes them. */
export const sparkplugSettings = z
  .strictObject({
    ...connectionSettings,
    /** As for `mqtt`; what may come again has to be told apart by the cursor, which holds so many. */
    inFlight: z.int().min(1).max(1_000).default(500),
    /** Which device, or edge node, is which machine. Of several entries that fit, the first counts. */
    machines: z.array(machineEntry).min(1).max(1_000),
    /**
     * `passive` only listens. `active` may ask an edge node for a rebirth. `primary` tells edge nodes by STATE that it is
     * there, so that those which wait for their primary host send.
     */
    role: z.enum(['passive', 'active', 'primary']).default('active'),
    /** Name in the STATE topic, for role `primary`. */
    hostId: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[^+#/\u0000]+$/, 'must be one name without + # and /')
      .optional(),
    /** An edge node is not asked more often than this, whatever the reasons. */
    rebirthMinIntervalMs: z.int().min(100).max(3_600_000).default(10_000),
    /** How long a message that came before its predecessors waits for them (Reorder Timeout). */
    reorderTimeoutMs: z.int().min(0).max(60_000).default(2_000),
  })
  .superRefine(({ role, hostId }, context) => {
    if ((role === 'primary') !== (hostId !== undefined))
      context.addIssue({
        code: 'custom',
        path: ['hostId'],
        message: role === 'primary' ? 'is needed in role primary' : `is not used in role ${role}`,
      });
  });

export type SparkplugSettings = z.infer<typeof sparkplugSettings>;
