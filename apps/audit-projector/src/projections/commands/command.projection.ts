import type { CommandRefused, DeliveryEnded, DeliveryFact, DeliveryReopened } from '@millrace/protocol';

/**
 * Rule: one row for each command that its endpoint's owner has answered, so that a person can see what became of it. A
 * `reopened` or an end by command says that it was carried out, `command-refused` that it was not. A command that was
 * read twice, after a crash, is refused the second time as overtaken by itself: so what was carried out outranks a
 * refusal, and then the earlier counts.
 */
export interface CommandRow {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly commandId: string;
  readonly command: 'retry' | 'cancel' | 'skip';
  /** Id of the API key that asked. */
  readonly by: string;
  readonly result: 'done' | 'refused';
  /** Why it was refused; '' when it was not. */
  readonly reason: string;
  /** Unix ms of the fact. */
  readonly at: number;
}

const COMMAND_OF_END: { readonly [reason: string]: CommandRow['command'] | undefined } = {
  cancelled_by_command: 'cancel',
  skipped_by_command: 'skip',
};

/** Null for a fact that answers no command. */
export const commandRow = (fact: DeliveryFact): CommandRow | null => {
  switch (fact.kind) {
    case 'command-refused':
      return { ...answer(fact, fact.commandId, fact.command), result: 'refused', reason: fact.reason };
    case 'reopened':
      return answer(fact, fact.commandId, 'retry');
    case 'ended': {
      const command = COMMAND_OF_END[fact.reason];
      return command === undefined || !fact.commandId ? null : answer(fact, fact.commandId, command);
    }
    default:
      return null;
  }
};

const answer = (
  fact: CommandRefused | DeliveryReopened | DeliveryEnded,
  commandId: string,
  command: CommandRow['command'],
): CommandRow => ({
  tenant: fact.tenant,
  deliveryId: fact.deliveryId,
  commandId,
  command,
  by: fact.by ?? '',
  result: 'done',
  reason: '',
  at: fact.at,
});

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareCommands = (a: CommandRow, b: CommandRow): number =>
  compareText(a.result, b.result) ||
  a.at - b.at ||
  compareText(a.command, b.command) ||
  compareText(a.by, b.by) ||
  compareText(a.reason, b.reason);

/** Both rows are of one command. Commutative, associative, idempotent; the SQL merge keeps the same order. */
export const mergeCommands = (a: CommandRow, b: CommandRow): CommandRow => (compareCommands(b, a) < 0 ? b : a);
