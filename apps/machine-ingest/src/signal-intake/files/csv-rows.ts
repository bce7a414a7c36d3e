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
    const wrong = (code: string, detail: string, setting?: string): FileRow => ({
      kind: 'wrong',
      row,
      code,
      detail,
      bytes: line.bytes,
      ...(setting === undefined ? {} : { setting }),
    });
    const fields =
      line.kind === 'too_long' ? { wrong: `The row has more than ${ROW_BYTES} bytes.` } : fieldsOf(line.bytes);
    if (fields === null) continue;
    if (table === null) {
      if (row === 1 && SEPARATOR_LINE.test(line.bytes.toString('latin1'))) continue;
      if (!isFields(fields))
        throw new FileRefused('malformed', `The header cannot be read: ${fields.wrong}`, fields.setting);
      table = tableOf(settings, fields);
      continue;
    }
    if (!isFields(fields)) {
      yield wrong('malformed', fields.wrong, fields.setting);
      continue;
    }
    const read = readRow(fields, table, settings, row, after, place, numbers);
    if ('wrong' in read) yield wrong(read.code, read.wrong, read.setting);
    else {
      after = read.instant ?? after;
      yield { kind: 'signals', row, signals: read.signals };
    }
  }
  if (table === null) throw new FileRefused('empty', 'The file has no header.');

  function fieldsOf(raw: Buffer): readonly string[] | Unread | null {
    let text: string;
    try {
      text = decoder.decode(raw);
    } catch {
      return {
        wrong: `It is not ${settings.encoding} text. Of a file from a program of Windows say "encoding": "windows-1252".`,
        setting: 'encoding',
      };
    }
    return text.trim() === '' ? null : csvFields(text, settings.delimiter);
  }
}

/** Excel reads it as the delimiter of what follows; it names no column. */
const SEPARATOR_LINE = /^"?sep=."?$/i;

/** A line that cannot be taken apart. */
interface Unread {
  readonly wrong: string;
  readonly setting?: string;
}

const isFields = (read: readonly string[] | Unread): read is readonly string[] => Array.isArray(read);

const DELIMITERS = [';', '\t', ',', '|'] as const;

/** What to do about a line that is one field, where another delimiter stands in it. */
const otherDelimiter = (fields: readonly string[], { delimiter }: CsvSettings): string | null => {
  const found = DELIMITERS.find((one) => one !== delimiter && fields[0]?.includes(one));
  if (fields.length !== 1 || found === undefined) return null;
  return `There is no ${JSON.stringify(delimiter)} in it, and ${JSON.stringify(found)} is: say "delimiter": ${JSON.stringify(found)}.`;
};

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
  const delimiter = header === null ? null : otherDelimiter(header, settings);
  const refused = (detail: string, setting: string): FileRefused =>
    delimiter === null
      ? new FileRefused('wrong_header', detail, setting)
      : new FileRefused('wrong_header', `${detail} ${delimiter}`, 'delimiter');
  const placeOf = (column: string | number, setting: string): number => {
    if (typeof column === 'number') {
      if (names === null || column <= names.length) return column - 1;
      throw refused(`The file has ${names.length} columns and no column ${column}.`, setting);
    }
    const at = names?.indexOf(column) ?? -1;
    if (at < 0)
      throw refused(
        `The file has no column ${JSON.stringify(column)}; it has ${names
          ?.slice(0, 50)
          .map((name) => JSON.stringify(name.slice(0, 60)))
          .join(', ')}.`,
        setting,
      );
    if (names!.lastIndexOf(column) !== at)
      throw refused(`The file has two columns ${JSON.stringify(column)}; name them by number.`, setting);
    return at;
  };
  return {
    width: names?.length ?? null,
    columns: settings.columns.map((column, n) => ({
      at: placeOf(column.column, `columns[${n}].column`),
      column,
      name: String(column.column),
    })),
    machine: settings.machineColumn === null ? null : placeOf(settings.machineColumn, 'machineColumn'),
    path: settings.pathColumn === null ? null : placeOf(settings.pathColumn, 'pathColumn'),
    timestamp: settings.timestamp === null ? null : placeOf(settings.timestamp.column, 'timestamp.column'),
  };
};

type RowReading =
  | { readonly signals: readonly Signal[]; readonly instant: number | null }
  | { readonly wrong: string; readonly code: string; readonly setting?: string };

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
  if (table.width === null ? fields.length < widest : fields.length !== table.width) {
    const delimiter = otherDelimiter(fields, settings);
    return {
      code: 'wrong_columns',
      wrong:
        `The row has ${fields.length} fields where ${table.width ?? `at least ${widest}`} are needed.` +
        `${delimiter === null ? '' : ` ${delimiter}`}`,
      setting: 'delimiter',
    };
  }
  const named = table.machine === null ? '' : fields[table.machine]!.trim();
  const machine = named === '' ? settings.machine : named;
  if (machine === null || !isMachineName(machine))
    return { code: 'wrong_machine', wrong: `${JSON.stringify(named.slice(0, 60))} is not the name of a machine.` };
  const time = settings.timestamp === null ? null : readRowTime(fields[table.timestamp!]!, settings.timestamp, after);
  if (time === null && settings.timestamp !== null)
    return {
      code: 'wrong_time',
      wrong: `${JSON.stringify(fields[table.timestamp!]!.slice(0, 60))} is not a time of the form ${settings.timestamp.format}, or ${settings.timestamp.timeZone} never had it.`,
      setting: 'timestamp.format',
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
        setting: column.type === 'double' ? 'decimal' : `columns[${idx}].type`,
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
