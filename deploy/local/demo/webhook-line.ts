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

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** The one thing that a person wants to know of an event, in a few words. */
export const gist = (type: string, data: ShownWebhook['data']): string => {
  switch (type) {
    case 'machine.status_changed':
      return `${text(data['previous'])} → ${text(data['current'])}`;
    case 'machine.alarm':
      return `${text(data['status'])} ${text(data['code'])} ${text(data['text'])}`.trim();
    case 'bundle.completed':
    case 'bundle.corrected':
      return bundle(data);
    case 'production.run_completed':
      return `${text(data['parts'] ?? '?')} panels of ${text(data['program'])} in ${Math.round(Number(data['durationSeconds']))} s`;
    default: {
      const json = JSON.stringify(data);
      return json.length > 60 ? `${json.slice(0, 59)}…` : json;
    }
  }
};

const bundle = (data: ShownWebhook['data']): string => {
  const scrap = Number(data['ScrapIn'] ?? 0);
  const feet = Math.round(Number(data['GoodIn'] ?? 0) / 12);
  return `${text(data['BundleCode'])}: ${text(data['TotalQty'])} panels of ${text(data['ToolingCode'])}, ${feet} ft${scrap > 0 ? `, ${scrap} in of scrap` : ''}, ${text(data['TotalLbs'])} lb`;
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
