import { z } from 'zod';

const pem = (what: 'CERTIFICATE' | 'PRIVATE KEY') =>
  z
    .string()
    .max(65_536)
    .refine(
      (text) => new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text),
      `must be PEM text that begins with -----BEGIN ${what}-----`,
    );

/** Messages that a broker with a limit has to keep for a source that is away: 100 s at 1,000 messages a second. */
export const LEAST_BROKER_QUEUE = 100_000;

/** What the settings of every source that speaks MQTT say of its broker. */
export const connectionSettings = {
  url: z
    .string()
    .max(2048)
    .refine((text) => {
      const url = URL.canParse(text) ? new URL(text) : null;
      return url !== null && /^mqtts?:$/.test(url.protocol) && url.hostname !== '' && /^\/?$/.test(url.pathname);
    }, 'must be mqtt://<host>:<port>, or mqtts:// for TLS')
    .refine(
      (text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''),
      'must not hold a user and password: give them as "username" and "password"',
    ),
  /** 5, or 4 for MQTT 3.1.1. */
  protocolVersion: z.union([z.literal(4), z.literal(5)]).default(5),
  /** Under this name the broker keeps what comes while nobody listens. `millrace-<tenant>-<source>-<hash>` where none is given. */
  clientId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, ".", "_" and "-"')
    .optional(),
  username: z.string().max(1024).optional(),
  password: z.string().max(4096).optional(),
  tls: z
    .strictObject({
      /** Authority that signed the broker's certificate; the usual public ones where none is given. */
      ca: pem('CERTIFICATE').optional(),
      cert: pem('CERTIFICATE').optional(),
      key: pem('PRIVATE KEY').optional(),
      /** Name that the broker's certificate must have, where it is not that of the url. */
      servername: z.string().max(255).optional(),
    })
    .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'needs cert and key together')
    .optional(),
  /** The broker is asked for a sign of life this often; without one it is given up after half as much again. */
  keepaliveSeconds: z.int().min(1).max(600).default(15),
  /** QoS 1 messages that the broker may send before the first of them is acknowledged (MQTT 5). */
  inFlight: z.int().min(1).max(10_000).default(500),
  /** How long the broker keeps the session of a source that is away (MQTT 5). */
  sessionExpirySeconds: z.int().min(60).max(2_592_000).default(86_400),
  /**
   * QoS 1 messages that the broker keeps for a source that is away or busy, as the broker is configured; 0 for no limit. MQTT
   * has no way to ask for it, and a broker drops what is above it without a word, so it is a part of the source's configuration.
   */
  brokerQueue: z
    .int()
    .min(0)
    .refine(
      (messages) => messages === 0 || messages >= LEAST_BROKER_QUEUE,
      `must be 0 (no limit) or at least ${LEAST_BROKER_QUEUE}: a broker drops what is above its limit, at QoS 1 too. Raise it at the broker (mosquitto: max_queued_messages)`,
    )
    .optional(),
};

export interface ConnectionSettings {
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly servername?: string | undefined;
      }
    | undefined;
  readonly keepaliveSeconds: number;
  readonly inFlight: number;
  readonly sessionExpirySeconds: number;
  readonly brokerQueue?: number | undefined;
}

export const CONNECTION_SECRETS = ['password', 'tls.key'] as const;
