import {
  CONDITION_LEVELS,
  type ConditionLevel,
  type ConditionValue,
  isTimestamp,
  SIGNAL_LIMITS,
} from '@millrace/domain';
import { stampInUtc } from '../local-time/stamp-in-utc';
import { XmlReader, XmlRefused, type XmlToken } from './xml-reader';

/**
 * An MTConnectStreams document, read as a whole or refused as a whole: what an agent answers to `current` and `sample`.
 *
 *   <MTConnectStreams><Header instanceId="1475083573" …/>
 *     <Streams><DeviceStream name="GFAgie01" uuid="…"><ComponentStream …>
 *       <Samples>   <Angle dataItemId="…" name="Aposition" sequence="75" timestamp="…">-0.0001</Angle>
 *       <Events>    <Execution …>ACTIVE</Execution>
 *       <Condition> <Fault … nativeCode="3AC" type="SYSTEM">Search address missing</Fault>  <Normal …/>
 *
 * A document groups its observations by data item; what happened in which order is told by their `sequence` alone.
 */
export interface StreamsDocument {
  /** Life of the agent's numbering. */
  readonly instanceId: string;
  readonly device: string;
  /** By sequence, each sequence once. */
  readonly observations: readonly StreamsObservation[];
}

/** What an agent answers to one request: all its devices, and where its buffer stands. */
export interface StreamsAnswer {
  readonly header: StreamsHeader;
  /** In the order of the document; a device may stand there more than once. */
  readonly devices: ReadonlyArray<{
    readonly name: string;
    readonly uuid: string;
    readonly observations: readonly StreamsObservation[];
  }>;
  /** What is wrong with observations that were left out. */
  readonly invalid: readonly string[];
}

/** Numbers are null where the agent does not tell them. */
export interface StreamsHeader {
  readonly instanceId: string;
  /** Lowest and highest sequence in the agent's buffer. */
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
  /** The sequence to ask for next. */
  readonly nextSequence: number | null;
  /** The agent's clock when it wrote this, Unix ms. */
  readonly creationTime: number | null;
  readonly deviceModelChangeTime: string | null;
}

export type StreamsObservation = {
  readonly sequence: number;
  /** RFC 3339, as written; in UTC where it names no zone. */
  readonly timestamp: string;
  /** Name of the data item, or its id where it has no name. */
  readonly path: string;
  /** Id of the data item; empty where the document has none. */
  readonly item: string;
} & (
  | { readonly kind: 'sample' | 'event' /** null is UNAVAILABLE. */; readonly value: StreamsValue | null }
  | { readonly kind: 'condition'; readonly value: ConditionValue }
);

/**
 * Text; or the entries of a data set or table by their keys, null for one that was removed; or a time series
 * `{sampleCount, sampleRate, values}`; or a message with a code of its own, `{nativeCode, text}`.
 */
export type StreamsValue = string | { readonly [key: string]: StreamsValue | readonly string[] | null };

export type StreamsRefusal = XmlRefused['code'] | 'not_streams' | 'agent_error' | 'invalid_observation' | 'no_device';

export class StreamsRefused extends Error {
  override readonly name = 'StreamsRefused';
  constructor(
    readonly code: StreamsRefusal,
    detail: string,
    /** Of an `agent_error`, for example `OUT_OF_RANGE`. */
    readonly errorCode: string | null = null,
  ) {
    super(detail);
  }
}

/** Observations of one document; an agent's whole buffer is 131,072 by default. */
export const MAX_OBSERVATIONS = 500_000;

/** Told of one document; the bytes show the rest. */
const MAX_INVALID = 20;

const DEVICE = 'MTConnectStreams/Streams/DeviceStream';
const COMPONENT = `${DEVICE}/ComponentStream`;
const CATEGORIES: { readonly [name: string]: StreamsObservation['kind'] } = {
  Samples: 'sample',
  Events: 'event',
  Condition: 'condition',
};
const LEVELS: ReadonlySet<string> = new Set(CONDITION_LEVELS);
const SEQUENCE = /^\d{1,16}$/;
const INSTANCE = /^\d{1,20}$/;
/** Agents from 2.0 on report on themselves as a device of this name. */
const AGENT_ITSELF = 'Agent';

/** An element of an observation while it is open. */
interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  text: string;
  entries: Map<string, StreamsValue | null> | null;
  /** What is wrong inside of it. */
  fault: string | null;
}

interface DeviceStream {
  readonly name: string;
  readonly uuid: string;
  readonly observations: StreamsObservation[];
}

/** Reads the pieces of a document; every method throws StreamsRefused or XmlRefused, and then nothing of it counts. */
export class StreamsReader {
  private readonly xml = new XmlReader();
  /** Names of the open elements above an observation. */
  private readonly above: string[] = [];
  private readonly elements: Element[] = [];
  private readonly devices: DeviceStream[] = [];
  private header: StreamsHeader | null = null;
  private agentError: { readonly code: string; text: string } | null = null;
  private count = 0;
  private readonly invalid: string[] = [];

  /** `one-by-one` leaves an observation out that cannot be used; by default it spoils its document. */
  constructor(private readonly refusing: 'whole' | 'one-by-one' = 'whole') {}

  push(text: string): void {
    for (const token of this.xml.push(text)) this.take(token);
  }

  /** The observations of `device` (its name or uuid), or of the only one where it is null. */
  end(device: string | null): StreamsDocument {
    const { header } = this.answer();
    const chosen = this.choose(device);
    return {
      instanceId: header.instanceId,
      device: chosen[0]!.name,
      observations: inSequence(chosen.flatMap(({ observations }) => observations)),
    };
  }

  /** All that the document says, of all devices. */
  answer(): StreamsAnswer {
    this.xml.end();
    if (this.agentError !== null) {
      const { code, text } = this.agentError;
      throw new StreamsRefused('agent_error', `The agent answered: ${`${code} ${text}`.trim()}.`, code);
    }
    if (this.header === null) throw new StreamsRefused('not_streams', 'The document has no Header.');
    return { header: this.header, devices: this.devices, invalid: this.invalid };
  }

  private choose(device: string | null): DeviceStream[] {
    const named = (list: readonly DeviceStream[]) => [...new Set(list.map(({ name }) => name))];
    const all = named(this.devices);
    const chosen =
      device === null
        ? this.devices.filter(({ name }) => name !== AGENT_ITSELF || all.length === 1)
        : this.devices.filter(({ name, uuid }) => name === device || uuid === device);
    if (named(chosen).length === 1) return chosen;
    const there = all.slice(0, 10).join(', ') || 'none';
    throw new StreamsRefused(
      'no_device',
      device === null
        ? `The document has ${all.length} devices (${there}); say which one with 'device'.`
        : `The document has no device ${JSON.stringify(device)}, only: ${there}.`,
    );
  }

  private take(token: XmlToken): void {
    switch (token.kind) {
      case 'open':
        this.open(token.name, token.attributes);
        break;
      case 'text':
        this.text(token.text);
        break;
      case 'close':
        this.close();
    }
  }

  private open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (this.elements.length > 0 || this.category() !== null) {
      this.elements.push({ name, attributes, text: '', entries: null, fault: null });
      return;
    }
    this.above.push(name);
    const path = this.above.join('/');
    if (this.above.length === 1 && name !== 'MTConnectStreams' && name !== 'MTConnectError')
      throw new StreamsRefused('not_streams', `The document is <${name.slice(0, 60)}>, not MTConnectStreams.`);
    if (path === 'MTConnectStreams/Header') this.header = headerOf(attributes);
    if (path === DEVICE)
      this.devices.push({
        name: attributes.get('name') ?? attributes.get('uuid') ?? '',
        uuid: attributes.get('uuid') ?? '',
        observations: [],
      });
    // <Error>, or from 2.6 on an element named after the error; of several the first
    if (this.above[0] === 'MTConnectError' && this.agentError === null && attributes.has('errorCode'))
      this.agentError = { code: attributes.get('errorCode')!.slice(0, 60), text: '' };
  }

  private text(text: string): void {
    const element = this.elements[this.elements.length - 1];
    if (element !== undefined) element.text += text;
    else if (this.above[0] === 'MTConnectError') {
      if (this.agentError !== null)
        this.agentError.text = `${this.agentError.text} ${text.trim()}`.slice(0, 300).trim();
    } else if (text.trim() !== '')
      throw new StreamsRefused('not_streams', `There is text in <${this.above[this.above.length - 1]}>.`);
  }

  private close(): void {
    const element = this.elements.pop();
    if (element === undefined) {
      this.above.pop();
      return;
    }
    const parent = this.elements[this.elements.length - 1];
    if (parent === undefined) {
      if (++this.count > MAX_OBSERVATIONS)
        throw new StreamsRefused('too_large', `The document has more than ${MAX_OBSERVATIONS} observations.`);
      this.observed(element);
    } else {
      const key = element.attributes.get('key');
      if (key === undefined) this.elements[0]!.fault = `holds <${element.name.slice(0, 60)}>, which has no 'key'`;
      else {
        const removed = element.attributes.get('removed') === 'true';
        parent.entries ??= new Map();
        parent.entries.set(key.slice(0, SIGNAL_LIMITS.pathLength), removed ? null : readingOf(element));
      }
    }
  }

  private observed(element: Element): void {
    try {
      this.devices[this.devices.length - 1]!.observations.push(observationOf(this.category()!, element));
    } catch (error) {
      if (this.refusing === 'whole' || !(error instanceof StreamsRefused)) throw error;
      if (this.invalid.length < MAX_INVALID) this.invalid.push(error.message);
    }
  }

  private category(): StreamsObservation['kind'] | null {
    if (this.above.length !== 5) return null;
    const category = this.above[4]!;
    return Object.hasOwn(CATEGORIES, category) && this.above.slice(0, 4).join('/') === COMPONENT
      ? CATEGORIES[category]!
      : null;
  }
}

const headerOf = (attributes: ReadonlyMap<string, string>): StreamsHeader => {
  const instanceId = attributes.get('instanceId') ?? '';
  if (!INSTANCE.test(instanceId)) throw new StreamsRefused('not_streams', "The Header has no 'instanceId'.");
  const number = (name: string): number | null => {
    const said = attributes.get(name) ?? '';
    return SEQUENCE.test(said) && Number.isSafeInteger(Number(said)) ? Number(said) : null;
  };
  const created = Date.parse(stampInUtc(attributes.get('creationTime') ?? ''));
  return {
    instanceId,
    firstSequence: number('firstSequence'),
    lastSequence: number('lastSequence'),
    nextSequence: number('nextSequence'),
    creationTime: Number.isNaN(created) ? null : created,
    deviceModelChangeTime: attributes.get('deviceModelChangeTime') ?? null,
  };
};

const invalid = (element: Element, what: string): StreamsRefused => {
  const id = element.attributes.get('dataItemId') ?? element.name;
  const sequence = element.attributes.get('sequence') ?? '?';
  return new StreamsRefused(
    'invalid_observation',
    `The observation ${JSON.stringify(id.slice(0, 60))} (sequence ${sequence.slice(0, 20)}) ${what}.`,
  );
};

const observationOf = (kind: StreamsObservation['kind'], element: Element): StreamsObservation => {
  if (element.fault !== null) throw invalid(element, element.fault);
  const { attributes } = element;
  const sequence = attributes.get('sequence') ?? '';
  if (!SEQUENCE.test(sequence) || !Number.isSafeInteger(Number(sequence)))
    throw invalid(element, "has no 'sequence' that is a whole number");
  const timestamp = stampInUtc(attributes.get('timestamp') ?? '');
  if (!isTimestamp(timestamp)) throw invalid(element, "has no 'timestamp' that is an RFC 3339 time");
  const path = attributes.get('name') || attributes.get('dataItemId') || '';
  if (path === '' || path.length > SIGNAL_LIMITS.pathLength || path.startsWith('$'))
    throw invalid(element, "has no 'name' or 'dataItemId' that names a data item");
  const item = (attributes.get('dataItemId') ?? '').slice(0, SIGNAL_LIMITS.pathLength);
  const place = { sequence: Number(sequence), timestamp, path, item };
  if (kind === 'condition') return { ...place, kind, value: conditionOf(element) };
  const value = readingOf(element);
  return { ...place, kind, value: value === 'UNAVAILABLE' ? null : value };
};

const conditionOf = (element: Element): ConditionValue => {
  const level = element.name.toUpperCase();
  if (!LEVELS.has(level)) throw invalid(element, `is <${element.name.slice(0, 60)}>, which is no level of a condition`);
  const attribute = (name: string) => (element.attributes.get(name) ?? '').trim().slice(0, 256);
  const conditionId = attribute('conditionId');
  const codes = new Set([attribute('nativeCode'), conditionId].filter((code) => code !== ''));
  return {
    level: level as ConditionLevel,
    // from 2.3 on one code may stand several times, each with an id; adapters write both in one field, `code:id`
    nativeCode: [...codes].join(':').slice(0, 256),
    nativeSeverity: attribute('nativeSeverity'),
    qualifier: attribute('qualifier'),
    text: element.text.trim().slice(0, 4096),
    ...(conditionId !== '' && { conditionId }),
  };
};

const readingOf = (element: Element): StreamsValue => {
  const text = element.text.trim();
  if (element.entries !== null) {
    if (text !== '') throw invalid(element, 'has both text and entries');
    return Object.fromEntries(element.entries);
  }
  const kept = text.slice(0, SIGNAL_LIMITS.valueLength);
  if (text === 'UNAVAILABLE') return kept;
  const { name, attributes } = element;
  if (text === '' && /(DataSet|Table)$/.test(name)) return {};
  if (name === 'Message' && attributes.get('nativeCode'))
    return { nativeCode: attributes.get('nativeCode')!.slice(0, 256), text: kept };
  if (name.endsWith('TimeSeries'))
    return {
      sampleCount: attributes.get('sampleCount') ?? '',
      sampleRate: attributes.get('sampleRate') ?? '',
      values: kept === '' ? [] : kept.split(/\s+/),
    };
  return kept;
};

const inSequence = (observations: StreamsObservation[]): StreamsObservation[] => {
  const sorted = observations.sort((a, b) => a.sequence - b.sequence);
  for (let n = 1; n < sorted.length; n++)
    if (sorted[n]!.sequence === sorted[n - 1]!.sequence)
      throw new StreamsRefused('invalid_observation', `Two observations have the sequence ${sorted[n]!.sequence}.`);
  return sorted;
};
