import { randomBytes, randomUUID } from 'node:crypto';
import { CONTRACT_NAMES, contractNamed, DEFAULT_OPTIONS, objectSpans, readNativeEvent } from '@millrace/domain';
import {
  type ContractPreview,
  type ContractPreviewView,
  type ContractView,
  clientSecretProblem,
  previewContractRequest,
} from '@millrace/protocol';
import {
  CurrentTenant,
  CurrentTrace,
  JsonBody,
  notFound,
  RawBody,
  Refused,
  RequireScope,
  readUtf8,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { requireContractLimits } from '../endpoints/contract-limits';
import { newEndpointId } from '../endpoints/endpoint-id';
import { newSecret } from '../endpoints/endpoint-secrets';
import { previewContract } from './preview-contract';

const refuse = (path: string, detail: string): never => {
  throw new Refused('invalid_request', `The body is not valid, ${path}: ${detail}`, [{ path, detail }]);
};

/** The delivery contracts: what they are, and what an event looks like under each. */
@Controller('v1/contracts')
@RequireScope('webhooks:read')
export class ContractsController {
  @Get()
  list(): { data: ContractView[]; nextCursor: null } {
    const data = CONTRACT_NAMES.map((name) => contractNamed(name)!).map((contract) => ({
      name: contract.name,
      version: contract.version,
      timeoutMs: contract.timeoutMs,
      retryDelaysSeconds: contract.retry.delaysMs.map((delay) => delay / 1000),
      retriesRepeat: contract.retry.repeatsLast === true,
      expiresAfterSeconds: contract.expiry.ms / 1000,
      options: [...contract.options],
    }));
    return { data, nextCursor: null };
  }

  @Post(':name/preview')
  @HttpCode(200)
  preview(
    @Param('name') name: string,
    @CurrentTenant() tenant: string,
    @CurrentTrace() trace: TraceContext,
    @RawBody() body: Buffer,
    @JsonBody(previewContractRequest) asked: ContractPreview,
  ): ContractPreviewView {
    const contract = contractNamed(name);
    if (!contract) throw notFound('contract');
    const options = { ...DEFAULT_OPTIONS, ...asked.options };
    requireContractLimits({ contract: name, timeoutMs: null, retry: null, options });
    const problem = asked.secret === undefined ? null : clientSecretProblem(asked.secret, contract.secrets);
    if (problem !== null) refuse('secret', problem);
    const now = Date.now();
    // Cut out by position: what a schema has read has lost its bytes.
    const text = readUtf8(body);
    const { start, end } = objectSpans(text).get('event')!;
    const eventText = text.slice(start, end);
    const reading = readNativeEvent(eventText, JSON.parse(eventText) as object, {
      tenant,
      fixedTenant: true,
      acceptedAt: new Date(now).toISOString(),
      fallbackId: `evt_${randomBytes(10).toString('hex')}`,
    });
    if (reading.kind === 'refused')
      throw new Refused('invalid_event', reading.refusal.detail, [
        { path: `event.${reading.refusal.field ?? ''}`.replace(/\.$/, ''), detail: reading.refusal.detail },
      ]);
    const preview = previewContract({
      contract,
      event: reading.event,
      options,
      secret: asked.secret ?? newSecret(randomBytes),
      attempt: asked.attempt,
      now,
      endpointId: newEndpointId(now, randomBytes(10)),
      requestId: randomUUID(),
      traceparent: formatTraceparent(trace),
    });
    if (preview.kind === 'unrepresentable') return refuse(`event.${preview.path}`, preview.detail);
    return preview.view;
  }
}
