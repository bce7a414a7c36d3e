import type { Expiry } from './contract';

/** Counts from the acceptance of the event, and anew when a recovery sends it again. */
export const fromAcceptance = (ms: number): Expiry => ({ ms, from: (_event, acceptedAt) => acceptedAt, renewed: true });
