import type { FileHandle } from 'node:fs/promises';
import type { Signal } from '@millrace/domain';
import type { SourceSink } from '../source-kind';
import { contentOf } from './file-content';
import { cursorOf, type FileLedger, withRow } from './file-ledger';
import { type FilePlace, FileRefused, type FileRow, type ReadFileRows } from './file-row';
import type { RejectedRow, RejectedRows } from './rejected-rows';

/** Signals of one append. */
const BATCH = 1_000;
/** Refused rows of one file that go to the quarantine; `<file>.rejected` has all of them. */
const QUARANTINED = 1_000;
/** Bytes kept of a file that is refused whole. */
const KEPT_BYTES = 64 * 1024;

export interface DeliveryPorts {
  /** Of the file, for whoever looks for it: a quarantine knows it by its content. */
  readonly name: string;
  readonly sink: SourceSink;
  readonly read: ReadFileRows;
  readonly rejected: RejectedRows;
  readonly clock: () => number;
  readonly stopping: AbortSignal;
  readonly told: {
    rows(count: number): void;
    refused(rows: number): void;
    /** What was refused cannot be written beside the file. */
    notWritten(error: Error): void;
  };
}

export interface DeliveredFile {
  /** What the ledger says with all rows of the file stored. */
  readonly ledger: FileLedger;
  /** Rows that were refused; null for the whole file. */
  readonly refused: number | null;
}

/**
 * Brings the rows of one file to the sink, from the row on at which a reading before this one stopped. What is stored is
 * noted row by row, so that a crash costs no row and doubles none.
 */
export const deliverFile = async (
  file: FileHandle,
  key: string,
  place: FilePlace,
  before: FileLedger,
  ports: DeliveryPorts,
): Promise<DeliveredFile> => {
  const { name, sink, stopping, rejected, told } = ports;
  const resumed = before.reading?.file === key ? before.reading.row : 0;
  let ledger = withRow(before, key, resumed);
  let refused = 0;
  let last = resumed;
  let signals: Signal[] = [];
  let rows = 0;
  let wrong: RejectedRow[] = [];

  const refuse = async (rows: readonly RejectedRow[]): Promise<void> => {
    for (const { row: line, bytes, length = bytes.length, code, detail } of rows.slice(
      0,
      Math.max(0, QUARANTINED - refused),
    ))
      await sink.refuse(
        {
          source: place.source,
          session: place.session,
          line,
          bytes,
          length,
          code,
          detail: `${name}: ${detail}`,
          at: ports.clock(),
        },
        stopping,
      );
    await rejected.add(rows).catch(told.notWritten);
    refused += rows.length;
    told.refused(rows.length);
  };
  const store = async (): Promise<void> => {
    await refuse(wrong);
    ledger = withRow(ledger, key, last);
    await sink.append(signals, { cursor: cursorOf(ledger), stopping });
    told.rows(rows);
    rows = 0;
    wrong = [];
    signals = [];
  };

  await rejected.goOnAfter(resumed).catch(told.notWritten);
  try {
    for await (const row of ports.read(contentOf(file, stopping), place)) {
      if (row.row <= resumed) continue;
      if (signals.length + wrong.length + sizeOf(row) > BATCH && last > ledger.reading!.row) await store();
      last = row.row;
      if (row.kind === 'wrong') wrong.push(row);
      else {
        signals.push(...row.signals);
        rows++;
      }
    }
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    const bytes = Buffer.alloc(KEPT_BYTES);
    const { bytesRead } = await file.read(bytes, 0, KEPT_BYTES, 0);
    const { size } = await file.stat();
    const beginning = { bytes: bytes.subarray(0, bytesRead), length: size };
    await refuse([{ row: last + 1, code: error.code, detail: error.message, ...beginning }]);
    return { ledger, refused: null };
  }
  if (last > ledger.reading!.row) await store();
  return { ledger, refused };
};

const sizeOf = (row: FileRow): number => (row.kind === 'signals' ? row.signals.length : 1);
