import { progress } from '../machine/bootstrap';

/** What the demo receiver shows of one webhook. */
export interface ShownWebhook {
  readonly arrivedAt: Date;
  readonly type: string;
  /** The parsed `data` of the body. */
  readonly data: { readonly [name: string]: unknown };
  /** Milliseconds since the event happened; null when it does not say. */
  readonly ageMs: number | null;
  /** Null when the signature is good, else why it is not. */
  readonly refused: string | null;
}

type Data = ShownWebhook['data'];

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
/** A mapping may name its fields as it likes: only what is a number is told as one. */
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? finite(Number(value)) : null;
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const joined = (parts: readonly (string | null)[], between: string): string =>
  parts.filter((part) => part !== null && part !== '').join(between);

const json = (data: Data): string => {
  const whole = JSON.stringify(data);
  return whole.length > 60 ? `${whole.slice(0, 59)}…` : whole;
};

/** The one thing that a person wants to know of an event, in a few words; what it does not say is left out. */
export const gist = (type: string, data: Data): string => {
  switch (type) {
    case 'machine.status_changed':
      return joined([text(data['previous']), text(data['current'])], ' → ');
    case 'machine.alarm':
      return joined([text(data['status']), text(data['code']), text(data['text'])], ' ');
    case 'bundle.completed':
    case 'bundle.corrected':
      return bundle(data) || json(data);
    case 'production.run_completed':
      return run(data) || json(data);
    default:
      return json(data);
  }
};

/** `5 panels of U-PANEL`, `1 panel`, `U-PANEL`, or nothing. */
const panelsOf = (count: unknown, product: unknown): string => {
  const made = numberOf(count);
  return joined([made === null ? null : `${made} ${made === 1 ? 'panel' : 'panels'}`, text(product)], ' of ');
};

const run = (data: Data): string => {
  const seconds = numberOf(data['durationSeconds']);
  return joined(
    [panelsOf(data['parts'], data['program']), seconds === null ? null : `in ${Math.round(seconds)} s`],
    ' ',
  );
};

const bundle = (data: Data): string => {
  const good = numberOf(data['GoodIn']);
  const scrap = numberOf(data['ScrapIn']);
  const pounds = numberOf(data['TotalLbs']);
  const what = joined(
    [
      data['Complete'] === false ? 'incomplete' : null,
      panelsOf(data['TotalQty'], data['ToolingCode']),
      good === null ? null : `${Math.round(good / 12)} ft`,
      scrap === null || scrap <= 0 ? null : `${scrap} in of scrap`,
      pounds === null ? null : `${pounds} lb`,
    ],
    ', ',
  );
  return joined([text(data['BundleCode']), what], ': ');
};

/** One line for one webhook. */
export const webhookLine = (webhook: ShownWebhook): string => {
  const { green, red, dim, bold } = progress;
  const time = webhook.arrivedAt.toTimeString().slice(0, 8);
  const signature = webhook.refused === null ? green('✓ signature') : red('✗ signature');
  const what = webhook.refused ?? gist(webhook.type, webhook.data);
  // A run is told some seconds after its end, when the last part is counted: its age says nothing of the way here.
  const timely = webhook.ageMs !== null && webhook.ageMs >= 0 && webhook.type.startsWith('machine.');
  const age = !timely ? '' : dim(`  ${Math.round(webhook.ageMs as number)} ms`);
  const machine = text(webhook.data['machine']);
  return `  ${dim(time)}  ${signature}  ${bold(webhook.type.padEnd(24))}  ${machine ? `${machine}: ` : ''}${what}${age}`;
};
