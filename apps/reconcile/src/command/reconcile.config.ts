import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readServiceSettings, type ServiceSettings } from '@millrace/service-runtime';

export interface ReconcileCommand {
  readonly settings: ServiceSettings;
  /** Where the brokers were found when no setting names them: the data folder of the local stack. */
  readonly localStack: string | null;
  readonly events: boolean;
  readonly json: boolean;
  /** Unix ms; null for everything that is kept. */
  readonly since: number | null;
  readonly endpointId: string | null;
  readonly graceMs: number;
  readonly passes: number;
  readonly settleMs: number;
  /** Findings that are printed as text; the JSON has all. */
  readonly most: number;
}

/** What was asked for cannot be understood; the message says what can. */
export class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

export const USAGE = `npm run reconcile -- [options]

Checks from the topics alone that every accepted delivery is accounted for.
Exit code 0: it adds up. 1: it does not, and the findings say what. 2: the check could not be carried out.

  --since <time>      only deliveries created since: 24h, 7d, or an RFC 3339 time
  --endpoint <id>     only the deliveries of one endpoint
  --events            also whether events became deliveries, where that can be told for certain
  --json              the whole result as one JSON object on standard output
  --grace <duration>  after this a due record that was passed over counts as left behind (15m)
  --passes <number>   readings after the first of what does not add up (3)
  --settle <duration> wait before each of them (3s)
  --most <number>     findings that are printed (100); --json has all

Settings: MILLRACE_KAFKA_BROKERS, MILLRACE_TOPIC_PREFIX, MILLRACE_EVENT_MODULES, MILLRACE_TIME_SCALE. Without brokers: those of the local stack here.
`;

const OPTIONS = {
  since: { type: 'string' },
  endpoint: { type: 'string' },
  events: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  grace: { type: 'string', default: '15m' },
  passes: { type: 'string', default: '3' },
  settle: { type: 'string', default: '3s' },
  most: { type: 'string', default: '100' },
  help: { type: 'boolean', default: false },
} as const;

/**
 * @throws WrongArguments, or WrongSettings of the environment
 * @returns null when help was asked for
 */
export const readReconcileCommand = (
  argv: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
  now: number = Date.now(),
): ReconcileCommand | null => {
  const { values } = parsed(argv);
  if (values.help) return null;
  const local = localBrokers(env);
  const settings = readServiceSettings(
    {
      ...env,
      // The check listens nowhere, so it needs no port.
      MILLRACE_SERVICE_PORT: '0',
      ...(local === null ? {} : { MILLRACE_KAFKA_BROKERS: local.brokers }),
    },
    [],
    {},
  ).settings;
  return {
    settings,
    localStack: local?.folder ?? null,
    events: values.events,
    json: values.json,
    since: values.since === undefined ? null : timeOf(values.since, now),
    endpointId: values.endpoint ?? null,
    graceMs: durationOf('--grace', values.grace),
    passes: countOf('--passes', values.passes, 1, 100),
    settleMs: durationOf('--settle', values.settle),
    most: countOf('--most', values.most, 0, 1_000_000),
  };
};

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS });
  } catch (error) {
    throw new WrongArguments(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
};

const UNIT_MS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const asDuration = (text: string): number | null => {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * UNIT_MS[unit!]!;
};

const durationOf = (option: string, text: string): number => {
  const ms = asDuration(text);
  if (ms === null)
    throw new WrongArguments(
      `${option} is ${JSON.stringify(text)}; a duration such as 30s, 15m, 24h or 7d is expected.`,
    );
  return ms;
};

const RFC_3339 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const timeOf = (text: string, now: number): number => {
  const ago = asDuration(text);
  if (ago !== null) return now - ago;
  const at = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || at > now)
    throw new WrongArguments(
      `--since is ${JSON.stringify(text)}; a time in the past is expected: 24h, 7d, or 2026-02-17T13:00:00Z.`,
    );
  return at;
};

const countOf = (option: string, text: string, least: number, most: number): number => {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= least && count <= most))
    throw new WrongArguments(`${option} is ${JSON.stringify(text)}; a number from ${least} to ${most} is expected.`);
  return count;
};

/** The broker that `npm start` runs from this folder, when the environment names none. */
const localBrokers = (env: NodeJS.ProcessEnv): { readonly folder: string; readonly brokers: string } | null => {
  if (env['MILLRACE_KAFKA_BROKERS']?.trim() || env['NODE_ENV'] === 'production') return null;
  const folder = env['MILLRACE_DATA_DIR'] || '.millrace';
  const file = join(folder, 'ports.json');
  if (!existsSync(file)) return null;
  try {
    const { kafka } = JSON.parse(readFileSync(file, 'utf8')) as { kafka?: unknown };
    return Number.isInteger(kafka) ? { folder, brokers: `127.0.0.1:${kafka}` } : null;
  } catch {
    return null;
  }
};
