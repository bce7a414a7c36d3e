/**
 * Ms that the record of a task and the fact that is written together with it may lie apart: they go out in one send, which is
 * repeated until both have arrived.
 */
export const SIBLINGS_MS = 60_000;
