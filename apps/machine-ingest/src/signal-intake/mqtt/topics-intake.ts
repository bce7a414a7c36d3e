import { RESUMED_CODE, type Signal } from '@millrace/domain';
import { fitting } from '../cursor-room';
import { gapSignal, lifecycleSignal, type SourcePlace } from '../lifecycle-signal';
import { newSignal } from '../new-signal';
import type { SourceCursor } from '../source-kind';
import type { MqttMessage, MqttOutgoing } from './mqtt-connection';
import { type MqttIntake, NOTHING, type Outcome } from './mqtt-intake';
import type { MqttSettings } from './mqtt-settings';
import { readTopicMessage } from './read-topic-message';
import { TopicLives } from './topic-lives';
import { isFixed } from './topic-template';

/** Places of one message in the numbering of its session: a message has fewer values. */
const PLACES = 2_048;
/** Of the cursor: a filter that it has no room for is not left when the settings drop it, and what it brings is not mapped. */
const FILTER_BYTES = 28 * 1024;
const LIVES_BYTES = 32 * 1024;
const FLEETING_BYTES = 2 * 1024;
/** Machines of templates that are told of connections. */
const MOST_MACHINES = 10_000;

/** Plain topics: each message becomes signals at once, and nothing waits for anything. */
export class TopicsIntake implements MqttIntake {
  readonly filters: readonly string[];
  readonly cursorFirst = false;
  private readonly lives: TopicLives;
  private readonly machines: Set<string>;
  /** A session with the broker was there before, so one that is not resumed has lost what came meanwhile. */
  private known: boolean;
  /** Machines that have said something here. */
  private readonly heard = new Set<string>();
  /** Machines that have said something at QoS 0, which no broker keeps; null: too many to name. */
  private fleeting: Set<string> | null;
  private count = { duplicates: 0, retained: 0, empty: 0, unmapped: 0, left: 0, sessionsLost: 0 };

  constructor(
    private readonly settings: MqttSettings,
    private readonly place: SourcePlace,
    /** Session of the lifecycle: the client id. */
    private readonly session: string,
    cursor: SourceCursor | null,
  ) {
    this.filters = [...new Set(settings.topics.map(({ filter }) => filter))];
    this.lives = new TopicLives(cursor === null ? undefined : (cursor['lives'] ?? null));
    this.machines = new Set(settings.topics.map(({ machine }) => machine).filter(isFixed));
    this.known = cursor !== null;
    this.fleeting = fleetingOf(cursor);
  }

  take(message: MqttMessage): Outcome {
    const read = readTopicMessage(message, this.settings.topics);
    const settled = [message];
    switch (read.kind) {
      case 'unmapped':
        this.count.unmapped++;
        return { ...NOTHING, settled };
      case 'empty':
        this.count.empty++;
        return { ...NOTHING, settled };
      case 'refused': {
        const { code, detail } = read;
        const session = message.topic.slice(0, 200);
        const line = { session, bytes: message.payload, code, detail, at: message.receivedAt };
        return { ...NOTHING, refused: [line], settled };
      }
      case 'values':
        return { ...NOTHING, signals: this.signals(message, read), settled };
    }
  }

  private signals(
    message: MqttMessage,
    read: Extract<ReturnType<typeof readTopicMessage>, { kind: 'values' }>,
  ): Signal[] {
    const { topic, receivedAt, retain, dup } = message;
    const { machine, seq, sourceTs } = read;
    if (retain) this.count.retained++;
    if (dup) this.count.duplicates++;
    this.count.left += read.left;
    const isNew = !this.machines.has(machine) && this.machines.size < MOST_MACHINES;
    if (isNew) this.machines.add(machine);
    if (this.heard.size < MOST_MACHINES) this.heard.add(machine);
    if (message.qos === 0) this.fleeting?.add(machine);
    const atMs = sourceTs === null ? null : Date.parse(sourceTs);
    const session = seq === null ? this.session : this.lives.sessionOf(topic, seq, atMs, dup || retain, receivedAt);
    const values = read.values.map(({ path, value, type }, index) =>
      newSignal({
        tenant: this.place.tenant,
        machine,
        source: this.place.source,
        session,
        seq: seq === null ? null : seq * PLACES + index,
        path,
        kind: 'event',
        value,
        type,
        unit: read.unit,
        quality: value === null ? 'bad' : 'good',
        qualityCode: value === null ? 'mqtt:null' : null,
        sourceTs,
        receivedAt,
        clock: 'device',
        // What a broker kept is how things stood when it was sent, and nothing that happens now.
        flags: retain ? ['snapshot'] : [],
        raw: { proto: this.place.proto, ref: topic.slice(0, 256) },
      }),
    );
    return isNew ? [lifecycleSignal(this.placeOf(machine), 'connected', null, receivedAt), ...values] : values;
  }

  up(now: number, resumed: boolean): Outcome {
    const lost = this.known && !resumed;
    this.known = true;
    if (lost) this.count.sessionsLost++;
    return {
      ...NOTHING,
      signals: [...this.machines].flatMap((machine) => {
        const place = this.placeOf(machine);
        const missedNothing = resumed && this.isKept(machine) ? RESUMED_CODE : null;
        return [
          lifecycleSignal(place, 'connected', null, now, missedNothing),
          ...(lost ? [gapSignal(place, { from: null, to: null, lost: null }, now)] : []),
        ];
      }),
    };
  }

  /** Of what it says the broker keeps all: it has the room, and all that was heard of the machine came at QoS 1. */
  private isKept(machine: string): boolean {
    const { brokerQueue } = this.settings;
    return (
      brokerQueue !== undefined && this.heard.has(machine) && this.fleeting !== null && !this.fleeting.has(machine)
    );
  }

  down(now: number): Outcome {
    const signals = [...this.machines].map((machine) =>
      lifecycleSignal(this.placeOf(machine), 'disconnected', null, now),
    );
    return { ...NOTHING, signals };
  }

  /** Of what is said of the connection. */
  private placeOf(machine: string) {
    return { ...this.place, machine, session: this.session };
  }

  tick(): Outcome {
    return NOTHING;
  }

  cursor(): SourceCursor {
    return {
      v: 1,
      filters: fitting(this.filters, FILTER_BYTES),
      lives: this.lives.stored(LIVES_BYTES),
      fleeting: this.storedFleeting(),
    };
  }

  private storedFleeting(): readonly string[] | null {
    const names = [...(this.fleeting ?? [])];
    return this.fleeting === null || fitting(names, FLEETING_BYTES).length < names.length ? null : names;
  }

  counts(): { readonly [name: string]: number } {
    return { ...this.count };
  }

  lastError(): null {
    return null;
  }

  held(): number {
    return 0;
  }

  will(): MqttOutgoing | null {
    return null;
  }

  farewell(): MqttOutgoing | null {
    return null;
  }
}

/** A cursor that does not say is of a process that did not look. */
const fleetingOf = (cursor: SourceCursor | null): Set<string> | null => {
  if (cursor === null) return new Set();
  const { fleeting } = cursor;
  return Array.isArray(fleeting) ? new Set(fleeting.filter((name) => typeof name === 'string')) : null;
};
