import { contractNamed } from '@millrace/domain';
import { type DeliveryFact, encodeCommand, type RetryDelivery } from '@millrace/protocol';
import { EndpointLog } from './endpoint-log';
import { FailedDeliveries } from './failed-deliveries';
import type { RecoveryContext } from './recovery-context';
import type { RecoveryCursor, Stretch } from './recovery-cursor';
import { RetryCommands } from './retry-commands';
import { wantedTypes } from './wanted-types';

/**
 * `failed`: reads the endpoint's partition of the delivery log twice. The first time folds each delivery to its last state, in a
 * few bytes each; the second time makes a retry of each end that is that state. Commands are fenced by epoch, so a
 * delivery that somebody retried meanwhile is left alone by its owner.
 */
export class FailedRecovery {
  private readonly failed: FailedDeliveries;
  private commands: RetryDelivery[] = [];

  constructor(private readonly context: RecoveryContext) {
    const { endpointId, since, until, eventTypes } = context.order;
    this.failed = new FailedDeliveries(
      { endpointId, since, until, wantsType: wantedTypes(eventTypes) },
      context.settings.limits.deliveriesPerJob,
    );
  }

  /** A delivery of the span may have failed long after it. */
  async stretches(): Promise<Stretch[]> {
    return [await this.wholeSpan()];
  }

  async count(stretches: readonly Stretch[]): Promise<void> {
    for (const stretch of stretches) await this.fold(stretch, true);
  }

  async send(stretches: readonly Stretch[], resumed: RecoveryCursor | null): Promise<void> {
    const { context } = this;
    const stretch = stretches[0];
    if (stretch === undefined) return;
    const whole = resumed === null ? { ...stretch } : await this.wholeSpan();
    // Up to the log's end: what an earlier owner asked for has another state by now.
    if (resumed !== null) await this.fold(whole, false);
    const from = stretch.next;
    const { renewed } = contractNamed(context.endpoint().endpoint.contract)!.expiry;
    const commands = new RetryCommands(context.order, this.failed, renewed);
    await this.logOf({ ...whole, end: stretch.end }).read((fact: DeliveryFact, offset: bigint) => {
      const command = commands.commandFor(fact, context.ports.now());
      if (command === null || offset < from) return;
      if (offset > stretch.next) stretch.next = offset;
      this.commands.push(command);
      if (this.commands.length >= context.pacing.step) return this.flush(stretches);
    });
    await this.flush(stretches);
    stretch.next = stretch.end;
    context.report.moveTo('sending', stretches);
  }

  private async fold(stretch: Stretch, counting: boolean): Promise<void> {
    const { report } = this.context;
    let facts = 0;
    await this.logOf(stretch).read((fact) => {
      this.failed.apply(fact);
      if (!counting) return;
      report.counts.examined = this.failed.examined;
      report.counts.qualified = this.failed.qualified;
      if (++facts % 1_000 === 0) return report.tick();
    });
  }

  private async flush(stretches: readonly Stretch[]): Promise<void> {
    const { context, commands } = this;
    if (commands.length === 0) return;
    this.commands = [];
    const { deliveries } = context.settings.topics;
    await context.send(commands.length, [
      commands.map((command) => encodeCommand(deliveries, context.partition, command)),
    ]);
    context.report.moveTo('sending', stretches);
    await context.report.tick();
  }

  private logOf(stretch: Stretch): EndpointLog {
    return new EndpointLog(this.context.reader, this.context.order.endpointId, stretch);
  }

  private wholeSpan(): Promise<Stretch> {
    const { reader, settings, partition, order } = this.context;
    return reader.stretchSince(settings.topics.deliveryLog, partition, order.since);
  }
}
