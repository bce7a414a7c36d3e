import { SaxesParser, type SaxesTagPlain } from 'saxes';

/**
 * A strict, streaming reader of the XML that MTConnect agents write: saxes, which checks that a document is well-formed, with
 * what an open door needs beside that. A DOCTYPE is refused whatever it holds, so no entity is ever declared or fetched; depth,
 * attributes and the length of one token have limits; only UTF-8 is read. Whatever is wrong throws XmlRefused, at the latest at
 * `end()`.
 */
export type XmlToken =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

export type XmlRefusal = 'malformed' | 'doctype' | 'too_large' | 'truncated';

export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
  constructor(
    readonly code: XmlRefusal,
    detail: string,
  ) {
    super(detail);
  }
}

export const XML_LIMITS = {
  /** Nested elements. */
  depth: 64,
  /** Attributes of one element. */
  attributes: 128,
  /** Characters of one tag, or of the text between two tags. */
  tokenLength: 1024 * 1024,
} as const;

const ENCODINGS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

export class XmlReader {
  private readonly parser = new SaxesParser({ xmlns: false, forceXMLVersion: true, defaultXMLVersion: '1.0' });
  private tokens: XmlToken[] = [];
  private readonly open: string[] = [];
  /** Where the last token ended; what follows has to end before it grows too long. */
  private ended = 0;
  /** Characters so far. Between two pieces of text the parser's own position is off by the length of the last. */
  private written = 0;
  private anything = false;
  private rooted = false;

  /** Seven handlers and no more: with an eighth, V8 turns the parser into a dictionary, and reading takes five times as long. */
  constructor() {
    const { parser } = this;
    parser.on('doctype', () => {
      throw doctype();
    });
    parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !ENCODINGS.has(encoding.toLowerCase()))
        throw malformed(`The encoding ${JSON.stringify(encoding.slice(0, 40))} is not read; only UTF-8 is.`);
      this.token(null);
    });
    parser.on('opentag', (tag) => this.opened(tag));
    parser.on('closetag', ({ name }) => {
      this.open.pop();
      this.token({ kind: 'close', name: local(name) });
    });
    parser.on('text', (text) => this.text(text));
    parser.on('cdata', (text) => this.text(text));
    parser.on('comment', () => this.token(null));
  }

  /** Tokens that are complete with this text. */
  push(text: string): XmlToken[] {
    this.anything ||= text !== '';
    try {
      this.parser.write(text);
    } catch (error) {
      throw error instanceof XmlRefused ? error : this.fault(error as Error);
    }
    this.written += text.length;
    this.measure(this.written);
    const { tokens } = this;
    this.tokens = [];
    return tokens;
  }

  /** Throws `truncated` unless the document is complete. */
  end(): void {
    const inside = this.open[this.open.length - 1];
    try {
      this.parser.close();
    } catch (error) {
      if (error instanceof XmlRefused) throw error;
      throw new XmlRefused(
        this.anything ? 'truncated' : 'malformed',
        inside === undefined
          ? `The document ${this.rooted ? 'ends inside a tag' : 'has no complete element'}.`
          : `The document ends inside <${inside}>.`,
      );
    }
  }

  private opened({ name, attributes }: SaxesTagPlain): void {
    if (this.open.length >= XML_LIMITS.depth)
      throw new XmlRefused('too_large', `Elements are nested deeper than ${XML_LIMITS.depth}.`);
    this.rooted = true;
    this.open.push(name);
    const read = new Map<string, string>();
    for (const attribute in attributes) {
      local(attribute);
      read.set(attribute, attributes[attribute]!);
    }
    if (read.size > XML_LIMITS.attributes)
      throw new XmlRefused('too_large', `An element has more than ${XML_LIMITS.attributes} attributes.`);
    this.token({ kind: 'open', name: local(name), attributes: read });
  }

  /** Outside the root saxes lets nothing but white space pass. */
  private text(text: string): void {
    this.token(this.open.length > 0 ? { kind: 'text', text } : null);
  }

  private token(token: XmlToken | null): void {
    this.measure(this.parser.position);
    this.ended = this.parser.position;
    if (token !== null) this.tokens.push(token);
  }

  private measure(position: number): void {
    if (position - this.ended > XML_LIMITS.tokenLength)
      throw new XmlRefused('too_large', `A tag or text is longer than ${XML_LIMITS.tokenLength} characters.`);
  }

  /** What saxes finds wrong it says in words only, and those of a declaration are these. */
  private fault({ message }: Error): XmlRefused {
    return /doctype|incorrect syntax/.test(message)
      ? doctype()
      : malformed(`After ${this.parser.position} characters: ${message.replace(/^[\d:]+ /, '').slice(0, 200)}`);
  }
}

const malformed = (detail: string): XmlRefused => new XmlRefused('malformed', detail);

const doctype = (): XmlRefused =>
  new XmlRefused('doctype', 'The document has a DOCTYPE or another declaration; those are never read.');

/** Names are compared without their prefix: agents bind the namespace to any. */
const local = (name: string): string => {
  const colon = name.indexOf(':');
  if (colon < 0) return name;
  if (colon === 0 || colon === name.length - 1 || name.includes(':', colon + 1))
    throw malformed(`${JSON.stringify(name.slice(0, 60))} is not a name.`);
  return name.slice(colon + 1);
};
