import { isSortableId, sortableId } from '../ids/sortable-id';

/** `random` holds 10 bytes. */
export const newEndpointId = (nowMs: number, random: Buffer): string => sortableId('ep', nowMs, random);

export const isEndpointId = (text: string): boolean => isSortableId('ep', text);
