import type { CommandKind, ManyCommandsView, ProblemCode } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';

const commands = metrics.counter(
  'millrace_delivery_commands_total',
  'Commands on deliveries, sent to the owners of their endpoints or refused at once.',
  ['command', 'result'],
);

export interface CommandToTell {
  readonly kind: CommandKind;
  readonly tenant: string;
  readonly deliveryId: string;
  readonly by: string;
}

export const commandSent = (
  logger: Logger,
  { kind, tenant, deliveryId, by }: CommandToTell,
  commandId: string,
  reason: string | null,
): void => {
  commands.inc({ command: kind, result: 'sent' });
  logger.info({ command: kind, commandId, tenant, deliveryId, by, reason }, 'command sent');
};

export const commandRefused = (logger: Logger, { kind, tenant, deliveryId, by }: CommandToTell, code: ProblemCode) => {
  commands.inc({ command: kind, result: 'refused' });
  logger.info({ command: kind, tenant, deliveryId, by, code }, 'command refused');
};

export const manyCommandsSent = (
  logger: Logger,
  tenant: string,
  by: string,
  { command, matched, sent, dryRun }: Omit<ManyCommandsView, 'more'>,
): void => {
  commands.inc({ command, result: 'sent' }, sent);
  logger.info({ command, tenant, by, matched, sent, dryRun }, 'commands by filter');
};
