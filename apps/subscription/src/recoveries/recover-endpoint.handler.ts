import { encodeRecoveryOrder, RECOVERY_LIMITS, type RecoveryView, type WantedRecovery } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { noSuchEndpoint } from '../endpoints/change-endpoint.handler';
import type { EndpointTools, EndpointTransaction } from '../endpoints/endpoints.ports';
import { newRecovery, orderOf } from './recovery';
import type { RecoveryAnswers } from './recovery-answers';
import { newRecoveryId } from './recovery-id';
import { spanProblems } from './recovery-span';

/**
 * Starts a recovery job: its row and its order for the delivery service, together. An endpoint that is paused, disabled or
 * down may have one too: what the job makes for it is parked like the rest.
 */
export class RecoverEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: Pick<EndpointTools, 'topics' | 'now' | 'random' | 'logger'>,
    private readonly answers: RecoveryAnswers,
  ) {}

  /** A repeat with the same Idempotency-Key finds the same job, and answers it as it is then. */
  async handle(request: WriteRequest, endpointId: string, wanted: WantedRecovery): Promise<RecoveryView> {
    const { tools } = this;
    const { id } = await this.writer.write(request, async (tx) => {
      if (!(await tx.lock(endpointId))) throw noSuchEndpoint();
      const now = tools.now();
      const problems = spanProblems(wanted, now);
      if (problems[0])
        throw new Refused(
          'invalid_request',
          `The body is not valid, ${problems[0].path}: ${problems[0].detail}`,
          problems,
        );
      if ((await tx.recoveries.lockOpen(endpointId)).length >= RECOVERY_LIMITS.openPerEndpoint)
        throw new Refused(
          'conflict',
          `An endpoint has at most ${RECOVERY_LIMITS.openPerEndpoint} recoveries at a time; wait for one to end, or cancel one.`,
        );
      const recovery = newRecovery({
        tenant: request.tenant,
        id: newRecoveryId(now, tools.random(10)),
        endpointId,
        only: wanted.only,
        since: wanted.since,
        until: wanted.until ?? now,
        eventTypes: wanted.eventTypes,
        dryRun: wanted.dryRun,
        perSecond: wanted.perSecond,
        createdBy: request.actor,
        createdAt: now,
      });
      await tx.recoveries.insert(recovery);
      return {
        answer: { id: recovery.id },
        records: [encodeRecoveryOrder(tools.topics.recoveries, orderOf(recovery))],
        whenUnacknowledged:
          `The recovery ${recovery.id} is stored and begins as soon as Kafka acknowledges it. ` +
          'Do not start it again: find it in the list of recoveries.',
        tell: () => tools.logger.info(orderOf(recovery), 'recovery ordered'),
      };
    });
    return this.answers.whenCounted(request.tenant, id);
  }
}
