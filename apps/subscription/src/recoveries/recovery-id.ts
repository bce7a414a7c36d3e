import { isSortableId, sortableId } from '@millrace/service-runtime';

/** `random` holds 10 bytes. */
export const newRecoveryId = (nowMs: number, random: Buffer): string => sortableId('rec', nowMs, random);

export const isRecoveryId = (text: string): boolean => isSortableId('rec', text);
