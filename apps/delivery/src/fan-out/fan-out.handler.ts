import {
  contractNamed,
  DEFAULT_TENANT,
  type Endpoint,
  type Event,
  type EventRefusal,
  timeForDeliveryId,
} from '@millrace/domain';
import type { Violation } from '@millrace/event-schema';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  decodeEvent,
  encodeRejection,
  type OutgoingMessage,
  partitionOfKey,
  type TopicNames,
} from '@millrace/protocol';
import {
  deliveryCreated,
  eventRejected,
  eventUnfit,
  formatTraceparent,
  type Logger,
  metrics,
  parseTraceparent,
  startSpan,
} from '@millrace/telemetry';
import type { DirectoryEntry } from '../directory/match-index';
import { FirstTimes } from './first-times';
import { OutgoingDeliveries } from './outgoing-deliveries';
import { type Plan, planDeliveries, type Unrepresentable } from './plan-deliveries';
import { type DestinationCheck, runUrl } from './run-url';
import { reasonOfUnfit } from './unfit-event';

export interface FanOutPorts {
  /** Endpoints as of now; `caughtUp` makes "now" include every change that Kafka had at the time of the call. */
  readonly directory: {
    match(event: Event): DirectoryEntry[];
    /** The endpoint that stands for the run URLs of a tenant. */
    runUrlsOf(tenant: string): Endpoint | undefined;
    caughtUp(): Promise<void>;
  };
  /** What the data of an event is held against, as of now like the endpoints. */
  readonly rules: { judge(event: Event): Violation | null; caughtUp(): Promise<void> };
  readonly checkDestination: DestinationCheck;
  readonly tenants: { knows(tenant: string): Promise<boolean> };
  /** Resolves true when Kafka has the messages, false when the process is stopping. */
  readonly messages: { send(messages: readonly OutgoingMessage[]): Promise<boolean> };
  readonly now: () => number;
}

export interface FanOutSettings {
  readonly topics: TopicNames;
  /** Partitions of `deliveries` and of the delivery log. */
  readonly partitions: number;
  readonly timeScale: number;
}

const NO_PLAN: Plan = { planned: [], unrepresentable: [] };
/** Events whose first time is remembered. */
const EVENTS_REMEMBERED = 200_000;

/**
 * One batch of event records becomes deliveries, each with its `created` fact in the partition of its endpoint; what is no
 * event goes to the quarantine with its bytes. The records are finished when Kafka has acknowledged all of it, so a crash
 * repeats some deliveries under the same ids, and the dispatcher drops the repeats.
 */
export class FanOutHandler {
  private readonly events = metrics.counter(
    'webhook_events_fanned_out_total',
    'Events matched against the endpoints.',
    ['matched'],
  );

  private readonly firstTimes = new FirstTimes(EVENTS_REMEMBERED);

  constructor(
    private readonly settings: FanOutSettings,
    private readonly ports: FanOutPorts,
    private readonly logger: Logger,
  ) {}

  async handle(records: readonly ConsumedRecord[]): Promise<void> {
    // The records were fetched before this call, so every endpoint created before them is in the directory after it, and
    // every rule that was set before them holds.
    await Promise.all([this.ports.directory.caughtUp(), this.ports.rules.caughtUp()]);
    const outgoing = new OutgoingDeliveries(this.settings.topics);
    const strangers = new Set<string>();
    for (const { message } of records) {
      const reading = decodeEvent(message, DEFAULT_TENANT);
      if (reading.kind === 'refused') outgoing.add(this.rejection(message, reading.refusal));
      else if (await this.knows(reading.event.tenant, strangers)) {
        const violation = this.ports.rules.judge(reading.event);
        if (violation !== null) outgoing.add(this.unfit(message, reading.event, violation));
        if (violation?.validation === 'reject') {
          if (outgoing.full && !(await this.ports.messages.send(outgoing.take()))) return;
          continue;
        }
        const matches = this.ports.directory.match(reading.event);
        const renderable = matches.filter(({ endpoint }) => contractNamed(endpoint.contract) !== undefined);
        if (renderable.length < matches.length) outgoing.add(this.rejection(message, unknownContracts(matches)));
        const run = runUrl(
          reading.event,
          this.ports.directory.runUrlsOf(reading.event.tenant),
          this.ports.checkDestination,
        );
        if (run.kind === 'receiver') renderable.push(run.entry);
        if (run.kind === 'refused') outgoing.add(this.rejection(message, run.refusal));
        const { planned, unrepresentable } = this.plan(reading.event, renderable, message.timestamp);
        if (unrepresentable.length > 0) outgoing.add(this.rejection(message, notRepresentable(unrepresentable)));
        for (const each of planned) {
          outgoing.addDelivery(each, partitionOfKey(each.record.task.endpointId, this.settings.partitions));
          deliveryCreated(this.logger, each.created);
          if (outgoing.full && !(await this.ports.messages.send(outgoing.take()))) return;
        }
      } else {
        const detail = `The tenant ${JSON.stringify(reading.event.tenant)} is not known here. Create an API key for it, or correct 'tenantid'.`;
        outgoing.add(this.rejection(message, { code: 'unknown_tenant', field: 'tenantid', detail }));
      }
      if (outgoing.full && !(await this.ports.messages.send(outgoing.take()))) return;
    }
    const rest = outgoing.take();
    if (rest.length > 0 && !(await this.ports.messages.send(rest))) return;
    for (const record of records) record.complete();
  }

  /** Asks once in a batch about a tenant that is not known: the records were fetched before the first question. */
  private async knows(tenant: string, strangers: Set<string>): Promise<boolean> {
    if (strangers.has(tenant)) return false;
    if (await this.ports.tenants.knows(tenant)) return true;
    strangers.add(tenant);
    return false;
  }

  private plan(event: Event, matches: readonly DirectoryEntry[], acceptedAt: number): Plan {
    this.events.inc({ matched: matches.length > 0 ? 'yes' : 'no' });
    if (matches.length === 0) return NO_PLAN;
    const span = startSpan('fan out event', {
      kind: 'consumer',
      parent: parseTraceparent(event.traceparent),
      attributes: {
        'webhook.tenant.id': event.tenant,
        'webhook.event.id': event.id,
        'webhook.event.type': event.type,
        'webhook.deliveries': matches.length,
      },
    });
    const plan = planDeliveries({
      event,
      matches,
      acceptedAt,
      idTime: this.firstTimes.of(event.key, timeForDeliveryId(event.time, acceptedAt)),
      timeScale: this.settings.timeScale,
      traceparent: formatTraceparent(span.context),
      traceId: span.context.traceId,
      now: this.ports.now(),
    });
    span.end();
    return plan;
  }

  /** The record of the quarantine, also for an event that is delivered with a warning. */
  private unfit(message: ConsumedRecord['message'], event: Event, violation: Violation): OutgoingMessage {
    eventUnfit(this.logger, {
      tenant: event.tenant,
      eventId: event.id,
      eventType: event.type,
      ...violation,
      traceId: parseTraceparent(event.traceparent)?.traceId ?? '',
    });
    const reason = reasonOfUnfit(event.type, violation);
    return violation.validation === 'reject'
      ? this.rejection(message, reason)
      : encodeRejection(this.settings.topics.eventsRejected, message, reason, this.ports.now());
  }

  private rejection(
    message: ConsumedRecord['message'],
    refusal: Omit<EventRefusal, 'code'> & { readonly code: string },
  ): OutgoingMessage {
    const { topic, partition, offset } = message;
    eventRejected(this.logger, {
      origin: topic,
      code: refusal.code,
      detail: refusal.detail,
      partition,
      offset: String(offset),
    });
    return encodeRejection(this.settings.topics.eventsRejected, message, refusal, this.ports.now());
  }
}

/** Endpoints of a newer release, while an older one still runs: the event is kept for them and holds up nobody else. */
const unknownContracts = (matches: readonly DirectoryEntry[]): EventRefusal => {
  const unknown = matches.filter(({ endpoint }) => contractNamed(endpoint.contract) === undefined);
  const names = unknown.slice(0, 10).map(({ endpoint }) => `${endpoint.id} (${endpoint.contract.slice(0, 64)})`);
  return {
    code: 'unknown_contract',
    detail: `Not delivered to ${unknown.length} endpoints whose contract this release does not have: ${names.join(', ')}.`,
  };
};

/** What is kept for those endpoints stands in the quarantine with the reason; all others have their deliveries. */
const notRepresentable = (all: readonly Unrepresentable[]): EventRefusal => {
  const [first] = all;
  const texts = all.map(
    ({ contract, endpointIds, path, detail }) =>
      `Not delivered to ${endpointIds.length} endpoints of the contract ${contract} (${endpointIds.slice(0, 10).join(', ')}): ${path}: ${detail}.`,
  );
  return { code: 'unrepresentable', field: first!.path, detail: texts.join(' ') };
};
