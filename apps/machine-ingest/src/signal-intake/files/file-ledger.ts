import type { SourceCursor } from '../source-kind';

/**
 * Which files have been read, by what is in them. A file that is read again, under whatever name, has no second effect. What
 * is kept is bounded: of files that have left the folder the oldest are given up first, and those that still lie in it never.
 */
export interface FileLedger {
  /** Keys of content, oldest first. */
  readonly known: readonly string[];
  /** The file that is being read, and the last row of it that is stored; null between files. */
  readonly reading: { readonly file: string; readonly row: number } | null;
}

/** 128 bits of a SHA-256 each, so that all of them fit into a cursor. */
export const LEDGER_SIZE = 2_000;
const KEY_LENGTH = 22;

export const contentKey = (sha256: Buffer): string => sha256.subarray(0, 16).toString('base64url').slice(0, KEY_LENGTH);

export const readLedger = (cursor: SourceCursor | null): FileLedger => {
  const known = cursor?.['known'];
  const reading = cursor?.['reading'] as { file?: unknown; row?: unknown } | null | undefined;
  return {
    known: Array.isArray(known) ? known.filter((key): key is string => typeof key === 'string') : [],
    reading:
      typeof reading?.file === 'string' && Number.isSafeInteger(reading.row)
        ? { file: reading.file, row: reading.row as number }
        : null,
  };
};

export const cursorOf = ({ known, reading }: FileLedger): SourceCursor => ({ known, reading });

export const isKnown = (ledger: FileLedger, file: string): boolean => ledger.known.includes(file);

/** `present`: contents that lie in the folder now. Null when all that is known does, and there is no room. */
export const withFile = (ledger: FileLedger, file: string, present: ReadonlySet<string>): FileLedger | null => {
  const known = [...ledger.known.filter((key) => key !== file), file];
  if (known.length <= LEDGER_SIZE) return { known, reading: null };
  const gone = known.findIndex((key) => key !== file && !present.has(key));
  return gone < 0 ? null : { known: known.toSpliced(gone, 1), reading: null };
};

export const withRow = (ledger: FileLedger, file: string, row: number): FileLedger => ({
  ...ledger,
  reading: { file, row },
});
