import { isSortableId, sortableId } from '@millrace/service-runtime';

/** `random` holds 10 bytes. */
export const newEndpointId = (nowMs: number, random: Buffer): string => sortableId('ep', nowMs, random);

export const isEndpointId = (text: string): boolean => isSortableId('ep', text);
