import { FileRefused } from './file-row';
import { decoded, wholeBytes } from './whole-file';

/** Beside UTF-8, which all of ASCII is too. `utf-16` is what .NET declares of a text that it then writes as UTF-8. */
const ENCODINGS: { readonly [declared: string]: string } = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  'utf-16': 'utf-8',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
};
const DECLARATION = /^(?:\ufeff)?<\?xml\b[^>]*?(\s+encoding\s*=\s*["']([^"']*)["'])/;
/** A declaration ends within so many bytes. */
const DECLARATION_BYTES = 256;

/** The whole of an XML file as text, in the encoding that it declares, and without that word of it; throws FileRefused. */
export const xmlText = async (bytes: AsyncIterable<Buffer>): Promise<string> => {
  const whole = await wholeBytes(bytes);
  const declared = DECLARATION.exec(whole.subarray(0, DECLARATION_BYTES).toString('utf8'))?.[2] ?? 'utf-8';
  const encoding = declared.toLowerCase();
  if (!Object.hasOwn(ENCODINGS, encoding))
    throw new FileRefused(
      'malformed',
      `The encoding ${JSON.stringify(declared.slice(0, 40))} is not read; UTF-8, UTF-16, ISO-8859-1 and windows-1252 are.`,
    );
  const text = decoded(whole, ENCODINGS[encoding]!);
  const declaration = text.slice(0, DECLARATION_BYTES);
  return (
    declaration.replace(DECLARATION, (start, word: string) => start.replace(word, '')) + text.slice(DECLARATION_BYTES)
  );
};
