import { cpuMsOf } from '@millrace/test-environment';
import { XML_LIMITS, XmlReader, XmlRefused, type XmlToken } from './xml-reader';

/** The document as one line of text, cut into pieces of `size` characters on the way in. */
const read = (document: string, size = document.length || 1): string => {
  const reader = new XmlReader();
  const tokens: XmlToken[] = [];
  for (let at = 0; at < document.length; at += size) tokens.push(...reader.push(document.slice(at, at + size)));
  reader.end();
  return tokens
    .map((token) => {
      if (token.kind === 'text') return token.text;
      if (token.kind === 'close') return `</${token.name}>`;
      return `<${[token.name, ...[...token.attributes].map(([name, value]) => `${name}=${value}`)].join('|')}>`;
    })
    .join('');
};

describe('what is read', () => {
  it.each([
    ['<a/>', '<a></a>'],
    ['<a b="1" c=\'2\' />', '<a|b=1|c=2></a>'],
    ['<m:a xmlns:m="u"><m:b></m:b ></m:a>\n', '<a|xmlns:m=u><b></b></a>'],
    [
      '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet href="x"?><!-- a > b --><a>x</a><!---->',
      '<a>x</a>',
    ],
    ['<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F4A5;</a>', '<a><>&"\'AB💥</a>'],
    ['<a b="&lt;&#10;&amp;amp;" c=">"/>', '<a|b=<\n&amp;|c=>></a>'],
    ['<a><![CDATA[<b>&amp;]]></a>', '<a><b>&amp;</a>'],
    ['<a>1\r\n2\r3</a>', '<a>1\n2\n3</a>'],
    ['<a b="x\n\ty"/>', '<a|b=x  y></a>'],
    ['<é ü="1">ß</é>', '<é|ü=1>ß</é>'],
    ['<a __proto__="1" constructor="2"/>', '<a|__proto__=1|constructor=2></a>'],
  ])('%s', (document, expected) => {
    expect(read(document)).toBe(expected);
    for (const size of [1, 2, 7]) expect(read(document, size)).toBe(expected);
  });
});

it('reads a document that is longer than one of its tags may be, in one piece or in several', () => {
  const elements = XML_LIMITS.tokenLength / 8;
  const document = `<a>${'<b c="1">2</b>'.repeat(elements)}</a>`;
  for (const size of [document.length, 700_000]) {
    const reader = new XmlReader();
    let tokens = 0;
    for (let at = 0; at < document.length; at += size) tokens += reader.push(document.slice(at, at + size)).length;
    reader.end();
    expect(tokens).toBe(2 + 3 * elements);
  }
});

const REFUSED: ReadonlyArray<readonly [document: string, code: string]> = [
  ['', 'malformed'],
  [' \n', 'truncated'],
  ['text', 'malformed'],
  ['<!DOCTYPE html><html></html>', 'doctype'],
  ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'doctype'],
  ['<a><!ENTITY x "y"></a>', 'doctype'],
  ['<!doctype a><a/>', 'doctype'],
  ['<a>&x;</a>', 'malformed'],
  ['<a>&toString;</a>', 'malformed'],
  ['<a>& b</a>', 'truncated'],
  ['<a>& b;</a>', 'malformed'],
  ['<a>&#0;</a>', 'malformed'],
  ['<a>&#xD800;</a>', 'malformed'],
  ['<a>&#x110000;</a>', 'malformed'],
  ['<a>\u0001</a>', 'malformed'],
  ['<a b="\u0000"/>', 'malformed'],
  ['<a></b>', 'malformed'],
  ['<a><b></a></b>', 'malformed'],
  ['</a>', 'malformed'],
  ['<a/><b/>', 'malformed'],
  ['<a/>x', 'malformed'],
  ['<a/>x<!-- -->', 'malformed'],
  ['x<a/>', 'malformed'],
  ['<![CDATA[x]]><a/>', 'malformed'],
  ['<a b=1/>', 'malformed'],
  ['<a b/>', 'malformed'],
  ['<a b="1"c="2"/>', 'malformed'],
  ['<a b="1" b="2"/>', 'malformed'],
  ['<a b="<"/>', 'malformed'],
  ['<a <b/>', 'malformed'],
  ['< a/>', 'malformed'],
  ['<a:b:c/>', 'malformed'],
  ['<1/>', 'malformed'],
  ['<a>]]></a>', 'malformed'],
  ['<a><!-- -- --></a>', 'malformed'],
  ['<a><?xml version="1.0"?></a>', 'malformed'],
  [' <?xml version="1.0"?><a/>', 'malformed'],
  ['<?xml version="1.0" encoding="UTF-16"?><a/>', 'malformed'],
  ['<? x?><a/>', 'malformed'],
  ['<a', 'truncated'],
  ['<a b="', 'truncated'],
  ['<a>', 'truncated'],
  ['<a><b/>', 'truncated'],
  ['<a><!-- ', 'truncated'],
  ['<a><![CDATA[x', 'truncated'],
  ['<a/><', 'truncated'],
  [`${'<a>'.repeat(XML_LIMITS.depth + 1)}`, 'too_large'],
  [`<a ${Array.from({ length: XML_LIMITS.attributes + 1 }, (_, n) => `a${n}=""`).join(' ')}/>`, 'too_large'],
  [`<a>${'x'.repeat(XML_LIMITS.tokenLength + 1)}`, 'too_large'],
  [`<a b="${'x'.repeat(XML_LIMITS.tokenLength)}"/>`, 'too_large'],
];

describe('what is refused', () => {
  it.each(REFUSED.map(([document, code]) => [document.slice(0, 60), code, document] as const))(
    '%s: %s',
    (_, code, document) => {
      const codeOf = (size: number) => {
        try {
          read(document, size);
          return 'read';
        } catch (error) {
          expect(error).toBeInstanceOf(XmlRefused);
          return (error as XmlRefused).code;
        }
      };
      expect(codeOf(document.length || 1)).toBe(code);
      if (document.length < 1000) expect(codeOf(1)).toBe(code);
    },
  );

  it('in time that grows with the length only', () => {
    const hostile = [`<a ${'b="1" '.repeat(150_000)}`, `<${'a'.repeat(1_000_000)} `, `<a>${'&'.repeat(900_000)}</a>`];
    for (const document of hostile)
      expect(cpuMsOf(() => expect(() => read(document, 65_536)).toThrow(XmlRefused))).toBeLessThan(5_000);
  });
});
