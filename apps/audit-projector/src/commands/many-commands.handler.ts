import { BufferFull, ProduceFailed } from '@millrace/kafka';
import {
  type DeliveryStatus,
  type ManyCommandsView,
  type ManyKind,
  type ManyWish,
  STATUSES_OF_MANY,
} from '@millrace/protocol';
import { unavailable } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { CallsInTurn } from '../history-api/calls-in-turn';
import type { Position } from '../history-api/cursor';
import type { CommandPublisher } from './command.publisher';
import { newCommandId, repeatableCommandId } from './command-id';
import type { CommandPace } from './command-pace';
import type { CommandTarget, CommandTargets } from './command-target.store';
import { manyCommandsSent } from './command-telemetry';
import { deliveryCommand } from './delivery-command';
import type { Asker } from './delivery-commands.handler';

/** Deliveries that are read, and sent a command, at a time. */
const BATCH = 500;
/** Tenants whose calls send at a time, one of each. */
const AT_A_TIME = 4;

/** Sends a command of its own to each of the deliveries that match a filter. */
export class ManyCommands {
  private readonly turns = new CallsInTurn(AT_A_TIME, {
    detail: 'Another call by filter is under way; try again when it is over.',
    retryAfterS: 5,
  });

  constructor(
    private readonly targets: CommandTargets,
    private readonly publisher: CommandPublisher,
    private readonly pace: CommandPace,
    private readonly now: () => number,
    private readonly random: (bytes: number) => Buffer,
    private readonly logger: Logger,
  ) {}

  /**
   * 503 when Kafka stops taking them; called again, it goes on with those whose status has not changed. 429 while another
   * call of the tenant sends, or too many do: they share one pace, and each takes its time of all others.
   */
  async handle(asker: Asker, kind: ManyKind, wish: ManyWish): Promise<ManyCommandsView> {
    if (wish.dryRun) return this.run(asker, kind, wish);
    return this.turns.run(asker.tenant, () => this.run(asker, kind, wish));
  }

  private async run(asker: Asker, kind: ManyKind, wish: ManyWish): Promise<ManyCommandsView> {
    const statuses = statusesOf(kind, wish.filter.status);
    let after: Position | null = null;
    let matched = 0;
    let sent = 0;
    let more = true;
    while (more && matched < wish.limit) {
      const size: number = Math.min(BATCH, wish.limit - matched);
      const rows = await this.targets.many(asker.tenant, wish.filter, statuses, after, size + 1);
      const batch: readonly CommandTarget[] = rows.slice(0, size);
      more = rows.length > size;
      matched += batch.length;
      const last = batch.at(-1);
      if (last === undefined) break;
      after = { at: Number(last.created_at), id: last.delivery_id };
      if (wish.dryRun) continue;
      await this.pace.take(batch.length);
      await this.send(asker, kind, batch, sent);
      sent += batch.length;
    }
    const told = { command: kind, matched, sent, dryRun: wish.dryRun };
    manyCommandsSent(this.logger, asker.tenant, asker.by, told);
    return { ...told, more };
  }

  private async send(asker: Asker, kind: ManyKind, batch: readonly CommandTarget[], before: number): Promise<void> {
    const at = this.now();
    const wish = kind === 'retry' ? ({ kind, force: false } as const) : ({ kind } as const);
    try {
      await this.publisher.send(
        batch.map((target) =>
          deliveryCommand(asker.tenant, target, wish, { commandId: this.idOf(asker, kind, target), by: asker.by, at }),
        ),
      );
    } catch (error) {
      const passing = error instanceof BufferFull || (error instanceof ProduceFailed && error.retriable);
      if (!passing) throw error;
      manyCommandsSent(this.logger, asker.tenant, asker.by, {
        command: kind,
        matched: before + batch.length,
        sent: before,
        dryRun: false,
      });
      throw unavailable(
        `The event log cannot take this now. It has taken ${before} commands; send the request again for the rest.`,
      );
    }
  }

  private idOf({ tenant, idempotencyKey }: Asker, kind: ManyKind, { delivery_id }: CommandTarget): string {
    return idempotencyKey === null
      ? newCommandId(this.random)
      : repeatableCommandId(tenant, idempotencyKey, kind, delivery_id);
  }
}

const statusesOf = (kind: ManyKind, wished: DeliveryStatus | undefined): readonly DeliveryStatus[] => {
  if (wished !== undefined) return [wished];
  return kind === 'retry' ? STATUSES_OF_MANY.retry.slice(0, 1) : STATUSES_OF_MANY.cancel;
};
