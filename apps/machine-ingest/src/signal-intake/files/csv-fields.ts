/**
 * The fields of one line (RFC 4180), or what is wrong with it. A row is a line: no machine breaks one inside quotes, and a quote
 * that is never closed must cost its own row and not the rest of the file.
 */
export const csvFields = (line: string, delimiter: string): readonly string[] | { readonly wrong: string } => {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (line[at] === '"') {
      const read = quoted(line, at);
      if (read === null) return { wrong: `A quote in field ${fields.length + 1} is not closed.` };
      if (read.end < line.length && line[read.end] !== delimiter)
        return { wrong: `There is text after the closing quote of field ${fields.length + 1}.` };
      fields.push(read.text);
      at = read.end;
    } else {
      const found = line.indexOf(delimiter, at);
      const end = found < 0 ? line.length : found;
      const field = line.slice(at, end);
      if (field.includes('"'))
        return { wrong: `There is a quote inside field ${fields.length + 1}, which has none around it.` };
      fields.push(field);
      at = end;
    }
    if (at >= line.length) return fields;
    at++;
    if (at === line.length) return [...fields, ''];
  }
};

/** The text between the quotes, two of which stand for one; `end` is the place after them. */
const quoted = (line: string, from: number): { text: string; end: number } | null => {
  let text = '';
  for (let at = from + 1; ; ) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return null;
    text += line.slice(at, quote);
    if (line[quote + 1] !== '"') return { text, end: quote + 1 };
    text += '"';
    at = quote + 2;
  }
};
