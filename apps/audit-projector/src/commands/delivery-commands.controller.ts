import {
  type CommandAcceptedView,
  cancelManyRequest,
  endDeliveryRequest,
  type ManyCommandsView,
  type ManyWish,
  type RetryWish,
  retryDeliveryRequest,
  retryManyRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  IdempotencyKey,
  JsonBody,
  notFound,
  OptionalJsonBody,
  RequireScope,
} from '@millrace/service-runtime';
import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { CommandWish } from './command-rule';
import { type Asker, DeliveryCommands } from './delivery-commands.handler';
import { ManyCommands } from './many-commands.handler';

const askerOf = ({ tenant, keyId }: ApiPrincipal, idempotencyKey: string | null): Asker => ({
  tenant,
  by: keyId,
  idempotencyKey,
});

@Controller('v1/deliveries')
@RequireScope('deliveries:write')
export class DeliveryCommandsController {
  constructor(
    private readonly one: DeliveryCommands,
    private readonly many: ManyCommands,
  ) {}

  @Post('retry')
  @HttpCode(202)
  retryMany(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @JsonBody(retryManyRequest) wish: ManyWish,
  ): Promise<ManyCommandsView> {
    return this.many.handle(askerOf(principal, key), 'retry', wish);
  }

  @Post('cancel')
  @HttpCode(202)
  cancelMany(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @JsonBody(cancelManyRequest) wish: ManyWish,
  ): Promise<ManyCommandsView> {
    return this.many.handle(askerOf(principal, key), 'cancel', wish);
  }

  @Post(':id/retry')
  @HttpCode(202)
  retry(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @OptionalJsonBody(retryDeliveryRequest) { force, reason }: RetryWish,
  ): Promise<CommandAcceptedView> {
    return this.command(askerOf(principal, key), id, { kind: 'retry', force }, reason);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  cancel(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @OptionalJsonBody(endDeliveryRequest) _body: object,
  ): Promise<CommandAcceptedView> {
    return this.command(askerOf(principal, key), id, { kind: 'cancel' }, null);
  }

  @Post(':id/skip')
  @HttpCode(202)
  skip(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @OptionalJsonBody(endDeliveryRequest) _body: object,
  ): Promise<CommandAcceptedView> {
    return this.command(askerOf(principal, key), id, { kind: 'skip' }, null);
  }

  private async command(
    asker: Asker,
    id: string,
    wish: CommandWish,
    reason: string | null,
  ): Promise<CommandAcceptedView> {
    const accepted = await this.one.handle(asker, id, wish, reason);
    if (accepted === null) throw notFound('delivery');
    return accepted;
  }
}
