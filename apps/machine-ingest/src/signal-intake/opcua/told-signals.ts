import type { Signal } from '@millrace/domain';
import type { NotificationMessage } from 'node-opcua-client';
import type { SourceContext } from '../source-kind';
import { StoreQueue } from '../store-queue';
import { ConditionMemory } from './condition-memory';
import { abandonedSignals, hasAbandoned, refusalSignal, signalsOf, unchangedSignals } from './notification-signals';
import { type OpcuaCursor, readCursor } from './opcua-cursor';
import type { Lost } from './server-connection';
import { SignalWriter } from './signal-writer';
import type { Watch, WatchedItem, WatchingSubscription } from './watch';

/** Messages that are held here while they are not stored; above, the server is not asked. */
const MOST_HELD = 8;

export interface ToldSignalsOptions {
  readonly context: SourceContext;
  readonly machines: readonly string[];
  /** A machine of which nothing was written for so long is told to be alive, ms. */
  readonly quietMs: number;
  readonly monotonic: () => number;
  readonly count: (name: string) => void;
  /** What the sink has given up on; it is tried again. */
  readonly onFailure: (error: Error) => void;
}

/**
 * What a source tells of its server, in the order in which it came: values and events as they are read, and the source's own
 * words between them. With it is stored what a successor goes on from.
 */
export class ToldSignals {
  /** Thumbprint of the certificate that was seen at first use; stored with what comes next. */
  trusted: string | null;
  private readonly writer: SignalWriter;
  private readonly conditions: ConditionMemory;
  private readonly queue: StoreQueue;
  /** Of the server, that are not stored. */
  private messages = 0;
  private session: string;
  /** Whether there was a subscription before, of this process or of a predecessor. */
  private listened: boolean;

  constructor(private readonly options: ToldSignalsOptions) {
    const { context, monotonic, onFailure } = options;
    const cursor = readCursor(context.cursor);
    this.trusted = cursor.trusted;
    this.conditions = new ConditionMemory(cursor.conditions);
    this.listened = cursor.listened;
    this.writer = new SignalWriter({ tenant: context.tenant, source: context.name, monotonic });
    const { sink, clock } = context;
    this.queue = new StoreQueue({ sink, clock, onFailure, cursor: () => ({ ...this.cursor() }) });
    this.session = context.newId();
  }

  /** From here on signals are of this session. Answers whether there was one before. */
  enter(session: string): boolean {
    const { listened } = this;
    this.session = session;
    this.listened = true;
    return listened;
  }

  /** Messages that may be taken on. */
  get room(): number {
    return MOST_HELD - this.messages;
  }

  /** Values and events that wait, and for how long, ms. */
  get waiting(): { readonly queued: number; readonly lagMs: number } {
    const { size, ageMs } = this.queue;
    return { queued: size, lagMs: ageMs };
  }

  /** Resolves when all is stored that was told before. */
  empty(): Promise<void> {
    return this.queue.empty();
  }

  /** What the server has handed over and believes to be read is stored before another process goes on. */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  lifecycle(word: 'connected' | 'disconnected'): void {
    this.tell((at) => this.options.machines.map((machine) => this.writer.lifecycle(machine, word, at)));
  }

  /** The server's beat, for the machines of which nothing else was written lately. */
  alive(): void {
    // What waits may be of them; and while nothing can be stored, one word for each beat would be one after the other.
    if (!this.queue.isEmpty) return;
    const { machines, quietMs } = this.options;
    const quiet = machines.filter((machine) => this.writer.silenceOf(machine) >= quietMs);
    if (quiet.length > 0) this.tell((at) => quiet.map((machine) => this.writer.lifecycle(machine, 'alive', at)));
  }

  /** Conditions that a server has begun to name, and whose end does not come. Called at each sign of its life. */
  abandoned(watch: Watch): void {
    const { conditions, writer } = this;
    const now = this.options.monotonic();
    if (!this.queue.isEmpty || !hasAbandoned(watch, now)) return;
    this.tell((at) => abandonedSignals({ conditions, writer }, watch, now, at));
  }

  /** Of the messages from one number to another, so many are lost. */
  gap({ machines }: WatchingSubscription, first: number, last: number, lost: number): void {
    this.tell((at) =>
      [...machines].map((machine) => this.writer.gap(machine, at, { kind: 'messages', first, last, lost })),
    );
  }

  /** The connection was taken back: what the server does not tell of now is as it was. */
  unchanged(watch: Watch): void {
    this.tell((at) => unchangedSignals(this.writer, watch, at));
  }

  /** What was said since the session before this one was said to nobody. */
  unheard(): void {
    this.tell((at) => this.options.machines.map((machine) => this.writer.gap(machine, at, { kind: 'subscription' })));
  }

  refused(items: readonly WatchedItem[], statusOf: ReadonlyMap<WatchedItem, number>): void {
    if (items.length === 0) return;
    this.tell((at) => items.map((item) => refusalSignal(this.writer, item, statusOf.get(item) ?? 0x80000000, at)));
  }

  message(
    message: NotificationMessage,
    { session, watch }: Lost,
    hooks: { readonly refreshRequired: () => void; readonly stored: () => void },
  ): void {
    const { context, count } = this.options;
    const receivedAt = context.clock();
    count('messages');
    this.messages++;
    this.queue.putUnwritten({
      size: (message.notificationData ?? []).reduce((sum, data) => sum + sizeOf(data), 0),
      write: () => {
        this.writer.enter(watch.session);
        const { writer, conditions } = this;
        const { refreshRequired } = hooks;
        const now = this.options.monotonic();
        return signalsOf({ writer, conditions, session, watch, count, refreshRequired, now }, message, receivedAt);
      },
      stored: () => {
        this.messages--;
        hooks.stored();
      },
    });
  }

  private tell(write: (at: number) => Signal[]): void {
    const { session } = this;
    const receivedAt = this.options.context.clock();
    this.queue.putUnwritten({
      size: 0,
      write: () => {
        this.writer.enter(session);
        return write(receivedAt);
      },
    });
  }

  private cursor(): OpcuaCursor {
    return { v: 1, listened: this.listened, trusted: this.trusted, conditions: this.conditions.kept() };
  }
}

const sizeOf = (data: unknown): number => {
  const { monitoredItems, events } = (data ?? {}) as { monitoredItems?: unknown[] | null; events?: unknown[] | null };
  return (monitoredItems?.length ?? 0) + (events?.length ?? 0);
};
