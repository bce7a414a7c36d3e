import type { DocumentNode, PlainValue } from '../document/document-node';
import type { Place } from '../document/mapping-problem';
import type { WrittenTest } from '../language/mapping-shape';
import type { MappingReading } from '../read-mapping';
import { type DryRunEvent, dryRun } from './dry-run';
import { RECORDING_LIMITS, RecordingTooLarge, readRecording } from './recording';

/** Files that tests of a mapping name, by their names. */
export type Attachments = ReadonlyMap<string, string>;

export interface TestOutcome {
  readonly name: string;
  /** Where the test stands. */
  readonly place: Place;
  /** Empty: it passes. */
  readonly failures: readonly TestFailure[];
  readonly events: number;
}

export interface TestFailure extends Place {
  readonly code: 'feed' | 'attachment' | 'missing_event' | 'different_event' | 'unexpected_event';
  readonly detail: string;
}

type ReadMapping = Extract<MappingReading, { kind: 'mapping' }>;

const FAILURES_TOLD = 20;

/**
 * Runs the tests of a mapping over the fold. A test says which events its feed must make: of each type that it names, these
 * and no others, in this order; each holds at least the data that is written (numbers to nine digits). Types in `never`
 * must not come; all others may.
 */
export const runMappingTests = (read: ReadMapping, attachments: Attachments = new Map()): TestOutcome[] => {
  const room: Room = { signals: RECORDING_LIMITS.signals };
  return read.tests.map((test, n) => runTest(read, test, n, attachments, room));
};

/** What the tests of one mapping may still fold, all together: many may name one large attachment. */
interface Room {
  signals: number;
}

const runTest = (
  read: ReadMapping,
  test: WrittenTest,
  n: number,
  attachments: Attachments,
  room: Room,
): TestOutcome => {
  const name = test.name ?? `tests[${n}]`;
  const outcome = (failures: TestFailure[], events: number): TestOutcome => ({
    name,
    place: test.node.place,
    failures: failures.slice(0, FAILURES_TOLD),
    events,
  });
  const failed = (place: Place, code: TestFailure['code'], detail: string) =>
    outcome([{ ...placeOf(place), code, detail }], 0);
  const feed = feedOf(test, attachments);
  if (feed.kind === 'missing') return failed(feed.place, 'attachment', feed.detail);
  const wanted = wantedOf(test, attachments);
  if (wanted.kind === 'missing') return failed(wanted.place, 'attachment', wanted.detail);
  let events: readonly DryRunEvent[];
  try {
    const tenant = read.tenant ?? 'default';
    const recording = readRecording(feed.signals, { tenant, machines: read.machines, most: room.signals });
    room.signals -= recording.signals.length;
    const [rejected] = recording.rejected;
    if (rejected !== undefined)
      return failed(feed.placeOfLine(rejected.line), 'feed', `line ${rejected.line} of the feed ${rejected.detail}`);
    events = dryRun(read.machines, recording.signals, { tenant }).events;
  } catch (error) {
    if (error instanceof RecordingTooLarge)
      return failed(
        feed.place,
        'feed',
        `the feed ${error.message}: tests of a mapping have ${RECORDING_LIMITS.signals} together`,
      );
    throw error;
  }
  return outcome([...compare(wanted.events, events), ...unwanted(test, events)], events.length);
};

const placeOf = ({ line, column, path }: Place): Place => ({ line, column, path });

type Feed =
  | {
      readonly kind: 'feed';
      readonly signals: string | readonly unknown[];
      readonly place: Place;
      readonly placeOfLine: (line: number) => Place;
    }
  | { readonly kind: 'missing'; readonly place: Place; readonly detail: string };

/** Text that is no name of a file is NDJSON itself. */
const isNdjson = (text: string): boolean => text.trimStart().startsWith('{');

const feedOf = ({ feed }: WrittenTest, attachments: Attachments): Feed => {
  if (Array.isArray(feed)) {
    const place = feed[0]!.node.place;
    return {
      kind: 'feed',
      signals: feed.map(({ value }) => value),
      place,
      placeOfLine: (line) => feed[line - 1]?.node.place ?? place,
    };
  }
  const { place } = feed.node;
  if (isNdjson(feed.text)) return { kind: 'feed', signals: feed.text, place, placeOfLine: () => place };
  const text = attachments.get(feed.text);
  return text === undefined
    ? { kind: 'missing', place, detail: missingAttachment(feed.text, attachments) }
    : { kind: 'feed', signals: text, place, placeOfLine: () => place };
};

const missingAttachment = (name: string, attachments: Attachments): string =>
  attachments.size === 0
    ? `'${name}' was not sent along; send it as an attachment, or write the signals here`
    : `'${name}' is not among the attachments: ${[...attachments.keys()].join(', ')}`;

interface WantedEvent {
  readonly type: string;
  readonly subject: string | undefined;
  readonly time: string | undefined;
  readonly data: PlainValue | undefined;
  readonly place: Place;
  /** Of the data, where it stands in the document. */
  readonly node: DocumentNode | null;
}

type Wanted =
  | { readonly kind: 'wanted'; readonly events: readonly WantedEvent[] }
  | { readonly kind: 'missing'; readonly place: Place; readonly detail: string };

const wantedOf = ({ expect }: WrittenTest, attachments: Attachments): Wanted => {
  if (Array.isArray(expect))
    return {
      kind: 'wanted',
      events: expect.map(({ type, subject, time, data, node }) => ({
        type,
        subject,
        time,
        data: data?.value,
        place: node.place,
        node: data?.node ?? null,
      })),
    };
  const { place } = expect.node;
  const text = attachments.get(expect.text);
  if (text === undefined) return { kind: 'missing', place, detail: missingAttachment(expect.text, attachments) };
  const events = eventsOfText(text, place);
  return events === null
    ? { kind: 'missing', place, detail: `'${expect.text}' is no JSON list of events {type, data}` }
    : { kind: 'wanted', events };
};

const eventsOfText = (text: string, place: Place): WantedEvent[] | null => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(list)) return null;
  const events = list.map((one: unknown): WantedEvent | null => {
    if (typeof one !== 'object' || one === null) return null;
    const { type, subject, time, data } = one as { [name: string]: unknown };
    if (typeof type !== 'string') return null;
    const textOr = (value: unknown) => (typeof value === 'string' ? value : undefined);
    return {
      type,
      subject: textOr(subject),
      time: textOr(time),
      data: data as PlainValue | undefined,
      place,
      node: null,
    };
  });
  return events.includes(null) ? null : (events as WantedEvent[]);
};

const unwanted = ({ never }: WrittenTest, events: readonly DryRunEvent[]): TestFailure[] =>
  never.flatMap(({ text, node }) => {
    const came = events.filter(({ event }) => event.type === text);
    if (came.length === 0) return [];
    const [first] = came;
    return [
      {
        ...placeOf(node.place),
        code: 'unexpected_event' as const,
        detail: `${text} must not come and came ${times(came.length)}, first with signal ${first!.signal + 1}: ${shown(first!.event.data)}`,
      },
    ];
  });

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);
const shown = (json: string): string => (json.length > 300 ? `${json.slice(0, 300)}…` : json);

const compare = (wanted: readonly WantedEvent[], events: readonly DryRunEvent[]): TestFailure[] => {
  const failures: TestFailure[] = [];
  for (const type of new Set(wanted.map((one) => one.type))) {
    const expected = wanted.filter((one) => one.type === type);
    const came = events.filter(({ event }) => event.type === type);
    expected.forEach((one, n) => {
      const actual = came[n];
      if (actual === undefined) {
        const types = [...new Set(events.map(({ event }) => event.type))].join(', ') || 'nothing';
        const detail = `${type} number ${n + 1} did not come; ${came.length} of its type came, of all types: ${types}`;
        failures.push({ ...placeOf(one.place), code: 'missing_event', detail });
      } else failures.push(...differences(one, actual));
    });
    const more = came[expected.length];
    if (more !== undefined) {
      const last = expected[expected.length - 1]!;
      const detail = `${type} came ${times(came.length)}, ${expected.length} expected; the next is of signal ${more.signal + 1}: ${shown(more.event.data)}`;
      failures.push({ ...placeOf(last.place), code: 'unexpected_event', detail });
    }
  }
  return failures;
};

const differences = (wanted: WantedEvent, { event, signal }: DryRunEvent): TestFailure[] => {
  const differs = (place: Place, what: string, expected: unknown, actual: unknown): TestFailure => ({
    ...placeOf(place),
    code: 'different_event',
    detail: `${wanted.type} of signal ${signal + 1}: ${what} is ${shown(JSON.stringify(actual) ?? 'absent')}, expected ${shown(JSON.stringify(expected) ?? 'absent')}`,
  });
  const failures: TestFailure[] = [];
  if (wanted.subject !== undefined && wanted.subject !== event.subject)
    failures.push(differs(wanted.place, 'subject', wanted.subject, event.subject));
  if (wanted.time !== undefined && Date.parse(wanted.time) !== Date.parse(event.time))
    failures.push(differs(wanted.place, 'time', wanted.time, event.time));
  if (wanted.data !== undefined) {
    const visit = (expected: unknown, actual: unknown, path: string, node: DocumentNode | null): void => {
      if (typeof expected === 'object' && expected !== null && typeof actual === 'object' && actual !== null) {
        if (
          Array.isArray(expected) !== Array.isArray(actual) ||
          (Array.isArray(expected) && expected.length !== (actual as unknown[]).length)
        ) {
          failures.push(differs(node?.place ?? wanted.place, path, expected, actual));
          return;
        }
        for (const [name, inner] of Object.entries(expected)) {
          const member = Object.hasOwn(actual, name) ? (actual as { [name: string]: unknown })[name] : undefined;
          visit(inner, member, Array.isArray(expected) ? `${path}[${name}]` : `${path}.${name}`, nodeAt(node, name));
        }
        return;
      }
      if (!isAlike(expected, actual)) failures.push(differs(node?.place ?? wanted.place, path, expected, actual));
    };
    visit(wanted.data, JSON.parse(event.data), 'data', wanted.node);
  }
  return failures;
};

const nodeAt = (node: DocumentNode | null, step: string): DocumentNode | null => {
  if (node?.kind === 'map') return node.members.get(step)?.node ?? node;
  if (node?.kind === 'list') return node.items[Number(step)] ?? node;
  return node;
};

const isAlike = (expected: unknown, actual: unknown): boolean =>
  expected === actual ||
  (typeof expected === 'number' &&
    typeof actual === 'number' &&
    Math.abs(expected - actual) <= 1e-9 * Math.max(1, Math.abs(expected)));
