/** An RFC 3339 time as ISO 8601 in UTC with milliseconds; further digits of the second are cut off. */
export const isoTime = (time: string): string => new Date(time.replace(/(\.\d{3})\d+/, '$1')).toISOString();

/** An RFC 3339 time in UTC: as it is where it ends in Z, else as isoTime writes it. */
export const utcTime = (time: string): string => (time.endsWith('Z') ? time : isoTime(time));
