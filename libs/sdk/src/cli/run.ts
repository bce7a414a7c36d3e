import { parseArgs } from 'node:util';
import { MillraceApiError, MillraceError } from '../client/errors';
import { Millrace } from '../client/millrace';
import { SDK_VERSION } from '../version';
import { COMMON_OPTIONS, type Command, type Context, Given, type Options } from './command';
import { COMMANDS } from './commands';
import { commandHelp, groupHelp, siteHelp } from './help';
import type { Io } from './io';
import { Output, red, wantsColour } from './output';
import { readSettings } from './settings';
import { CommandFailed, Unanswered, UsageError } from './usage-error';

/** The command that the words begin with, the longest name first, and the words behind it. */
const find = (words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } | null => {
  for (let count = 2; count >= 1; count--) {
    const name = words.slice(0, count).join(' ');
    const command = COMMANDS.find((each) => each.name === name);
    if (command !== undefined && words.length >= count) return { command, rest: words.slice(count) };
  }
  return null;
};

const groupOf = (word: string | undefined): readonly Command[] =>
  COMMANDS.filter(({ name }) => name.startsWith(`${word} `));

const asParseArgs = (options: Options) =>
  Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
    ]),
  );

const read = (command: Command, args: readonly string[]): Given => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: asParseArgs({ ...command.options, ...COMMON_OPTIONS }),
      allowPositionals: true,
      strict: true,
    });
    return new Given(values, positionals);
  } catch (error) {
    // Node's own sentence names the option; the advice behind it is about its own conventions.
    throw new UsageError(`${(error as Error).message.split(/\. (?=To specify|Did you)/)[0]?.replace(/\.?$/, '.')}`);
  }
};

/** `[x]` may be left out, `<x>` may not, and `<x...>` may be several. */
const checkPositionals = (command: Command, { positionals }: Given): void => {
  const parameters = command.parameters ?? [];
  const needed = parameters.filter((parameter) => parameter.startsWith('<'));
  const missing = needed[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  if (positionals.length > parameters.length)
    throw new UsageError(`"${positionals[parameters.length]}" is more than this command takes.`);
};

const client = (io: Io) => {
  let made: Promise<Millrace> | undefined;
  return () => {
    made ??= readSettings(io).then((settings) => {
      try {
        return new Millrace({ ...settings, ...(io.fetch === undefined ? {} : { fetch: io.fetch }) });
      } catch (error) {
        throw new CommandFailed(`The settings cannot be used: ${(error as Error).message}`);
      }
    });
    return made;
  };
};

/** 130 is what shells answer for a program that Ctrl-C has ended. */
const codeOf = (left: Unanswered): number => (left.by === 'interrupt' ? 130 : 2);

const tell = (error: unknown, json: boolean, out: Output, err: Output): number => {
  if (error instanceof Unanswered) {
    if (json) out.json({ error: { code: error.name, message: error.message } });
    else err.line(error.message);
    return codeOf(error);
  }
  if (!(error instanceof MillraceError) && !(error instanceof CommandFailed) && !(error instanceof UsageError))
    throw error;
  const refused = error instanceof MillraceApiError ? error : null;
  if (json)
    out.json({
      error: {
        code: refused?.code ?? error.name,
        message: refused?.detail || error.message,
        ...(refused === null ? {} : { status: refused.status, errors: refused.errors, traceId: refused.traceId }),
      },
    });
  else if (refused !== null) {
    err.line(red('Refused: '), refused.detail || refused.title, ` (${refused.status} ${refused.code})`);
    for (const { path, detail } of refused.errors) err.line('  ', path || '(the request)', ' ', detail);
    if (refused.traceId !== null) err.line('  trace ', refused.traceId);
  } else err.line(red(error instanceof UsageError ? 'Not understood: ' : 'Failed: '), error.message);
  return error instanceof UsageError ? 2 : 1;
};

/** Runs one command line, and answers its exit code. Rejects for defects only. */
export const run = async (args: readonly string[], io: Io): Promise<number> => {
  const coloured = wantsColour(io.stdout.isTTY === true, io.env);
  const out = new Output(io.stdout, coloured);
  const err = new Output(io.stderr, coloured);
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const leading = firstOption < 0 ? args : args.slice(0, firstOption);
  const found = find(leading);
  const json = args.includes('--json');
  try {
    if (found === null) {
      const wantsHelp = args.length === 0 || args.includes('--help') || args.includes('-h') || leading[0] === 'help';
      if (args.includes('--version') && leading.length === 0) {
        out.line(SDK_VERSION);
        return 0;
      }
      const group = groupOf(leading[0] === 'help' ? leading[1] : leading[0]);
      const help =
        group.length > 0 ? groupHelp((group[0] as Command).name.split(' ')[0] as string, group) : siteHelp(COMMANDS);
      if (wantsHelp || (args.length === 1 && group.length > 0)) {
        out.text(help);
        return 0;
      }
      if (leading.length === 1 && group.length > 0 && args.length > 1)
        throw new UsageError('Options stand behind the command: "millrace endpoints list --json".');
      throw new UsageError(
        `There is no command "${leading.join(' ') || args[0]}"; "millrace --help" lists those there are.`,
      );
    }
    const given = read(found.command, [...found.rest, ...args.slice(leading.length)]);
    if (given.flag('help')) {
      out.text(commandHelp(found.command));
      return 0;
    }
    checkPositionals(found.command, given);
    const context: Context = { io, out, err, json, millrace: client(io) };
    return await found.command.run(given, context);
  } catch (error) {
    const code = tell(error, json, out, err);
    if (error instanceof UsageError && found !== null && !json)
      err.line(`"millrace ${found.command.name} --help" tells what it takes.`);
    return code;
  }
};
