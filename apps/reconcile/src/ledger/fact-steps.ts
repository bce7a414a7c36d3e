import { STEP } from './delivery-rows';

/** The step that a fact leads to, by its status or its result. */
export const ENDED_STEP = { failed: STEP.FAILED, cancelled: STEP.CANCELLED, expired: STEP.EXPIRED } as const;
export const RESULT_STEP = {
  succeeded: STEP.SUCCEEDED,
  retry: STEP.RETRY,
  failed: STEP.FAILED,
  expired: STEP.EXPIRED,
} as const;
