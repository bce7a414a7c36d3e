import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * What a person or an API client asks of one delivery. It travels in `deliveries` under the key of its endpoint, so it reaches
 * the endpoint's one owner, in order with the delivery's own records. The header `millrace-command` is the command as JSON.
 *
 * `expectedEpoch` fences it: of many commands that were decided upon the same state, the first wins, and the rest are refused
 * as `stale`.
 */
export type DeliveryCommand = RetryDelivery | EndDelivery;

interface CommandSubject {
  readonly v: 1;
  readonly commandId: string;
  /** Id of the API key that asked. */
  readonly by: string;
  /** Unix ms. */
  readonly at: number;
  readonly tenant: string;
  readonly endpointId: string;
  readonly deliveryId: string;
  readonly expectedEpoch: number;
  /** The last attempt of that epoch that the asker knew of; 0 when it knew of none. */
  readonly attempt: number;
  /** Where the latest record of its task lies in the endpoint's partition of `deliveries`; null when none has arrived. */
  readonly recordOffset: number | null;
}

/** Again from the first attempt of its schedule, under the next epoch. */
export interface RetryDelivery extends CommandSubject {
  readonly kind: 'retry';
  readonly chain: { readonly sequence: number; readonly previousId: string | null } | null;
  /** Id of the recovery that asks, or of the command itself: goes into the replay header. */
  readonly replay: string | null;
  /** The asker knows that its chain has ended, so nothing of it waits in a retry tier. Absent: it may. */
  readonly ended?: boolean;
  /** Also when its time has run out: it gets a new expiry. */
  readonly force: boolean;
}

/** `cancel`: no further attempt. `skip`: the same for the head of a key whose order is kept, which lets the next one go. */
export interface EndDelivery extends CommandSubject {
  readonly kind: 'cancel' | 'skip';
}

export const COMMAND_HEADER = 'millrace-command';

export const encodeCommand = (topic: string, partition: number, command: DeliveryCommand): OutgoingMessage => ({
  topic,
  partition,
  key: command.endpointId,
  value: Buffer.alloc(0),
  headers: { [COMMAND_HEADER]: JSON.stringify(command) },
});

/** `none`: the record is no command · `unreadable`: it says that it is one, and is not. */
export type CommandReading =
  | { readonly kind: 'none' | 'unreadable' }
  | { readonly kind: 'command'; readonly command: DeliveryCommand };

export const decodeCommand = (message: IncomingMessage): CommandReading => {
  const header = message.headers[COMMAND_HEADER];
  if (header === undefined) return { kind: 'none' };
  try {
    const command: unknown = JSON.parse(header.toString('utf8'));
    return isCommand(command) ? { kind: 'command', command } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isCommand = (value: unknown): value is DeliveryCommand => {
  if (typeof value !== 'object' || value === null) return false;
  const command = value as { readonly [name: string]: unknown };
  const { kind, chain } = command;
  return (
    command['v'] === 1 &&
    isText(command['commandId']) &&
    isText(command['by']) &&
    Number.isFinite(command['at']) &&
    isText(command['tenant']) &&
    isText(command['endpointId']) &&
    isText(command['deliveryId']) &&
    isCount(command['expectedEpoch']) &&
    isCount(command['attempt']) &&
    (command['recordOffset'] === null || isCount(command['recordOffset'])) &&
    (kind === 'cancel' ||
      kind === 'skip' ||
      (kind === 'retry' &&
        typeof command['force'] === 'boolean' &&
        (command['replay'] === null || isText(command['replay'])) &&
        (chain === null || (typeof chain === 'object' && isCount((chain as { sequence: unknown }).sequence)))))
  );
};
