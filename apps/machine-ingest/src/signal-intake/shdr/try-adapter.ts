import { connect } from 'node:net';
import { SourceProblem, type TriedSource, type TryContext } from '../source-kind';
import { LineSplitter, type SplitLine } from './line-splitter';
import { readShdrLine, startShdrReading } from './shdr-reading';
import type { ShdrSettings } from './shdr-settings';

/** Values that a person is shown. */
const SHOWN = 50;
/** An adapter sends all its values at once after the connection; what has not come then is not waited for. */
const LOOK_MS = 1_500;

/**
 * Connects, says PING and looks at what comes. Whatever listens takes a connection; a PING that is answered in another
 * language, or by hanging up, tells a web server or a broker from an adapter. One that says nothing may be an old adapter
 * that knows no PING and has nothing to tell.
 */
export const tryAdapter = (
  settings: ShdrSettings,
  { signal, lookup }: Pick<TryContext, 'signal' | 'lookup'>,
): Promise<TriedSource> =>
  new Promise<TriedSource>((resolve, reject) => {
    const { host, port, machine } = settings;
    const socket = connect({ host, port, ...(lookup === undefined ? {} : { lookup }) });
    const splitter = new LineSplitter();
    const session = {
      tenant: '',
      machine,
      source: '',
      session: '',
      proto: 'mtc' as const,
      messages: new Set(settings.messages),
    };
    const seen: Array<TriedSource['seen'][number]> = [];
    let reading = startShdrReading;
    let understood = 0;
    let refused = 0;
    let looking: NodeJS.Timeout | null = null;
    const unreachable = (what: string) =>
      reject(
        new SourceProblem(
          'unreachable',
          `${host}:${port} ${what}. Check host and port, that the adapter runs, and that nothing between blocks it.`,
          'host',
        ),
      );
    const foreign = (what: string) =>
      reject(
        new SourceProblem(
          'not_this_protocol',
          `${host}:${port} ${what}. Is it the port of an adapter? An agent speaks HTTP: that is a source of the type mtconnect.`,
          'port',
        ),
      );
    const over = (): void => {
      if (looking !== null) clearTimeout(looking);
      signal.removeEventListener('abort', stop);
      socket.destroy();
    };
    const stop = (): void => {
      over();
      unreachable('has not answered in time');
    };
    const take = (lines: readonly SplitLine[]): void => {
      for (const line of lines) {
        if (line.kind === 'line' && line.text.trim() === '') continue;
        const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, 0) : null;
        reading = read?.reading ?? reading;
        if (read === null || read.refused !== null) refused++;
        else understood++;
        for (const { path, value } of read?.signals ?? []) seen.push({ machine, path, value, unit: null });
      }
    };
    const summary = (): string => {
      if (seen.length > 0)
        return `An SHDR adapter that sent ${seen.length} values${refused > 0 ? ` and ${refused} lines that cannot be read` : ''}.`;
      return understood > 0
        ? 'An SHDR adapter that has sent no values yet.'
        : 'The adapter takes the connection and has sent nothing yet.';
    };
    const looked = (hangsUp: boolean): void => {
      over();
      take(splitter.end());
      if (understood === 0 && refused > 0)
        foreign(`answers, and none of the ${refused} lines that came is SHDR (timestamp|name|value, or * PONG)`);
      else if (understood === 0 && hangsUp)
        foreign(
          'takes the connection and closes it when it is sent * PING (as an adapter does that has a client already and takes one only)',
        );
      else resolve({ summary: summary(), seen: seen.slice(0, SHOWN) });
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    socket.setTimeout(settings.connectMs, stop);
    socket.on('connect', () => {
      socket.setTimeout(0);
      looking = setTimeout(() => looked(false), LOOK_MS);
      socket.write('* PING\n');
    });
    socket.on('data', (chunk: Buffer) => take(splitter.push(chunk)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (looking !== null) return looked(true);
      over();
      unreachable(`cannot be reached: ${error.code ?? error.message}`);
    });
    socket.on('end', () => looked(true));
  });
