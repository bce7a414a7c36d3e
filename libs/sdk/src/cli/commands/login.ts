import { MillraceApiError } from '../../client/errors';
import { Millrace } from '../../client/millrace';
import type { Command, Context, Given } from '../command';
import { removeSettings, settingsFile, writeSettings } from '../settings';
import { CommandFailed, UsageError } from '../usage-error';

const urlFrom = async (given: Given, { io }: Context): Promise<string> => {
  const url = given.text('url') ?? io.env['MILLRACE_URL'];
  if (url) return url;
  if (!io.stdin.isTTY) throw new UsageError('--url is missing.');
  return (await io.ask('Address of the site (http://localhost:8080): ', false)).trim() || 'http://localhost:8080';
};

const keyFrom = async (given: Given, { io }: Context): Promise<string> => {
  const key = given.text('key') ?? io.env['MILLRACE_API_KEY'];
  if (key) return key.trim();
  const typed = io.stdin.isTTY
    ? await io.ask('API key (it is not shown): ', true)
    : new TextDecoder().decode(await io.stdin.read());
  if (typed.trim() !== '') return typed.trim();
  const why = io.stdin.isTTY ? 'no API key was typed' : 'standard input is empty';
  throw new UsageError(
    `There is no API key: ${why}. Type it when asked, pipe it in ("millrace login < file"), give --key, or set MILLRACE_API_KEY.`,
  );
};

/** Whether the site knows the key; what it may do is another question. */
const check = async (millrace: Millrace): Promise<void> => {
  try {
    await millrace.endpoints.list({ limit: 1 }).first();
  } catch (error) {
    if (error instanceof MillraceApiError && error.code === 'insufficient_scope') return;
    throw error;
  }
};

export const login: Command = {
  name: 'login',
  summary: 'Store the address of a site and an API key for it, when the site takes the key',
  options: {
    url: { type: 'string', value: '<url>', help: 'address of the site' },
    key: { type: 'string', value: '<key>', help: 'the API key; better typed when asked, or piped in' },
  },
  about:
    'They are kept in your own configuration folder, readable by you alone. MILLRACE_URL and MILLRACE_API_KEY come first wherever\nthey are set.',
  examples: ['millrace login --url http://localhost:8080 < .millrace/admin-key'],
  run: async (given, context) => {
    const { io, out, json } = context;
    const given_ = { url: await urlFrom(given, context), apiKey: await keyFrom(given, context) };
    let millrace: Millrace;
    try {
      millrace = new Millrace({ ...given_, ...(io.fetch === undefined ? {} : { fetch: io.fetch }) });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    await check(millrace);
    const file = settingsFile(io);
    const settings = { ...given_, url: given_.url.replace(/\/+$/, '') };
    try {
      await writeSettings(file, settings, io.random());
    } catch (error) {
      throw new CommandFailed(`${file} cannot be written: ${(error as Error).message}`);
    }
    if (json) out.json({ url: settings.url, file });
    else out.line('Logged in to ', settings.url, '; kept in ', file);
    return 0;
  },
};

export const logout: Command = {
  name: 'logout',
  summary: 'Forget the site and the key',
  run: async (_given, { io, out, json }) => {
    const file = settingsFile(io);
    await removeSettings(file);
    if (json) out.json({ file });
    else out.line('Removed ', file);
    return 0;
  },
};
