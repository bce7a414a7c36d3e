import {
  type NotificationMessage,
  PublishRequest,
  type PublishResponse,
  RepublishRequest,
  type RepublishResponse,
  StatusChangeNotification,
} from 'node-opcua-client';
import type { ServerSession } from './connect-server';
import { statusNameOf } from './connection-problem';
import { takeNotification } from './notification-order';
import type { Watch, WatchingSubscription } from './watch';

export interface PublishingHooks {
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
  /** Messages that may be taken on beside those that wait already. */
  readonly room: () => number;
  readonly take: (subscriptionId: number, message: NotificationMessage) => void;
  /** Of the messages from one number to another, so many are lost: the server no longer has them. */
  readonly gap: (subscription: WatchingSubscription, first: number, last: number, lost: number) => void;
  readonly repeated: () => void;
  readonly alive: () => void;
  /** The connection or its subscriptions are of no more use. Told once. */
  readonly over: (reason: string) => void;
}

/** Why a message is not sent again. `unknown`: the server knows no service that would say whether it has the subscription. */
type Unrepeated = 'not-available' | 'gone' | 'unknown';

/** Requests that wait at the server for something to tell: enough to fill the time that an answer travels. */
const MOST_WAITING = 4;
/** Of the signs of life of a subscription so many may fail to come before the server is asked whether it still has it. */
const MOST_MISSED = 2;
/** The server holds a request until it has something to say; whether it lives is found out by other means. */
const PATIENCE_MS = 600_000;

/**
 * Asks a server for what it has to tell. A message is acknowledged to the server once it is stored, and until then the server
 * can be asked for it again; while there is no room, nothing is asked for, and the server's queues, with their overflow
 * flags, carry what comes.
 */
export class Publishing {
  private waiting = 0;
  private most: number;
  private acknowledgements: Array<{ subscriptionId: number; sequenceNumber: number }> = [];
  private taking: Promise<void> = Promise.resolve();
  private ended = false;
  /** When each subscription was last heard of, or asked after. */
  private readonly heardAt: Map<number, number>;

  constructor(
    private readonly session: ServerSession,
    private readonly watch: Watch,
    private readonly hooks: PublishingHooks,
  ) {
    this.most = MOST_WAITING + watch.subscriptions.size - 1;
    const now = hooks.monotonic();
    this.heardAt = new Map([...watch.subscriptions.keys()].map((id) => [id, now]));
  }

  end(): void {
    this.ended = true;
  }

  acknowledge(subscriptionId: number, sequenceNumber: number): void {
    this.acknowledgements.push({ subscriptionId, sequenceNumber });
  }

  /** Asks for as much as there is room for. */
  ask(): void {
    while (!this.ended && this.waiting < Math.min(this.most, this.hooks.room())) this.send();
  }

  /**
   * After the connection came back: what the server still has of each subscription, in order; null where one is gone, or where
   * the server cannot say.
   */
  async recover(): Promise<ReadonlyArray<readonly [subscriptionId: number, NotificationMessage]> | null> {
    const kept: Array<readonly [number, NotificationMessage]> = [];
    for (const [subscriptionId, subscription] of this.watch.subscriptions) {
      for (;;) {
        const again = await this.again(subscriptionId, subscription.order.next);
        if (again === 'gone' || again === 'unknown') return null;
        if (again === 'not-available') break;
        const ordered = takeNotification(subscription.order, again.sequenceNumber, false);
        if (ordered.kind === 'taken') subscription.order = ordered.order;
        kept.push([subscriptionId, again]);
      }
    }
    return kept;
  }

  /**
   * Asks after the subscriptions that have not been heard of. One that nobody asks is thrown away by the server, so this keeps
   * those that are held back; and one that is gone while others live is missed by nothing else: its values would be silent.
   */
  async lookAfter(): Promise<void> {
    const heldBack = this.waiting === 0;
    for (const [subscriptionId, { order, keepAliveMs }] of this.watch.subscriptions) {
      const now = this.hooks.monotonic();
      if (!heldBack && now - this.heardAt.get(subscriptionId)! <= MOST_MISSED * keepAliveMs) continue;
      this.heardAt.set(subscriptionId, now);
      const again = await this.again(subscriptionId, order.next);
      // One that owed us signs of life and that nothing can be learned of is as good as gone.
      if (again === 'gone' || (again === 'unknown' && !heldBack))
        this.over('the server has dropped the subscription (BadSubscriptionIdInvalid)');
    }
  }

  private send(): void {
    this.waiting++;
    const subscriptionAcknowledgements = this.acknowledgements;
    this.acknowledgements = [];
    const request = new PublishRequest({ requestHeader: { timeoutHint: PATIENCE_MS }, subscriptionAcknowledgements });
    this.session.publish(request, (error, response) => {
      this.waiting--;
      if (this.ended) return;
      if (error !== null || response === undefined) return this.failed(error);
      this.hooks.alive();
      this.taking = this.taking
        .then(() => this.takeResponse(response))
        .catch((failure: Error) => this.over(failure.message))
        .then(() => this.ask());
    });
  }

  private failed(error: Error | null): void {
    const status = statusNameOf(error);
    if (status === 'BadTooManyPublishRequests' && this.waiting > 0) {
      this.most = Math.max(1, this.waiting);
      return;
    }
    if (status === 'BadTimeout' || status === 'BadRequestTimeout') this.ask();
    else this.over(status ?? error?.message ?? 'the server gave no answer');
  }

  private over(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.hooks.over(reason);
  }

  private async takeResponse({ subscriptionId, notificationMessage }: PublishResponse): Promise<void> {
    const subscription = this.watch.subscriptions.get(subscriptionId);
    if (subscription === undefined) return;
    this.heardAt.set(subscriptionId, this.hooks.monotonic());
    const keepAlive = (notificationMessage.notificationData?.length ?? 0) === 0;
    const ordered = takeNotification(subscription.order, notificationMessage.sequenceNumber, keepAlive);
    if (ordered.kind === 'repeated') {
      if (keepAlive) return;
      this.hooks.repeated();
      this.acknowledge(subscriptionId, notificationMessage.sequenceNumber);
      return;
    }
    const expected = subscription.order.next;
    subscription.order = ordered.order;
    if (ordered.lost > 0) await this.fetchMissing(subscriptionId, subscription, expected, ordered);
    if (!keepAlive) this.hooks.take(subscriptionId, notificationMessage);
    for (const data of notificationMessage.notificationData ?? [])
      if (data instanceof StatusChangeNotification)
        this.over(`the server has ended the subscription: ${data.status.name}`);
  }

  private async fetchMissing(
    subscriptionId: number,
    subscription: WatchingSubscription,
    expected: number,
    { missing, lost }: { readonly missing: readonly number[]; readonly lost: number },
  ): Promise<void> {
    const found: NotificationMessage[] = [];
    for (const number of missing) {
      const again = await this.again(subscriptionId, number);
      if (typeof again !== 'string') found.push(again);
    }
    const gone = lost - found.length;
    if (gone > 0) this.hooks.gap(subscription, expected, missing.at(-1) ?? expected, gone);
    for (const message of found) this.hooks.take(subscriptionId, message);
  }

  private again(subscriptionId: number, number: number): Promise<NotificationMessage | Unrepeated> {
    return new Promise((resolve, reject) => {
      const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber: number });
      this.session.republish(request, (error, response?: RepublishResponse) => {
        if (error === null && response !== undefined) {
          const message = response.notificationMessage;
          // Python's asyncua has an empty message, without a number, for whatever it cannot repeat.
          return resolve(message.sequenceNumber === number ? message : this.unrepeated(subscriptionId));
        }
        const status = statusNameOf(error);
        if (status === 'BadMessageNotAvailable') resolve('not-available');
        else if (status === 'BadServiceUnsupported') resolve(this.unrepeated(subscriptionId));
        else if (status === 'BadSubscriptionIdInvalid' || status === 'BadNoSubscription') resolve('gone');
        else reject(error ?? new Error('the server gave no answer'));
      });
    });
  }

  /**
   * A server that repeats nothing has nothing to offer, and says in no repetition that a subscription is gone: that is asked for
   * apart. What is missing is seen by the numbers of what comes.
   */
  private async unrepeated(subscriptionId: number): Promise<Unrepeated> {
    try {
      const [status] = await this.session.setPublishingMode(true, [subscriptionId]);
      return status?.name === 'BadSubscriptionIdInvalid' ? 'gone' : 'not-available';
    } catch (error) {
      if (statusNameOf(error) === 'BadServiceUnsupported') return 'unknown';
      throw error;
    }
  }
}
