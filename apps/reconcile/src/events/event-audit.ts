import { contractNamed, DEFAULT_TENANT, type Endpoint, type Event } from '@millrace/domain';
import { decodeEvent, type IncomingMessage, type TopicNames } from '@millrace/protocol';
import { SIBLINGS_MS } from '../ledger/siblings';
import type { Excuse } from '../reading/quarantined';
import { readSpan, type TopicReader } from '../reading/read-span';
import { captureBeginnings, captureEnds, captureSince, type Offsets } from '../reading/topic-ends';
import type { CreatedPairs } from './created-pairs';
import type { CurrentEndpoints } from './current-endpoints';

/** An event that an endpoint wants and for which no delivery was made. */
export interface MissingDelivery {
  readonly tenant: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventKey: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface EventReading {
  /** Unix ms; null for all that is kept. */
  readonly since: number | null;
  /** Unix ms from which on the delivery log is known to hold every creation. */
  readonly logFrom: number;
  /** As they are after the log was read. */
  readonly endpoints: CurrentEndpoints;
  readonly pairs: CreatedPairs;
  /** Of `topic/partition/offset`: what of it the quarantine has. */
  readonly excuseOf: (place: string) => Excuse | undefined;
  readonly onRead: (records: number) => void;
}

/**
 * Looks for events that should have become deliveries. A pair of event and endpoint is judged only when it is certain: the
 * endpoint has been as it is since before the event was accepted, the event is not in the quarantine, and fan-out has gone past
 * it, which a delivery of a later event of the same partition proves.
 */
export class EventAudit {
  readonly counts = { read: 0, expected: 0, undecided: 0 };
  missing: MissingDelivery[] = [];
  private readonly names: readonly string[];
  private ends: Offsets = new Map();

  constructor(
    private readonly reader: TopicReader,
    topics: Pick<TopicNames, 'events'>,
    modules: readonly string[],
  ) {
    this.names = modules.map((module) => topics.events(module));
  }

  async capture(): Promise<void> {
    this.ends = await captureEnds(this.reader, this.names);
  }

  /** To be called when the delivery log was read, and then the endpoints. */
  async read(reading: EventReading): Promise<void> {
    const { reader, names, ends } = this;
    const { since, onRead } = reading;
    const from =
      since === null ? await captureBeginnings(reader, names) : await captureSince(reader, names, since, ends);
    for (const topic of names)
      for (const [partition, to] of ends.get(topic)!) {
        const line = new EventLine(this.counts, reading);
        let records = 0;
        await readSpan(reader, { topic, partition, from: from.get(topic)!.get(partition)!, to }, (message) => {
          line.add(message);
          if (++records % 1_000 === 0) onRead(1_000);
        });
        onRead(records % 1_000);
        this.missing.push(...line.passedOver);
        this.counts.undecided += line.waiting;
      }
  }

  /** Deliveries that were made meanwhile are missing no more. */
  recheck(pairs: CreatedPairs): void {
    this.missing = this.missing.filter(({ eventKey, endpointId }) => pairs.acceptedAtOf(eventKey, endpointId) === null);
  }
}

/** One partition of events, in order. */
class EventLine {
  /** Missing, and fan-out has made deliveries of later events. */
  readonly passedOver: MissingDelivery[] = [];
  /** Missing, and nothing shows that fan-out has come so far. */
  private candidates: MissingDelivery[] = [];

  constructor(
    private readonly counts: EventAudit['counts'],
    private readonly reading: EventReading,
  ) {}

  get waiting(): number {
    return this.candidates.length;
  }

  add(message: IncomingMessage): void {
    this.counts.read++;
    const reading = decodeEvent(message, DEFAULT_TENANT);
    if (reading.kind === 'refused') return;
    const { event } = reading;
    const { endpoints, pairs, excuseOf, logFrom } = this.reading;
    const { topic, partition, offset, timestamp } = message;
    const excuse = excuseOf(`${topic}/${partition}/${offset}`);
    let fannedOut = false;
    const missing: MissingDelivery[] = [];
    for (const { endpoint, since } of endpoints.wanting(event, excuse?.runUrl !== true)) {
      const madeFrom = pairs.acceptedAtOf(event.key, endpoint.id);
      // A repeat of the event has the delivery of the first, which says nothing about how far fan-out has come.
      if (madeFrom === timestamp && !endpoints.recovered.has(endpoint.id)) fannedOut = true;
      if (timestamp < since + SIBLINGS_MS || timestamp < logFrom + SIBLINGS_MS) {
        if (madeFrom === null) this.counts.undecided++;
        continue;
      }
      this.counts.expected++;
      if (madeFrom !== null || (excuse?.unrepresentable && !canRender(endpoint, event))) continue;
      const { tenant, id: eventId, key: eventKey } = event;
      missing.push({ tenant, endpointId: endpoint.id, eventId, eventKey, topic, partition, offset });
    }
    if (fannedOut) {
      this.passedOver.push(...this.candidates);
      this.candidates = [];
    }
    if (missing.length > 0 && excuse?.whole !== true) (fannedOut ? this.passedOver : this.candidates).push(...missing);
  }
}

const canRender = (endpoint: Endpoint, event: Event): boolean => {
  const contract = contractNamed(endpoint.contract);
  return contract?.render(event, contract.variantOf(endpoint.options)).kind === 'body';
};
