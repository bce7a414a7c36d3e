import { FileRefused } from './file-row';

/** A document can only be used when all of it has been read, so it is held in memory, and bounded. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** The whole file as text, without a byte order mark; throws FileRefused. */
export const wholeText = async (bytes: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES)
      throw new FileRefused('too_large', `The document has more than ${MAX_DOCUMENT_BYTES} bytes.`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new FileRefused('malformed', 'The file is not UTF-8 text.');
  }
};
