import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** The bytes of an open file from its beginning, in pieces; ends with `stopping`. */
export async function* contentOf(file: FileHandle, stopping: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    stopping.throwIfAborted();
    const piece = Buffer.allocUnsafe(PIECE);
    const { bytesRead } = await file.read(piece, 0, PIECE, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

const PIECE = 256 * 1024;

/** SHA-256 of an open file. */
export const hashOf = async (file: FileHandle, stopping: AbortSignal): Promise<Buffer> => {
  const hash = createHash('sha256');
  for await (const piece of contentOf(file, stopping)) hash.update(piece);
  return hash.digest();
};
