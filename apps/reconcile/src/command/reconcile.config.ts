import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readServiceSettings, type ServiceSettings } from '@millrace/service-runtime';
import { localBroker } from '../../../../deploy/local/data-folder/local-broker';

export interface ReconcileCommand {
  readonly settings: ServiceSettings;
  /** Where the brokers were found when no setting names them: the data folder of the local stack, an absolute path. */
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

/** The stack whose folder would name the brokers is not up; another one may listen on its ports. */
export class LocalStackDown extends Error {
  override readonly name = 'LocalStackDown';
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

Settings: MILLRACE_KAFKA_BROKERS, MILLRACE_TOPIC_PREFIX, MILLRACE_EVENT_MODULES, MILLRACE_TIME_SCALE. Without brokers: those of the local stack that runs here (MILLRACE_DATA_DIR).
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
 * @throws WrongArguments, LocalStackDown, or WrongSettings of the environment
 * @returns null when help was asked for
 */
export const readReconcileCommand = (
  argv: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
  now: number = Date.now(),
): ReconcileCommand | null => {
  refuseLost(argv, env);
  const values = parsed(argv);
  if (values.help) return null;
  const asked = {
    events: values.events,
    json: values.json,
    since: values.since === undefined ? null : timeOf(values.since, now),
    endpointId: values.endpoint === undefined ? null : endpointOf(values.endpoint),
    graceMs: durationOf('--grace', values.grace),
    passes: countOf('--passes', values.passes, 1, 100),
    settleMs: durationOf('--settle', values.settle),
    most: countOf('--most', values.most, 0, 1_000_000),
  };
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
  return { ...asked, settings, localStack: local?.folder ?? null };
};

type OptionName = keyof typeof OPTIONS;

/**
 * npm keeps every option before a "--" for itself, and tells of it in the environment only. A check that was asked for
 * something else than it did would be believed.
 */
const refuseLost = (argv: readonly string[], env: NodeJS.ProcessEnv): void => {
  if (env['npm_lifecycle_event'] !== 'reconcile') return;
  const lost = (Object.keys(OPTIONS) as OptionName[]).filter((name) => {
    const value = env[`npm_config_${name}`];
    const given = OPTIONS[name].type === 'boolean' ? value === 'true' : value !== undefined;
    return given && !argv.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  });
  if (lost.length === 0) return;
  const names = lost.map((name) => `--${name}`);
  const again = lost.map((name) => (OPTIONS[name].type === 'boolean' ? `--${name}` : `--${name} …`));
  throw new WrongArguments(
    `npm took ${names.join(' and ')} for ${lost.length === 1 ? 'an option' : 'options'} of its own. Those of reconcile come after "--": npm run reconcile -- ${again.join(' ')}`,
  );
};

const parsed = (argv: readonly string[]) => {
  const { tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const seen = new Set<string>();
  const args = tokens.flatMap((token) => {
    if (token.kind === 'option-terminator') return [];
    if (token.kind === 'positional') throw withUsage(`${JSON.stringify(token.value)} is no option.`);
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(OPTIONS, name) || rawName !== `--${name}`) throw withUsage(`There is no option ${rawName}.`);
    if (OPTIONS[name as OptionName].type === 'boolean') {
      if (value !== undefined) throw new WrongArguments(`${rawName} takes no value.`);
      return [rawName];
    }
    if (value === undefined || (!inlineValue && value.startsWith('--')))
      throw new WrongArguments(`${rawName} needs a value. Is a shell variable not set?`);
    if (seen.has(name)) throw new WrongArguments(`${rawName} is there twice.`);
    seen.add(name);
    return [`${rawName}=${value}`];
  });
  return parseArgs({ args, options: OPTIONS }).values;
};

const withUsage = (what: string) => new WrongArguments(`${what}\n\n${USAGE}`);

const endpointOf = (text: string): string => {
  if (text.trim() === '')
    throw new WrongArguments(
      '--endpoint is empty. It must be the id of an endpoint, ep_…; is a shell variable not set?',
    );
  if (!/^ep_[\w.-]{1,500}$/.test(text))
    throw new WrongArguments(`--endpoint is ${JSON.stringify(text)}; it must be the id of one endpoint, ep_….`);
  return text;
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
      `${option} is ${JSON.stringify(text)}; it must be a duration such as 30s, 15m, 24h or 7d.`,
    );
  return ms;
};

const RFC_3339 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const timeOf = (text: string, now: number): number => {
  const ago = asDuration(text);
  const at = ago !== null ? now - ago : RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  // Kafka reads a time before 1970 as another question.
  if (!(at >= 0 && at < now))
    throw new WrongArguments(
      `--since is ${JSON.stringify(text)}; it must be a time in the past: 24h, 7d, or 2026-02-17T13:00:00Z.`,
    );
  return at;
};

const countOf = (option: string, text: string, least: number, most: number): number => {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= least && count <= most))
    throw new WrongArguments(
      `${option} is ${JSON.stringify(text)}; it must be a positive number, from ${least} to ${most}.`,
    );
  return count;
};

/** The broker that `npm start` runs from this folder, when the environment names none. */
const localBrokers = (env: NodeJS.ProcessEnv): { readonly folder: string; readonly brokers: string } | null => {
  if (env['MILLRACE_KAFKA_BROKERS']?.trim() || env['NODE_ENV'] === 'production') return null;
  const folder = resolve(env['MILLRACE_DATA_DIR'] || '.millrace');
  const broker = localBroker(folder);
  switch (broker.kind) {
    case 'absent':
      return null;
    case 'running':
      return { folder, brokers: broker.address };
    case 'down':
      throw new LocalStackDown(
        `The local stack in ${folder} is not running. Start it with npm start, or name what is to be checked: MILLRACE_DATA_DIR=<its data folder> for another local stack, MILLRACE_KAFKA_BROKERS=host:9092 for any other.`,
      );
    case 'no-broker':
      throw new LocalStackDown(
        `The local stack in ${folder} runs without a Kafka of its own. If it is starting, try again when it is up; if it was given MILLRACE_KAFKA_BROKERS, give the same here.`,
      );
  }
};
