import { encodeRecoveryOrder, type RecoveryView, type TopicNames } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { RecoveryTransaction } from './recoveries.ports';
import { orderOf, type Steering, steer } from './recovery';
import { noSuchRecovery, type RecoveryAnswers } from './recovery-answers';

export interface SteeringTools {
  readonly topics: Pick<TopicNames, 'recoveries'>;
  /** Unix ms. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Cancels, pauses or resumes a recovery job. Asking for what already is, or is on its way, changes nothing. */
export class SteerRecovery {
  constructor(
    private readonly writer: ConfigurationWriter<RecoveryTransaction>,
    private readonly tools: SteeringTools,
    private readonly answers: RecoveryAnswers,
  ) {}

  async handle(request: WriteRequest, id: string, action: Steering): Promise<RecoveryView> {
    const { tools } = this;
    await this.writer.write(request, async (tx) => {
      const recovery = await tx.lock(id);
      if (!recovery) throw noSuchRecovery();
      const steered = steer(recovery, action, tools.now());
      if (steered.kind === 'refused') throw new Refused('recovery_ended', steered.detail);
      if (steered.kind === 'same') return { answer: null, records: [], whenUnacknowledged: '' };
      await tx.update(steered.recovery);
      return {
        answer: null,
        records: [encodeRecoveryOrder(tools.topics.recoveries, orderOf(steered.recovery))],
        whenUnacknowledged: `The change of ${id} is stored and takes effect as soon as Kafka acknowledges it.`,
        tell: () =>
          tools.logger.info(
            { tenant: request.tenant, recoveryId: id, action, actor: request.actor },
            'recovery steered',
          ),
      };
    });
    return this.answers.whenFollowed(request.tenant, id);
  }
}
