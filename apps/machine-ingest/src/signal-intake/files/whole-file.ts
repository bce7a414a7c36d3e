import { FileRefused } from './file-row';

/** A document can only be used when all of it has been read, so it is held in memory, and bounded. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** The whole file as text, without a byte order mark; throws FileRefused. */
export const wholeText = async (bytes: AsyncIterable<Buffer>): Promise<string> =>
  decoded(await wholeBytes(bytes), 'utf-8');

export const wholeBytes = async (bytes: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES)
      throw new FileRefused('too_large', `The document has more than ${MAX_DOCUMENT_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const decoded = (bytes: Buffer, encoding: string): string => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new FileRefused('malformed', `The file is not ${encoding.toUpperCase()} text.`);
  }
};
