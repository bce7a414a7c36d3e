/** A file as one look at its folder saw it. */
export interface SeenFile {
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** The same content under the same name, as far as the file system says. */
export const lookOf = ({ size, mtimeMs, inode }: SeenFile): string => `${size}/${mtimeMs}/${inode}`;

/** Since when each file has looked as it does, Unix ms. */
export type Looks = ReadonlyMap<string, { readonly look: string; readonly since: number }>;

/** The looks after one more look at the folder. */
export const looksAfter = (before: Looks, files: readonly SeenFile[], now: number): Looks =>
  new Map(
    files.map((file) => {
      const look = lookOf(file);
      const known = before.get(file.name);
      return [file.name, known?.look === look ? known : { look, since: now }];
    }),
  );

export interface Settled {
  /** Files that are whole, oldest first. */
  readonly ready: readonly SeenFile[];
  /** When the next of the others may be, Unix ms; null when there are none. */
  readonly nextAt: number | null;
}

/**
 * A file is whole when it has not changed for `settleMs` while we looked: nobody tells when a copy has ended. An empty one is
 * one that somebody has opened and not written yet.
 */
export const settledFiles = (
  files: readonly SeenFile[],
  looks: Looks,
  handled: ReadonlyMap<string, string>,
  settleMs: number,
  now: number,
): Settled => {
  const open = files.filter((file) => file.size > 0 && handled.get(file.name) !== lookOf(file));
  const readyAt = (file: SeenFile) => (looks.get(file.name)?.since ?? now) + settleMs;
  const waiting = open.map(readyAt).filter((at) => at > now);
  return {
    ready: open
      .filter((file) => readyAt(file) <= now)
      .sort((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1)),
    nextAt: waiting.length === 0 ? null : Math.min(...waiting),
  };
};
