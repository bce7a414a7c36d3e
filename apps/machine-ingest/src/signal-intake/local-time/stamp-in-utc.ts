const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?$/;

/** A stamp of MTConnect, RFC 3339: where it names no zone it is UTC (part 1), and agents pass on what adapters write. */
export const stampInUtc = (stamp: string): string => (WITHOUT_ZONE.test(stamp) ? `${stamp}Z` : stamp);
