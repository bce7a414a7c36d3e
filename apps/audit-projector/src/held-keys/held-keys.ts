/**
 * Which deliveries wait for which, worked out from the parked rows of one endpoint.
 *
 * A row says behind which delivery it was parked. When that one ends, the next of the key goes on and the rows of the
 * others stay as they are, so the delivery that holds the key now is looked for: the one named, while it is open; else the
 * open one before them that has their subject; else, where the endpoint keeps one order for all (a row waits behind
 * another subject), the one that holds the others.
 */
export interface WaitingGroup {
  /** Of the events that wait; null for none. */
  readonly subject: string | null;
  readonly count: number;
  /** Unix ms since when the first of them waits. */
  readonly since: number;
  /** The delivery that they were parked behind; null where it is not known or no longer kept. */
  readonly behind: { readonly id: string; readonly subject: string | null; readonly open: boolean } | null;
  /** The open delivery of the same subject before them, null for none. */
  readonly openBefore: string | null;
}

export interface HeldKey {
  /** Null where the endpoint keeps one order for all. */
  readonly subject: string | null;
  /** Null while the next one is about to go. */
  readonly head: string | null;
  readonly count: number;
  readonly since: number;
}

/** One entry for each delivery that others wait for, and for each subject whose next one is about to go. */
export const heldKeys = (groups: readonly WaitingGroup[]): HeldKey[] => {
  const holdsAll = groups.find((group) => isStrict(group) && group.behind?.open)?.behind?.id ?? null;
  const entries = new Map<string, HeldKey>();
  for (const group of groups) {
    const strict = isStrict(group);
    const head = headOf(group, strict ? holdsAll : null);
    const subject = strict ? null : group.subject;
    const name = head ?? `subject ${JSON.stringify(subject)}`;
    const known = entries.get(name);
    entries.set(name, {
      subject: known !== undefined && known.subject !== subject ? null : subject,
      head,
      count: (known?.count ?? 0) + group.count,
      since: Math.min(known?.since ?? group.since, group.since),
    });
  }
  return [...entries.values()];
};

const isStrict = ({ behind, subject }: WaitingGroup): boolean => behind !== null && behind.subject !== subject;

const headOf = ({ behind, openBefore }: WaitingGroup, holdsAll: string | null): string | null =>
  behind?.open ? behind.id : (holdsAll ?? openBefore);
