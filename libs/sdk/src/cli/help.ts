import { COMMON_OPTIONS, type Command, type Option, type Options } from './command';

const optionWords = (name: string, option: Option): string =>
  `${option.short === undefined ? '    ' : `-${option.short}, `}--${name}${option.value === undefined ? '' : ` ${option.value}`}`;

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

const optionLines = (options: Options): string[] =>
  columns(Object.entries(options).map(([name, option]) => [optionWords(name, option), option.help] as const));

export const commandHelp = (command: Command): string => {
  const { name, summary, parameters = [], options = {}, about, examples = [] } = command;
  return [
    `millrace ${[name, ...parameters].join(' ')} [options]`,
    '',
    `${summary}.`,
    ...(about === undefined ? [] : ['', about]),
    '',
    'Options:',
    ...optionLines({ ...options, ...COMMON_OPTIONS }),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)]),
  ].join('\n');
};

const commandLines = (commands: readonly Command[]): string[] =>
  columns(commands.map(({ name, parameters = [], summary }) => [[name, ...parameters].join(' '), summary] as const));

export const groupHelp = (group: string, commands: readonly Command[]): string =>
  [
    `millrace ${group} <command> [options]`,
    '',
    ...commandLines(commands),
    '',
    `"millrace ${group} <command> --help" tells more.`,
  ].join('\n');

export const siteHelp = (commands: readonly Command[]): string =>
  [
    'millrace <command> [options]',
    '',
    ...commandLines(commands),
    '',
    '"millrace <command> --help" tells more of each, and --version which version this is.',
    '',
    'The site and the key are those of "millrace login"; MILLRACE_URL and MILLRACE_API_KEY come first.',
    'Exit codes: 0 done, 1 failed, 2 the command line is not understood, 130 Ctrl-C at a prompt.',
  ].join('\n');
