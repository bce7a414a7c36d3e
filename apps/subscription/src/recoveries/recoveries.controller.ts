import {
  type Page,
  type RecoveriesQuery,
  type RecoveryView,
  recoverEndpointRequest,
  recoveriesQuery,
  type WantedRecovery,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  IdempotencyKey,
  JsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  Refused,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { noSuchEndpoint } from '../endpoints/change-endpoint.handler';
import { isEndpointId } from '../endpoints/endpoint-id';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import type { Steering } from './recovery';
import { noSuchRecovery } from './recovery-answers';
import { isRecoveryId } from './recovery-id';

const known = (id: string): string => {
  if (!isRecoveryId(id)) throw noSuchRecovery();
  return id;
};

@Controller('v1')
export class RecoveriesController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post('endpoints/:id/recover')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  recover(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @RawBody() body: Buffer,
    @JsonBody(recoverEndpointRequest) wanted: WantedRecovery,
  ): Promise<RecoveryView> {
    if (!isEndpointId(id)) throw noSuchEndpoint();
    return this.service.recoverEndpoint.handle(
      writeOf(principal, `POST /v1/endpoints/${id}/recover`, key, body),
      id,
      wanted,
    );
  }

  @Get('recoveries')
  @RequireScope('webhooks:read')
  async list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(recoveriesQuery) query: RecoveriesQuery,
  ): Promise<Page<RecoveryView>> {
    const endpointId = query.endpointId ?? null;
    if (endpointId !== null && !isEndpointId(endpointId)) {
      const detail = 'must be the id of an endpoint, ep_…';
      throw new Refused('invalid_request', `The query is not valid, endpointId: ${detail}`, [
        { path: 'endpointId', detail },
      ]);
    }
    const page = await pageOf(
      this.service.cursors,
      { tenant, name: endpointId === null ? 'recoveries' : `recoveries of ${endpointId}` },
      query,
      (position, count) => this.service.recoveries.list(tenant, endpointId, position, count),
      (recovery) => recovery.id,
      (recovery) => recovery,
    );
    return { ...page, data: await this.service.recoveryAnswers.all(tenant, page.data) };
  }

  @Get('recoveries/:id')
  @RequireScope('webhooks:read')
  find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<RecoveryView> {
    return this.service.recoveryAnswers.one(tenant, known(id));
  }

  @Post('recoveries/:id/cancel')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  cancel(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @RawBody() body: Buffer,
  ): Promise<RecoveryView> {
    return this.steer(principal, key, id, body, 'cancel');
  }

  @Post('recoveries/:id/pause')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  pause(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @RawBody() body: Buffer,
  ): Promise<RecoveryView> {
    return this.steer(principal, key, id, body, 'pause');
  }

  @Post('recoveries/:id/resume')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  resume(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @RawBody() body: Buffer,
  ): Promise<RecoveryView> {
    return this.steer(principal, key, id, body, 'resume');
  }

  private steer(
    principal: ApiPrincipal,
    key: string | null,
    id: string,
    body: Buffer,
    action: Steering,
  ): Promise<RecoveryView> {
    const write = writeOf(principal, `POST /v1/recoveries/${known(id)}/${action}`, key, body);
    return this.service.steerRecovery.handle(write, id, action);
  }
}
