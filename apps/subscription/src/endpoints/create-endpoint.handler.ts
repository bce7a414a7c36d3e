import { DEFAULT_OPTIONS } from '@millrace/domain';
import {
  type CreatedEndpointView,
  encodeRecoveryOrder,
  type NewEndpointSettings,
  RECOVERY_LIMITS,
} from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { newRecovery, orderOf, type Recovery } from '../recoveries/recovery';
import { newRecoveryId } from '../recoveries/recovery-id';
import { sinceProblem } from '../recoveries/recovery-span';
import { requireContractLimits } from './contract-limits';
import { headersToStore } from './endpoint-headers';
import { newEndpointId } from './endpoint-id';
import { newSecret, sealForEndpoint } from './endpoint-secrets';
import { viewOfEndpoint } from './endpoint-view';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { recordOfEndpoint, type StoredEndpoint } from './stored-endpoint';

/**
 * How far the span of a `startFrom` reaches beyond the creation, in ms. Fan-out finds the endpoint from the moment its record
 * is in Kafka, which is after this transaction: mostly milliseconds, but an outbox may be held up. The delivery service reads
 * for the job what the event topics hold when it takes the order up, and by then it knows the endpoint; so each event is
 * either read by the job or fanned out. One that is both has one delivery, because its id is the same both ways.
 */
const BEYOND_CREATION_MS = 3_600_000;

/** What the settings of our own API do not say. */
interface More {
  readonly status?: 'active' | 'paused';
  readonly connectionId?: string;
  /** Sealed already. */
  readonly headers?: StoredEndpoint['headers'];
}

export class CreateEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  handle(request: WriteRequest, settings: NewEndpointSettings): Promise<CreatedEndpointView> {
    return this.handleWith(
      request,
      async () => ({ settings, more: {} }),
      (endpoint, secret, startFrom) => ({ ...viewOfEndpoint(endpoint, null), secret, startFrom }),
    );
  }

  /**
   * For the APIs that make endpoints under other names.
   * @param decide inside the transaction, with the id that the endpoint will have
   * @param answer what the client gets; the secret is in no other place in the clear
   */
  handleWith<Answer>(
    request: WriteRequest,
    decide: (tx: EndpointTransaction, id: string) => Promise<{ settings: NewEndpointSettings; more: More }>,
    answer: (endpoint: StoredEndpoint, secret: string, startFrom: CreatedEndpointView['startFrom']) => Answer,
  ): Promise<Answer> {
    const { tools } = this;
    return this.writer.write(request, async (tx) => {
      if ((await tx.countForAdding()) >= tools.endpointsPerTenant)
        throw new Refused('conflict', `A tenant has at most ${tools.endpointsPerTenant} endpoints; delete one first.`);
      const now = tools.now();
      const id = newEndpointId(now, tools.random(10));
      const { settings, more } = await decide(tx, id);
      const secret = settings.secret ?? newSecret(tools.random);
      const owner = { tenant: request.tenant, endpointId: id };
      const endpoint: StoredEndpoint = {
        id,
        tenant: request.tenant,
        version: 1,
        url: tools.checkUrl(settings.url),
        eventTypes: settings.eventTypes,
        filter: settings.filter,
        contract: settings.contract,
        headers: more.headers ?? headersToStore(tools.encryptionKey, tools.random, owner, settings.headers, {}),
        status: more.status ?? 'active',
        statusReason: null,
        statusSince: new Date(now).toISOString(),
        statusBy: request.actor,
        timeoutMs: settings.timeoutMs,
        ordering: settings.ordering,
        rateLimit: settings.rateLimit,
        retry: settings.retry,
        options: { ...DEFAULT_OPTIONS, ...settings.options },
        runUrls: false,
        connectionId: more.connectionId ?? null,
        description: settings.description,
        createdAt: new Date(now).toISOString(),
        updatedAt: new Date(now).toISOString(),
        secrets: [sealForEndpoint(tools.encryptionKey, tools.random, owner, secret)],
      };
      requireContractLimits(endpoint);
      const backfill = settings.startFrom === null ? null : this.backfill(request, id, settings.startFrom, now);
      await tx.insert(endpoint);
      if (backfill) await tx.recoveries.insert(backfill);
      return {
        answer: answer(
          endpoint,
          secret,
          backfill && { recoveryId: backfill.id, since: new Date(backfill.since).toISOString() },
        ),
        records: [
          recordOfEndpoint(tools.topics.endpoints, endpoint),
          ...(backfill ? [encodeRecoveryOrder(tools.topics.recoveries, orderOf(backfill))] : []),
        ],
        whenUnacknowledged:
          `The endpoint ${id} is stored and takes effect as soon as Kafka acknowledges it. ` +
          'Repeat the request with the same Idempotency-Key to get it with its secret; without such a key do not create it again: find it in the list and rotate its secret.',
        tell: () =>
          endpointChanged(tools.logger, {
            tenant: request.tenant,
            endpointId: id,
            change: 'created',
            version: 1,
            actor: request.actor,
          }),
      };
    });
  }

  /** The job that delivers what was accepted before the endpoint was there. Throws Refused. */
  private backfill(request: WriteRequest, endpointId: string, since: number, now: number): Recovery {
    const detail = sinceProblem(since, now);
    if (detail !== null)
      throw new Refused('invalid_request', `The body is not valid, startFrom: ${detail}`, [
        { path: 'startFrom', detail },
      ]);
    return newRecovery({
      tenant: request.tenant,
      id: newRecoveryId(now, this.tools.random(10)),
      endpointId,
      only: 'missing',
      since,
      until: now + BEYOND_CREATION_MS,
      eventTypes: null,
      dryRun: false,
      perSecond: RECOVERY_LIMITS.perSecond.default,
      createdBy: request.actor,
      createdAt: now,
    });
  }
}
