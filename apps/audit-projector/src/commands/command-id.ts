import { hash } from 'node:crypto';
import type { CommandKind } from '@millrace/protocol';

const PREFIX = 'cmd_';
const LENGTH = 26;

/** The same for a repeat of the request, in whichever process it arrives: the owner and the history see one command. */
export const repeatableCommandId = (
  tenant: string,
  idempotencyKey: string,
  kind: CommandKind,
  deliveryId: string,
): string =>
  PREFIX + hash('sha256', JSON.stringify([tenant, idempotencyKey, kind, deliveryId]), 'hex').slice(0, LENGTH);

/** `random` gives that many random bytes. */
export const newCommandId = (random: (bytes: number) => Buffer): string => PREFIX + random(LENGTH / 2).toString('hex');
