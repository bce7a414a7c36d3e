import type { DeliveryCommand } from '@millrace/protocol';
import type { CommandWish } from './command-rule';
import type { CommandTarget } from './command-target.store';

/** Who asks, as what, and when. */
export interface Asked {
  readonly commandId: string;
  /** Id of the API key. */
  readonly by: string;
  /** Unix ms. */
  readonly at: number;
}

/** The command as the endpoint's owner gets it, fenced by the epoch that the history knew. */
export const deliveryCommand = (
  tenant: string,
  target: CommandTarget,
  wish: CommandWish,
  asked: Asked,
): DeliveryCommand => {
  const subject = {
    v: 1,
    ...asked,
    tenant,
    endpointId: target.endpoint_id,
    deliveryId: target.delivery_id,
    expectedEpoch: target.epoch,
    attempt: target.attempt,
    recordOffset: target.record_offset === null ? null : Number(target.record_offset),
  } as const;
  if (wish.kind !== 'retry') return { ...subject, kind: wish.kind };
  return {
    ...subject,
    kind: 'retry',
    chain:
      target.sequence === null
        ? null
        : { sequence: Number(target.sequence), previousId: target.previous_event_id || null },
    replay: asked.commandId,
    // one that was cancelled may have left something in a tier
    ended: target.status === 'failed' || target.status === 'expired',
    force: wish.force,
  };
};
