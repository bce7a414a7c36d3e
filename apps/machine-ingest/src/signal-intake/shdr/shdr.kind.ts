import { connect } from 'node:net';
import { type SourceKind, SourceProblem, type TriedSource } from '../source-kind';
import { LineSplitter } from './line-splitter';
import { ShdrSource } from './shdr.source';
import { readShdrLine, startShdrReading } from './shdr-reading';
import { type ShdrSettings, shdrSettings } from './shdr-settings';

/** Values that a person is shown. */
const SHOWN = 50;
/** An adapter sends all its values at once after the connection; what has not come then is not waited for. */
const LOOK_MS = 1_500;

export const shdrSourceKind: SourceKind<ShdrSettings> = {
  type: 'shdr',
  says: 'An MTConnect adapter that speaks SHDR: lines of text over TCP, straight from one machine without an agent.',
  settings: shdrSettings,
  secrets: [],
  machines: ({ machine }) => [machine],
  reaches: ({ host, port }) => [{ kind: 'peer', host, port, path: 'host' }],
  tryOnce: (settings, { signal, lookup }) =>
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
      const over = (): void => {
        if (looking !== null) clearTimeout(looking);
        signal.removeEventListener('abort', stop);
        socket.destroy();
      };
      const stop = (): void => {
        over();
        unreachable('has not answered in time');
      };
      const looked = (): void => {
        over();
        if (seen.length === 0 && refused > 0)
          reject(
            new SourceProblem(
              'not_this_protocol',
              `${host}:${port} sends lines, and none of the ${refused} that came is SHDR (timestamp|name|value). Is it the port of an adapter? An agent speaks HTTP: that is a source of the type mtconnect.`,
              'port',
            ),
          );
        else
          resolve({
            summary:
              seen.length === 0
                ? 'The adapter takes the connection and has sent nothing yet.'
                : `An SHDR adapter that sent ${seen.length} values${refused > 0 ? ` and ${refused} lines that cannot be read` : ''}.`,
            seen: seen.slice(0, SHOWN),
          });
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      socket.setTimeout(settings.connectMs, stop);
      socket.on('connect', () => {
        socket.setTimeout(0);
        looking = setTimeout(looked, LOOK_MS);
      });
      socket.on('data', (chunk: Buffer) => {
        for (const line of splitter.push(chunk)) {
          const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, 0) : null;
          reading = read?.reading ?? reading;
          if (read === null || read.refused !== null) refused++;
          for (const { path, value } of read?.signals ?? []) seen.push({ machine, path, value, unit: null });
        }
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        over();
        unreachable(`cannot be reached: ${error.code ?? error.message}`);
      });
      socket.on('end', looked);
    }),
  open: (settings, context) => new ShdrSource(settings, context),
};
