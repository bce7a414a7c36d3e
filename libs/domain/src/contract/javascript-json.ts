/**
 * The text that `JSON.stringify(JSON.parse(text))` gives in JavaScript. Receivers of some contracts verify over
 * `JSON.stringify(request.body)`, so what is sent to them has to be its own round trip: numbers, escapes, white space, the order
 * of integer-like names and names that stand twice are all settled here, once.
 *
 * A number that JavaScript cannot hold would arrive as another one, so it is refused and never changed.
 */
export type JavaScriptJson =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'unrepresentable';
      /** Dotted path of the value. */
      readonly path: string;
      readonly detail: string;
    };

type Unrepresentable = Extract<JavaScriptJson, { kind: 'unrepresentable' }>;

/** `text` is valid JSON whose depth is bounded; `path` is where it stands, for the refusal. */
export const javaScriptJson = (text: string, path: string): JavaScriptJson => {
  const written = new Rewriter(text, path).value();
  return typeof written === 'string' ? { kind: 'text', text: written } : written;
};

/** Half of a surrogate pair, which JSON.stringify escapes. */
const HALF_PAIR = /\p{Surrogate}/u;
/** Longest part of a number or a path that is quoted. */
const QUOTED = 40;

/**
 * Reads the text once, from left to right, and writes as it reads. It works on the text and not on a parsed object: that tells
 * where a number stands, and V8 can read a name of one escaped character as a backslash in an object of a known shape.
 */
class Rewriter {
  private at = 0;
  private readonly path: string[];

  constructor(
    private readonly text: string,
    path: string,
  ) {
    this.path = [path];
  }

  value(): string | Unrepresentable {
    switch (this.next()) {
      case OPEN_OBJECT:
        return this.object();
      case OPEN_ARRAY:
        return this.array();
      case QUOTE:
        return this.string();
      case LOWER_T:
      case LOWER_N:
        return this.word(4);
      case LOWER_F:
        return this.word(5);
      default:
        return this.number();
    }
  }

  /**
   * Members in the order in which JavaScript lists them: integer-like names ascending, then the others as they first stood. Of
   * names that stand twice the last value counts, in the place of the first.
   */
  private object(): string | Unrepresentable {
    const members = new Map<string, string | Unrepresentable>();
    this.at++;
    while (this.next() !== CLOSE_OBJECT) {
      const name = this.string();
      this.next();
      this.at++;
      this.path.push((JSON.parse(name) as string).slice(0, QUOTED));
      members.set(name, this.value());
      this.path.pop();
      if (this.next() === COMMA) this.at++;
    }
    this.at++;
    const indices: [index: number, member: string][] = [];
    const others: string[] = [];
    for (const [name, value] of members) {
      if (typeof value !== 'string') return value;
      const member = `${name}:${value}`;
      if (isArrayIndex(name)) indices.push([Number(name.slice(1, -1)), member]);
      else others.push(member);
    }
    if (indices.length === 0) return `{${others.join(',')}}`;
    indices.sort(([one], [other]) => one - other);
    return `{${[...indices.map(([, member]) => member), ...others].join(',')}}`;
  }

  private array(): string | Unrepresentable {
    const items: string[] = [];
    let refused: Unrepresentable | null = null;
    this.at++;
    while (this.next() !== CLOSE_ARRAY) {
      this.path.push(String(items.length));
      const item = this.value();
      this.path.pop();
      if (typeof item === 'string') items.push(item);
      // The rest is read all the same: what follows the array is still to be found.
      else refused ??= item;
      if (this.next() === COMMA) this.at++;
    }
    this.at++;
    return refused ?? `[${items.join(',')}]`;
  }

  /** With its quotes, as JSON.stringify writes it. */
  private string(): string {
    this.next();
    const start = this.at++;
    let escaped = false;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        escaped = true;
        this.at++;
      }
      this.at++;
    }
    const token = this.text.slice(start, ++this.at);
    return escaped || HALF_PAIR.test(token) ? JSON.stringify(JSON.parse(token)) : token;
  }

  private word(length: number): string {
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  private number(): string | Unrepresentable {
    const start = this.at;
    while (isOfNumber(this.text.charCodeAt(this.at))) this.at++;
    const token = this.text.slice(start, this.at);
    const held = Number(token);
    const written = String(held);
    if (written === token || (Number.isFinite(held) && decimal(token) === decimal(written))) return written;
    const shown = token.length <= QUOTED ? token : `${token.slice(0, QUOTED - 1)}…`;
    return {
      kind: 'unrepresentable',
      path: this.path.join('.'),
      detail: `the number ${shown} is not exact in JavaScript, whose nearest is ${held}; send it as a string`,
    };
  }

  /** The next character that is no white space. */
  private next(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.at++;
    }
  }
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;

/** Digits, signs, the point and the exponent's letter. */
const isOfNumber = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65;

/** ECMA-262 section 6.1.7: an array index is a canonical numeric string below 2^32 - 1. `name` has its quotes. */
const isArrayIndex = (name: string): boolean =>
  /^"(0|[1-9]\d{0,9})"$/.test(name) && Number(name.slice(1, -1)) < 2 ** 32 - 1;

/** One text for one value: the digits that count and the power of ten of the last. */
const decimal = (token: string): string => {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token)!;
  const digits = `${whole}${fraction}`;
  let from = 0;
  while (digits.charCodeAt(from) === 0x30) from++;
  // From its end: a pattern for the zeros at the end would begin anew at every zero in the middle.
  let to = digits.length;
  while (to > from && digits.charCodeAt(to - 1) === 0x30) to--;
  if (from === to) return '0';
  return `${sign}${digits.slice(from, to)}e${Number(exponent) - fraction.length + digits.length - to}`;
};
