import { xmlText } from './xml-text';

const read = (text: string): Promise<string> =>
  xmlText(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );

it.each([
  ['<?xml version="1.0" encoding="utf-8"?><a/>', '<?xml version="1.0"?><a/>'],
  ['<a>encoding="x"</a>', '<a>encoding="x"</a>'],
])('leaves out the encoding that was declared: %s', async (given, expected) => {
  expect(await read(given)).toBe(expected);
  const long = `${expected}<!--${'x'.repeat(1_000)} encoding="latin-9"-->`;
  expect(await read(long)).toBe(long);
});

/** A search of the square of its length would take minutes of the event loop. */
it('looks for a declaration at the beginning and nowhere else, however long the document', async () => {
  const text = `<?xml${' '.repeat(4_000_000)}<a/>`;
  expect(await read(text)).toBe(text);
});
