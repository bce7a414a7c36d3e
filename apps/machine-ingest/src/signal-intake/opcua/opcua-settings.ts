import { isMachineName, SIGNAL_LIMITS } from '@millrace/domain';
import { z } from 'zod';

/** `ns=2;s=Line.Speed`, `i=2258`, or with the namespace's URI, whose number may change when a server restarts: `nsu=urn:x;s=Speed`. */
const NODE_ID = /^(?:ns=\d{1,5};|nsu=[^;]{1,200};)?[isgb]=.{1,4000}$/s;
const THUMBPRINT = /^(?:[0-9a-f]{2}[: ]?){31}[0-9a-f]{2}$/i;
const MOST_NODES = 50_000;

const machine = z
  .string()
  .refine(
    isMachineName,
    'is no name of a machine: letters, digits, "_", "." and "-", at most 128, beginning with a letter or digit',
  );
const nodeId = z
  .string()
  .regex(NODE_ID, 'is no node id: write "ns=2;s=Line.Speed", "ns=2;i=1001", "nsu=urn:vendor:line;s=Speed" or "i=2258"');
const path = z
  .string()
  .min(1, 'is empty')
  .max(SIGNAL_LIMITS.pathLength, `has more than ${SIGNAL_LIMITS.pathLength} characters`);
const interval = (least: number, most: number) =>
  z.number('is a number of milliseconds').min(least, `is below ${least} ms`).max(most, `is above ${most} ms`);
const queueSize = z.int('is a whole number').min(1, 'is below 1').max(10_000, 'is above 10000');
const pem = (label: 'CERTIFICATE' | 'PRIVATE KEY') =>
  z
    .string()
    .refine(
      (text) => new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(text),
      `is not PEM: it has a line "-----BEGIN ${label}-----"`,
    );

export const SECURITY_MODES = ['None', 'Sign', 'SignAndEncrypt'] as const;
export const SECURITY_POLICIES = ['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'] as const;

export const opcuaSettings = z
  .strictObject({
    /** Where the server listens. Addresses that the server itself names are not followed. */
    endpointUrl: z
      .string()
      .regex(
        /^opc\.tcp:\/\/[^\s/]+(\/\S*)?$/i,
        'is no OPC UA address: write "opc.tcp://host:4840" or "opc.tcp://host:4840/path"',
      )
      .refine(
        (text) => URL.canParse(text) && new URL(text).username === '',
        'must not hold a user: write it in "user"',
      ),
    securityMode: z.enum(SECURITY_MODES, `is one of ${SECURITY_MODES.join(', ')}`).default('SignAndEncrypt'),
    securityPolicy: z.enum(SECURITY_POLICIES, `is one of ${SECURITY_POLICIES.join(', ')}`).default('Basic256Sha256'),
    user: z
      .union(
        [
          z.literal('anonymous'),
          z.strictObject({ username: z.string().min(1), password: z.string() }),
          z.strictObject({ certificate: pem('CERTIFICATE'), key: pem('PRIVATE KEY') }),
        ],
        'is "anonymous", {username, password} or {certificate, key} with both as PEM',
      )
      .default('anonymous'),
    /** Which certificate the server must have, where the connection is secured. */
    serverCertificate: z
      .union(
        [
          z.strictObject({
            thumbprint: z.string().regex(THUMBPRINT, 'is no SHA-256 thumbprint: 64 hexadecimal digits'),
          }),
          z.strictObject({ pem: pem('CERTIFICATE') }),
          z.strictObject({ trust: z.literal('first-use') }),
        ],
        'is {thumbprint} with the SHA-256 of the certificate, {pem}, or {"trust": "first-use"}',
      )
      .nullable()
      .default(null),
    machine,
    nodes: z
      .array(
        z.strictObject({
          nodeId,
          /** Its name in signals; the node id as it is written here where none is given. */
          path: path.optional(),
          machine: machine.optional(),
          /** Pace at which the server looks; 0: as fast as it can; the publishing interval where none is given. */
          samplingMs: interval(0, 86_400_000).optional(),
          /** Values that the server keeps while none is asked for. */
          queueSize: queueSize.optional(),
        }),
      )
      .max(MOST_NODES, `has more than ${MOST_NODES} nodes`)
      .default([]),
    browse: z
      .array(
        z.strictObject({
          root: nodeId,
          depth: z.int('is a whole number').min(1, 'is below 1').max(20, 'is above 20').default(5),
          machine: machine.optional(),
          samplingMs: interval(0, 86_400_000).optional(),
          queueSize: queueSize.optional(),
        }),
      )
      .max(100, 'has more than 100 roots')
      .default([]),
    events: z
      .array(z.strictObject({ notifier: nodeId, machine: machine.optional() }))
      .max(100, 'has more than 100 notifiers')
      .default([]),
    publishingIntervalMs: interval(50, 60_000).default(500),
    keepAliveMs: interval(1_000, 60_000).default(5_000),
  })
  .superRefine((settings, context) => {
    const wrong = (at: string, message: string) => context.addIssue({ code: 'custom', path: [at], message });
    if ((settings.securityMode === 'None') !== (settings.securityPolicy === 'None'))
      wrong(
        'securityPolicy',
        `${settings.securityPolicy} does not go with securityMode ${settings.securityMode}: None goes with None only`,
      );
    if (settings.securityMode === 'None' && settings.serverCertificate !== null)
      wrong(
        'serverCertificate',
        'is not looked at with securityMode None; take it away or choose Sign or SignAndEncrypt',
      );
    if (settings.nodes.length + settings.browse.length + settings.events.length === 0)
      wrong('nodes', 'is empty, as are browse and events: name at least one node, one root to browse, or one notifier');
  });

export type OpcuaSettings = z.output<typeof opcuaSettings>;

/** Machines that the settings name, the general one first. */
export const machinesOf = (settings: OpcuaSettings): string[] => [
  ...new Set(
    [
      // The general machine is one of it only where something is left to it.
      ...[...settings.nodes, ...settings.browse, ...settings.events].map((one) => one.machine ?? settings.machine),
    ].sort((a, b) => Number(b === settings.machine) - Number(a === settings.machine)),
  ),
];

/** Host and port of the server; 4840 is the registered port of opc.tcp. */
export const peerOf = (
  settings: Pick<OpcuaSettings, 'endpointUrl'>,
): { readonly host: string; readonly port: number } => {
  const url = new URL(settings.endpointUrl);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 4840 : Number(url.port) };
};
