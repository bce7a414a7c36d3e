import type { Event } from '@millrace/domain';
import type { DeliveryFact, IncomingMessage } from '@millrace/protocol';
import { deliveryCreated } from '@millrace/telemetry';
import { OutgoingDeliveries } from '../fan-out/outgoing-deliveries';
import { EndpointLog } from './endpoint-log';
import { EventSelection } from './event-selection';
import { IdTable } from './id-table';
import { RecentIds } from './recent-ids';
import { recoveredDelivery, recoveredId, triggerOf } from './recovered-delivery';
import type { RecoveryContext } from './recovery-context';
import type { RecoveryCursor, Stretch } from './recovery-cursor';
import { StretchesByTime } from './stretches-by-time';

/** A delivery for the event was made, by fan-out or by a recovery. */
const MADE = 1;
const COUNTED = 2;

/** Events of which a repeat is known to an `all`, which keeps no list of what was made. */
const EVENTS_REMEMBERED = 100_000;
/** Planned deliveries wait at most this long for more of them. */
const LONGEST_HOLD_MS = 250;
const LOOK_AT_LOG_MS = 1_000;
/** What lay behind the cursor when it was told may have been made a little earlier than that. */
const BEFORE_CURSOR_MS = 60_000;

type OnWanted = (event: Event, message: IncomingMessage) => void | Promise<void>;

/**
 * `missing` and `all`: reads the events of the span and makes deliveries of those that the endpoint wants. Which events have
 * one already, the endpoint's partition of the delivery log says, up to its end, since fan-out may be behind.
 */
export class EventRecovery {
  private readonly made: IdTable;
  private readonly recent = new RecentIds(EVENTS_REMEMBERED);
  private readonly outgoing: OutgoingDeliveries;
  private log: EndpointLog | null = null;
  private lookedAtLog = Number.NEGATIVE_INFINITY;
  private held = 0;
  private heldSince = 0;
  private selection: EventSelection | null = null;

  constructor(private readonly context: RecoveryContext) {
    this.made = new IdTable(context.settings.limits.deliveriesPerJob);
    this.outgoing = new OutgoingDeliveries(context.settings.topics);
  }

  async stretches(): Promise<Stretch[]> {
    const { settings, reader, order } = this.context;
    const found: Stretch[] = [];
    for (const module of settings.modules)
      found.push(...(await reader.stretches(settings.topics.events(module), order.since, order.until)));
    return found;
  }

  async count(stretches: readonly Stretch[]): Promise<void> {
    const { order, report } = this.context;
    const { counts } = report;
    const seen = new RecentIds(EVENTS_REMEMBERED);
    const isNew = (id: string): boolean => {
      if (order.only === 'all') return seen.add(id);
      if (this.made.get(id) !== 0) return false;
      this.made.set(id, COUNTED);
      return true;
    };
    await this.lookAtLog();
    await this.scan(
      stretches.map((stretch) => ({ ...stretch })),
      {
        onExamined: () => {
          counts.examined++;
        },
        onWanted: (event, message) => {
          if (isNew(this.idOf(event, message))) counts.qualified++;
        },
        onFetched: () => report.tick(),
      },
    );
  }

  async send(stretches: readonly Stretch[], resumed: RecoveryCursor | null): Promise<void> {
    if (resumed !== null) await this.learnOfEarlierLife(resumed);
    await this.scan(stretches, {
      onExamined: () => {},
      onWanted: (event, message) => this.hold(event, message, stretches),
      onFetched: async () => {
        await this.lookAtLog();
        if (this.held > 0) {
          if (this.isDue()) await this.flush(stretches);
        } else this.context.report.moveTo('sending', stretches);
        await this.context.report.tick();
      },
    });
    await this.flush(stretches);
  }

  private async scan(
    stretches: readonly Stretch[],
    on: { onExamined(): void; onWanted: OnWanted; onFetched(): Promise<void> },
  ): Promise<void> {
    const { reader } = this.context;
    const turns = new StretchesByTime(stretches);
    for (let stretch = turns.next(); stretch !== null; stretch = turns.next()) {
      const { messages, next } = await reader.fetch(stretch);
      const selection = this.currentSelection();
      for (const message of messages) {
        if (reader.outOfBreath) await reader.breathe();
        const selected = selection.select(message);
        if (selected.kind === 'foreign') continue;
        on.onExamined();
        if (selected.kind !== 'wanted') continue;
        if (this.context.ports.rules.judge(selected.event)?.validation === 'reject') continue;
        stretch.next = message.offset + 1n;
        const waiting = on.onWanted(selected.event, message);
        if (waiting) await waiting;
      }
      stretch.next = next;
      const last = messages.at(-1);
      if (last) turns.noteTime(stretch, last.timestamp);
      await on.onFetched();
    }
  }

  /** A change of the endpoint's subscription counts from the next fetch on. */
  private currentSelection(): EventSelection {
    const entry = this.context.endpoint();
    if (this.selection?.entry !== entry) this.selection = new EventSelection(this.context.order, entry);
    return this.selection;
  }

  private idOf(event: Event, message: IncomingMessage): string {
    const { order } = this.context;
    return recoveredId(event, message.timestamp, order.endpointId, triggerOf(order));
  }

  private hold(event: Event, message: IncomingMessage, stretches: readonly Stretch[]): void | Promise<void> {
    const { order, settings, ports, partition, logger, pacing } = this.context;
    const id = this.idOf(event, message);
    if (order.only === 'all') {
      if (!this.recent.add(id)) return;
    } else {
      if (this.made.get(id) === MADE) return;
      this.made.set(id, MADE);
    }
    const { entry } = this.selection!;
    const planned = recoveredDelivery(order, event, entry, message.timestamp, settings.timeScale, ports.now());
    if (planned === null) {
      logger.warn({ eventId: event.id }, 'the contract of the endpoint has no body for an event; it is left out');
      return;
    }
    this.outgoing.addDelivery(planned, partition);
    deliveryCreated(logger, planned.created);
    if (this.held++ === 0) this.heldSince = ports.ticks();
    if (this.held >= pacing.step || this.outgoing.full || this.isDue()) return this.flush(stretches);
  }

  private isDue(): boolean {
    return this.context.ports.ticks() - this.heldSince >= LONGEST_HOLD_MS;
  }

  /**
   * First the deliveries, then the facts about them: a crash in between leaves deliveries that are made again under the same ids,
   * and never a fact without its delivery, which the next owner would take for made.
   */
  private async flush(stretches: readonly Stretch[]): Promise<void> {
    const { held, context } = this;
    if (held === 0) return;
    this.held = 0;
    const { topics } = context.settings;
    const messages = this.outgoing.take();
    const deliveries = messages.filter(({ topic }) => topic === topics.deliveries);
    const facts = messages.filter(({ topic }) => topic !== topics.deliveries);
    await context.send(held, [deliveries, facts]);
    context.report.moveTo('sending', stretches);
    await context.report.tick();
  }

  /** Of a `missing`, once a second at most: what has a delivery by now. */
  private async lookAtLog(): Promise<void> {
    const { order, settings, reader, ports, partition } = this.context;
    if (order.only === 'all' || ports.ticks() - this.lookedAtLog < LOOK_AT_LOG_MS) return;
    this.log ??= new EndpointLog(
      reader,
      order.endpointId,
      await reader.stretchSince(settings.topics.deliveryLog, partition, order.since),
    );
    await this.log.readOn((fact) => {
      if (fact.kind === 'created' && fact.trigger?.kind === 'event') this.made.set(fact.deliveryId, MADE);
    });
    this.lookedAtLog = ports.ticks();
  }

  /** What an earlier owner made behind the cursor, so that it is not made again. */
  private async learnOfEarlierLife(cursor: RecoveryCursor): Promise<void> {
    const { order, settings, reader, partition } = this.context;
    if (order.only === 'missing') return this.lookAtLog();
    const isOurs = (fact: DeliveryFact) =>
      fact.kind === 'created' && fact.trigger?.kind === 'recovery' && fact.trigger.id === order.recoveryId;
    const since = await reader.stretchSince(settings.topics.deliveryLog, partition, cursor.at - BEFORE_CURSOR_MS);
    await new EndpointLog(reader, order.endpointId, since).read((fact) => {
      if (isOurs(fact)) this.recent.add(fact.deliveryId);
    });
  }
}
