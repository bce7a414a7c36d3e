import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileLines } from './file-lines';

/** Characters kept of a row that is wrong. */
const KEPT = 4_096;
const LINE_BYTES = 64 * 1024;

export interface RejectedRow {
  readonly row: number;
  readonly code: string;
  readonly detail: string;
  readonly bytes: Buffer;
  /** As in RefusedLine. */
  readonly length?: number;
}

/**
 * `<file>.rejected` beside the file, for whoever wrote it: a line for each row that was refused, with its number, the reason
 * and the row itself, tabs between them. It tells what the quarantine holds; a folder that may not be written to has none.
 */
export class RejectedRows {
  readonly name: string;

  constructor(
    private readonly folder: string,
    file: string,
  ) {
    this.name = `${file}.rejected`;
  }

  /** Takes away what a reading before this one wrote of rows after `row`: they are read again. */
  async goOnAfter(row: number): Promise<void> {
    const path = join(this.folder, this.name);
    const before = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
    if (before === null) return;
    const kept: string[] = [];
    try {
      if (row > 0)
        for await (const { bytes } of fileLines(before.createReadStream({ autoClose: false }), LINE_BYTES)) {
          const line = bytes.toString('utf8');
          if (Number.parseInt(line, 10) <= row) kept.push(`${line}\n`);
        }
    } finally {
      await before.close();
    }
    if (kept.length === 0) return rm(path);
    await this.write(`${path}.tmp`, kept.join(''), constants.O_TRUNC);
    await rename(`${path}.tmp`, path);
  }

  async add(rows: readonly RejectedRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.write(join(this.folder, this.name), rows.map(lineOf).join(''), constants.O_APPEND);
  }

  private async write(path: string, text: string, how: number): Promise<void> {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | how, 0o644);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  }
}

const lineOf = ({ row, code, detail, bytes }: RejectedRow): string =>
  `${[String(row), code, detail, bytes.toString('utf8').slice(0, KEPT)].map(oneLine).join('\t')}\n`;

const oneLine = (text: string): string => text.replace(/[\t\r\n]/g, ' ');
