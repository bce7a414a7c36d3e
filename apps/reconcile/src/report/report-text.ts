import { ACCOUNTS, type EndpointSums, type Finding, type Reconciliation, type Sums } from '../reconciliation';

/** What was read. */
export interface ReportSource {
  readonly brokers: readonly string[];
  readonly topicPrefix: string;
  /** Data folder of the local stack, when that told of the brokers; else null. */
  readonly localStack: string | null;
}

/** Endpoints that are listed; where there are more, those with something unexplained first, then the busiest. */
const MOST_ENDPOINTS = 20;

const count = (value: number): string => value.toLocaleString('en-GB');
const deliveries = (value: number): string => `${count(value)} ${value === 1 ? 'delivery' : 'deliveries'}`;

/**
 * The result for people. What was read comes first, the sums, then what does not add up, then what was not looked at.
 *
 * @param most findings that are printed
 */
export const reportText = (result: Reconciliation, source: ReportSource, most: number): string =>
  [
    `${sourceText(source)}\n${heading(result)}`,
    sums(result.totals),
    endpoints(result.endpoints),
    findings(result.findings, most),
    notes(result),
    result.addsUp
      ? 'Every delivery is accounted for.'
      : `${count(result.findings.length)} ${result.findings.length === 1 ? 'finding' : 'findings'}: it does not add up.`,
  ]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');

export const sourceText = ({ brokers, topicPrefix, localStack }: ReportSource): string =>
  `Kafka at ${brokers.join(', ')}, topics ${topicPrefix}*${localStack === null ? '' : `, the local stack in ${localStack}`}`;

const heading = ({ at, scope, read }: Reconciliation): string => {
  const of = scope.endpointId === null ? 'all endpoints' : `endpoint ${scope.endpointId}`;
  const since = scope.since === null ? 'everything that is kept' : `created since ${scope.since}`;
  const seconds = read.durationMs / 1000;
  const rate = count(Math.round(read.facts / Math.max(0.001, seconds)));
  return `Deliveries of ${of}, ${since}, as of ${at}
${count(read.facts)} facts, ${count(read.records)} records, ${read.partitions} ${read.partitions === 1 ? 'partition' : 'partitions'}, ${seconds.toFixed(1)} s (${rate} facts/s)${readOn(read.passes)}`;
};

const readOn = (passes: number): string =>
  passes === 0 ? '' : `, read on ${passes === 1 ? 'once' : `${passes} times`} for what did not add up at first`;

const sums = (totals: Sums): string => {
  const parts: [string, number][] = ACCOUNTS.map((account) => [account, totals[account]]);
  if (totals.notKept > 0) parts.push(['record no longer kept', totals.notKept]);
  parts.push(['unexplained', totals.unexplained]);
  const width = count(totals.accepted).length;
  const line = (sign: string, name: string, value: number) =>
    `  ${sign} ${name.padEnd(21)} ${count(value).padStart(width)}`;
  return [
    line(' ', 'accepted', totals.accepted),
    ...parts.map(([name, value], index) => line(index === 0 ? '=' : '+', name, value)),
  ].join('\n');
};

const endpoints = (all: readonly EndpointSums[]): string => {
  if (all.length === 0) return '';
  const listed = all
    .toSorted((a, b) => b.unexplained - a.unexplained || b.accepted - a.accepted)
    .slice(0, MOST_ENDPOINTS);
  const header = ['endpoint', 'accepted', ...ACCOUNTS, 'unexplained'];
  const rows = listed.map((each) => [
    each.deleted ? `${each.endpointId} (deleted)` : each.endpointId,
    count(each.accepted),
    ...ACCOUNTS.map((account) => count(each[account])),
    count(each.unexplained),
  ]);
  const rest =
    all.length > listed.length ? `\n  and ${count(all.length - listed.length)} more endpoints (--json has all)` : '';
  return `${table([header, ...rows])}${rest}`;
};

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_cell, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ')}`,
    )
    .join('\n');
};

const findings = (all: readonly Finding[], most: number): string => {
  if (all.length === 0) return '';
  const lines = all.slice(0, most).map(findingText);
  const rest = all.length - lines.length;
  return [...lines, ...(rest > 0 ? [`… and ${count(rest)} more (--json has all, --most prints more)`] : [])].join('\n');
};

const findingText = ({ kind, deliveryId, endpointId, eventId, epoch, attempt, what, where }: Finding): string => {
  const named = [
    deliveryId === null ? null : `delivery ${deliveryId}`,
    eventId === null ? null : `event ${eventId}`,
    endpointId === null ? null : `endpoint ${endpointId}`,
    epoch === null || epoch === 0 ? null : `epoch ${epoch}`,
    attempt === null || attempt === 0 ? null : `attempt ${attempt}`,
  ].filter((part) => part !== null);
  const at = where === null ? '' : `\n    at ${where.topic}/${where.partition}/${where.offset}`;
  return `${kind}: ${what}${named.length === 0 ? '' : `\n    ${named.join(', ')}`}${at}`;
};

const notes = ({
  createdBefore,
  overdue,
  attempts,
  events,
  quarantined,
  keptFrom,
  scope,
  totals,
}: Reconciliation): string => {
  const { requests, answers, repeats, commandsRefused } = attempts;
  const lines = [
    `${count(requests)} requests, ${count(answers)} with an answer on record, ${count(repeats)} repeated after a crash${commandsRefused > 0 ? `; ${count(commandsRefused)} commands refused` : ''}`,
  ];
  if (events !== null)
    lines.push(
      `${count(events.read)} events, from which ${deliveries(events.expected)} had to come; of ${count(events.undecided)} more it cannot be told`,
    );
  if (overdue.deliveries > 0)
    lines.push(
      `${deliveries(overdue.deliveries)} overdue, the first since ${overdue.oldestDueAt}, and none behind them was taken up: does the delivery service run?`,
    );
  if (createdBefore > 0)
    lines.push(
      scope.since === null
        ? `${deliveries(createdBefore)} whose creation the log no longer holds: not judged, and in no sum`
        : `${deliveries(createdBefore)} created before: not judged, and in no sum`,
    );
  if (totals.notKept > 0)
    lines.push(
      `${deliveries(totals.notKept)} not ended, whose record lies before the beginning of the topic: not judged`,
    );
  if (quarantined > 0) lines.push(`${count(quarantined)} unusable records, all in the quarantine`);
  for (const [topic, { partitions, time }] of oldestKept(keptFrom))
    lines.push(
      `${topic} begins ${time === null ? 'empty' : `at ${time}`} in ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}: what was before is not known`,
    );
  return lines.join('\n');
};

/** By topic: in how many partitions its beginning is gone, and the latest of their first times. */
const oldestKept = (keptFrom: Reconciliation['keptFrom']): Map<string, { partitions: number; time: string | null }> => {
  const topics = new Map<string, { partitions: number; time: string | null }>();
  for (const { topic, time } of keptFrom) {
    const known = topics.get(topic);
    if (!known) topics.set(topic, { partitions: 1, time });
    else {
      known.partitions++;
      if (time !== null && (known.time === null || time > known.time)) known.time = time;
    }
  }
  return topics;
};
