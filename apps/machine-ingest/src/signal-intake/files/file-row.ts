import type { Signal } from '@millrace/domain';
import { newSignal } from '../new-signal';

/** What one row, line or message of a file was read to. */
export type FileRow =
  | { readonly kind: 'signals'; readonly row: number; readonly signals: readonly Signal[] }
  | {
      readonly kind: 'wrong';
      readonly row: number;
      readonly code: string;
      readonly detail: string;
      readonly bytes: Buffer;
      /** Member of the settings that it most likely is about. */
      readonly setting?: string;
    };

/** What the signals of one file have in common. */
export interface FilePlace {
  readonly tenant: string;
  /** Name of the source. */
  readonly source: string;
  /** SHA-256 of the file, hex: the life of its numbering. */
  readonly session: string;
  readonly clock: () => number;
}

/** Reads a file from its beginning, row after row; the same bytes are the same rows. Throws FileRefused. */
export type ReadFileRows = (bytes: AsyncIterable<Buffer>, place: FilePlace) => AsyncIterable<FileRow>;

/** Nothing of the file can be used. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  constructor(
    readonly code: string,
    detail: string,
    /** Member of the settings that it most likely is about. */
    readonly setting: string = 'format',
  ) {
    super(detail);
  }
}

/** A row without a machine's word about it is `good`; what a file says of itself is for its format to add. */
export const fileSignal = (
  place: FilePlace,
  row: Pick<Signal, 'machine' | 'path' | 'value' | 'type'> & {
    readonly seq: number;
    /** Line, object or statement of the file. */
    readonly row: number;
    readonly idx?: number;
    readonly kind?: Signal['kind'];
    readonly unit?: string | null;
    readonly sourceTs?: string | null;
    readonly historical: boolean;
  },
): Signal =>
  newSignal({
    tenant: place.tenant,
    machine: row.machine,
    source: place.source,
    session: place.session,
    seq: row.seq,
    idx: row.idx,
    path: row.path,
    kind: row.kind ?? 'event',
    value: row.value,
    type: row.type,
    unit: row.unit,
    quality: row.value === null ? 'bad' : 'good',
    sourceTs: row.sourceTs,
    receivedAt: place.clock(),
    clock: 'file',
    flags: row.historical ? ['historical'] : [],
    raw: { proto: 'file', ref: `row:${row.row}` },
  });
