import { isDeliveryId } from '@millrace/domain';
import type { CommandAcceptedView } from '@millrace/protocol';
import { ApiProblem } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { HeldKeys } from '../held-keys/held-keys.handler';
import type { CommandPublisher } from './command.publisher';
import { newCommandId, repeatableCommandId } from './command-id';
import { type CommandWish, decideCommand } from './command-rule';
import type { CommandTarget, CommandTargets } from './command-target.store';
import { commandRefused, commandSent } from './command-telemetry';
import { deliveryCommand } from './delivery-command';

/** Who asks. */
export interface Asker {
  readonly tenant: string;
  /** Id of the API key. */
  readonly by: string;
  readonly idempotencyKey: string | null;
}

/** Sends a command on one delivery to the owner of its endpoint. */
export class DeliveryCommands {
  constructor(
    private readonly targets: CommandTargets,
    private readonly heldKeys: HeldKeys,
    private readonly publisher: CommandPublisher,
    private readonly now: () => number,
    private readonly random: (bytes: number) => Buffer,
    private readonly logger: Logger,
  ) {}

  /**
   * Null for an unknown delivery and for another tenant's. A repeat under the same Idempotency-Key is the same command,
   * and is not sent again once its owner has answered it.
   */
  async handle(
    asker: Asker,
    deliveryId: string,
    wish: CommandWish,
    reason: string | null,
  ): Promise<CommandAcceptedView | null> {
    const { tenant, by, idempotencyKey } = asker;
    if (!isDeliveryId(deliveryId)) return null;
    const target = await this.targets.find(tenant, deliveryId);
    if (target === undefined) return null;
    const commandId =
      idempotencyKey === null
        ? newCommandId(this.random)
        : repeatableCommandId(tenant, idempotencyKey, wish.kind, deliveryId);
    const accepted = { deliveryId, commandId, command: wish.kind };
    if (idempotencyKey !== null && (await this.targets.isAnswered(tenant, deliveryId, commandId))) return accepted;
    const told = { kind: wish.kind, tenant, deliveryId, by };
    const decision = decideCommand(wish, target.status, await this.othersWaitBehind(tenant, target, wish));
    if (decision.kind === 'refuse') {
      commandRefused(this.logger, told, decision.code);
      throw new ApiProblem(decision.code, decision.detail);
    }
    await this.publisher.send([deliveryCommand(tenant, target, wish, { commandId, by, at: this.now() })]);
    commandSent(this.logger, told, commandId, reason);
    return accepted;
  }

  private async othersWaitBehind(tenant: string, target: CommandTarget, wish: CommandWish): Promise<boolean> {
    if (wish.kind !== 'skip' || target.status !== 'retrying') return false;
    return this.heldKeys.isHead(tenant, target.endpoint_id, target.delivery_id);
  }
}
