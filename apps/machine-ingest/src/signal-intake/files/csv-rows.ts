import { isMachineName, javaScriptJson, SIGNAL_LIMITS, type Signal } from '@millrace/domain';
import { MachineNumbers } from '../machine-numbers';
import { csvFields } from './csv-fields';
import { fileLines } from './file-lines';
import { type FilePlace, FileRefused, type FileRow, fileSignal } from './file-row';
import { type FilesSettingsOf, isPath } from './files-settings';
import { readRowTime } from './row-time';

type CsvSettings = FilesSettingsOf<'csv'>;
type Column = CsvSettings['columns'][number];

/** Bytes of one row. */
const ROW_BYTES = 1024 * 1024;

/** The rows of a CSV file; a row with one wrong cell is refused whole, since half of it would be another statement. */
export async function* csvRows(
  settings: CsvSettings,
  bytes: AsyncIterable<Buffer>,
  place: FilePlace,
): AsyncGenerator<FileRow> {
  const decoder = new TextDecoder(settings.encoding, { fatal: true });
  let table: Table | null = settings.header ? null : tableOf(settings, null);
  let after: number | null = null;
  const numbers = new MachineNumbers();
  for await (const line of fileLines(bytes, ROW_BYTES)) {
    const { row } = line;
    const wrong = (code: string, detail: string): FileRow => ({ kind: 'wrong', row, code, detail, bytes: line.bytes });
    const fields =
      line.kind === 'too_long' ? { wrong: `The row has more than ${ROW_BYTES} bytes.` } : fieldsOf(line.bytes);
    if (fields === null) continue;
    if (table === null) {
      if (row === 1 && SEPARATOR_LINE.test(line.bytes.toString('latin1'))) continue;
      if (!isFields(fields)) throw new FileRefused('malformed', `The header cannot be read: ${fields.wrong}`);
      table = tableOf(settings, fields);
      continue;
    }
    if (!isFields(fields)) {
      yield wrong('malformed', fields.wrong);
      continue;
    }
    const read = readRow(fields, table, settings, row, after, place, numbers);
    if ('wrong' in read) yield wrong(read.code, read.wrong);
    else {
      after = read.instant ?? after;
      yield { kind: 'signals', row, signals: read.signals };
    }
  }
  if (table === null) throw new FileRefused('empty', 'The file has no header.');

  function fieldsOf(raw: Buffer): readonly string[] | { readonly wrong: string } | null {
    let text: string;
    try {
      text = decoder.decode(raw);
    } catch {
      return { wrong: `The row is not ${settings.encoding} text.` };
    }
    return text.trim() === '' ? null : csvFields(text, settings.delimiter);
  }
}

/** Excel reads it as the delimiter of what follows; it names no column. */
const SEPARATOR_LINE = /^"?sep=."?$/i;

const isFields = (read: readonly string[] | { readonly wrong: string }): read is readonly string[] =>
  Array.isArray(read);

/** Where the columns are that the settings name. */
interface Table {
  /** Fields of a row; null where no header says. */
  readonly width: number | null;
  readonly columns: ReadonlyArray<{ readonly at: number; readonly column: Column; readonly name: string }>;
  readonly machine: number | null;
  readonly path: number | null;
  readonly timestamp: number | null;
}

const tableOf = (settings: CsvSettings, header: readonly string[] | null): Table => {
  const names = header?.map((name) => name.trim()) ?? null;
  const placeOf = (column: string | number): number => {
    if (typeof column === 'number') {
      if (names === null || column <= names.length) return column - 1;
      throw new FileRefused('wrong_header', `The file has ${names.length} columns and no column ${column}.`);
    }
    const at = names?.indexOf(column) ?? -1;
    if (at < 0)
      throw new FileRefused(
        'wrong_header',
        `The file has no column ${JSON.stringify(column)}; it has ${names
          ?.slice(0, 50)
          .map((name) => JSON.stringify(name.slice(0, 60)))
          .join(', ')}.`,
      );
    if (names!.lastIndexOf(column) !== at)
      throw new FileRefused('wrong_header', `The file has two columns ${JSON.stringify(column)}; name them by number.`);
    return at;
  };
  return {
    width: names?.length ?? null,
    columns: settings.columns.map((column) => ({ at: placeOf(column.column), column, name: String(column.column) })),
    machine: settings.machineColumn === null ? null : placeOf(settings.machineColumn),
    path: settings.pathColumn === null ? null : placeOf(settings.pathColumn),
    timestamp: settings.timestamp === null ? null : placeOf(settings.timestamp.column),
  };
};

type RowReading =
  | { readonly signals: readonly Signal[]; readonly instant: number | null }
  | { readonly wrong: string; readonly code: string };

const readRow = (
  fields: readonly string[],
  table: Table,
  settings: CsvSettings,
  row: number,
  after: number | null,
  place: FilePlace,
  numbers: MachineNumbers,
): RowReading => {
  const others = [table.machine, table.path, table.timestamp].map((at) => at ?? 0);
  const widest = Math.max(...table.columns.map(({ at }) => at), ...others) + 1;
  if (table.width === null ? fields.length < widest : fields.length !== table.width)
    return {
      code: 'wrong_columns',
      wrong: `The row has ${fields.length} fields where ${table.width ?? `at least ${widest}`} are needed.`,
    };
  const named = table.machine === null ? '' : fields[table.machine]!.trim();
  const machine = named === '' ? settings.machine : named;
  if (machine === null || !isMachineName(machine))
    return { code: 'wrong_machine', wrong: `${JSON.stringify(named.slice(0, 60))} is not the name of a machine.` };
  const time = settings.timestamp === null ? null : readRowTime(fields[table.timestamp!]!, settings.timestamp, after);
  if (time === null && settings.timestamp !== null)
    return {
      code: 'wrong_time',
      wrong: `${JSON.stringify(fields[table.timestamp!]!.slice(0, 60))} is not a time of the form ${settings.timestamp.format}, or ${settings.timestamp.timeZone} never had it.`,
    };
  const said: Array<Pick<Signal, 'path' | 'value' | 'type' | 'kind' | 'unit'> & { readonly idx: number }> = [];
  for (const [idx, { at, column, name }] of table.columns.entries()) {
    const cell = column.type === 'string' ? fields[at]! : fields[at]!.trim();
    // an empty cell says nothing, not that something is zero
    if (cell === '') continue;
    const value = cellValue(cell, column.type, settings.decimal);
    if (value === null)
      return {
        code: 'wrong_value',
        wrong: `${name} is ${JSON.stringify(cell.slice(0, 60))}, which is not ${NEEDED[column.type]}${column.type === 'double' ? ` with the decimal sign ${JSON.stringify(settings.decimal)}` : ''}.`,
      };
    const path = `${column.path ?? ''}${table.path === null ? '' : fields[table.path]!.trim()}`;
    if (!isPath(path))
      return { code: 'wrong_path', wrong: `${JSON.stringify(path.slice(0, 60))} is not the name of a value.` };
    said.push({ idx, path, value, type: column.type, kind: column.kind, unit: column.unit });
  }
  if (said.length === 0) return { signals: [], instant: time?.instant ?? null };
  const common = {
    machine,
    seq: numbers.of(machine),
    row,
    sourceTs: time?.text ?? null,
    historical: settings.historical,
  };
  return { signals: said.map((one) => fileSignal(place, { ...one, ...common })), instant: time?.instant ?? null };
};

const NEEDED: { readonly [type in Column['type']]: string } = {
  double: 'a number',
  int64: 'a whole number of 64 bits',
  bool: 'true or false',
  string: `text of at most ${SIGNAL_LIMITS.valueLength} characters`,
};
const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];
const INT64 = { lowest: -(2n ** 63n), highest: 2n ** 63n - 1n };

/** Sign, whole part, fraction, exponent. */
const FORMS = {
  '.': /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d{1,3})?$/,
  ',': /^([+-]?)(\d*)(?:,(\d*))?([eE][+-]?\d{1,3})?$/,
} as const;

/** Null for what is not of the type. Numbers that JavaScript cannot hold stay text; thousands are never separated. */
const cellValue = (cell: string, type: Column['type'], decimal: '.' | ','): number | string | boolean | null => {
  switch (type) {
    case 'string':
      return cell.length <= SIGNAL_LIMITS.valueLength ? cell : null;
    case 'bool': {
      const word = cell.toLowerCase();
      return TRUE.includes(word) ? true : FALSE.includes(word) ? false : null;
    }
    case 'int64': {
      if (!/^[+-]?\d{1,20}$/.test(cell)) return null;
      const exact = BigInt(cell.replace('+', ''));
      if (exact < INT64.lowest || exact > INT64.highest) return null;
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
    }
    case 'double': {
      if (cell.length > 128) return null;
      const found = FORMS[decimal].exec(cell);
      if (found === null) return null;
      // controllers leave out the 0 before the decimal sign, or what is after it
      const [, sign, whole, fraction = '', exponent = ''] = found;
      if (whole === '' && fraction === '') return null;
      const digits = whole!.replace(/^0+(?=\d)/, '') || '0';
      const text = `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`;
      return javaScriptJson(text, '').kind === 'text' ? Number(text) : text;
    }
  }
};
