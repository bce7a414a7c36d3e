import { readFile } from 'node:fs/promises';
import type { AcceptedEvent } from '../../client/types/event';
import type { Command, Context, Given } from '../command';
import { yellow } from '../output';
import { CommandFailed, UsageError } from '../usage-error';

/** Events of one call. */
const BATCH = 500;

const sourceOf = async (given: Given, { io }: Context): Promise<{ text: string; name: string }> => {
  const inline = given.positionals[0];
  const file = given.text('file');
  if (inline !== undefined && inline !== '-' && file !== undefined)
    throw new UsageError('Give the events as a word of the command line or as --file, not both.');
  if (inline !== undefined && inline !== '-') return { text: inline, name: 'the event' };
  if (file !== undefined && file !== '-') {
    try {
      return { text: decoded(await readFile(file), file), name: file };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}`);
    }
  }
  if (io.stdin.isTTY && inline !== '-' && file !== '-')
    throw new UsageError('There are no events: give them as JSON, as --file, or through standard input.');
  return { text: decoded(await io.stdin.read(), 'standard input'), name: 'standard input' };
};

const decoded = (bytes: Uint8Array, name: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not UTF-8 text.`);
  }
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * Bodies of calls. One document of JSON is one call as it stands, and each line of NDJSON an event of a batch; the text of the
 * events is never written anew, so that their data keeps its bytes.
 */
export const bodiesOf = (text: string, name: string): string[] => {
  if (text.trim() === '') throw new UsageError(`${name} is empty.`);
  if (isJson(text)) return [text];
  const lines = text.split(/\r?\n/).map((line, at) => ({ line: line.trim(), number: at + 1 }));
  const events = lines.filter(({ line }) => line !== '');
  const wrong = events.find(({ line }) => !isJson(line));
  if (wrong !== undefined)
    throw new UsageError(
      events.length === 1
        ? `${name} is not JSON.`
        : `${name} is neither JSON nor a line of JSON for each event; line ${wrong.number} is none.`,
    );
  const bodies: string[] = [];
  for (let at = 0; at < events.length; at += BATCH)
    bodies.push(
      `[${events
        .slice(at, at + BATCH)
        .map(({ line }) => line)
        .join(',')}]`,
    );
  return bodies;
};

const mediaType = (body: string, cloudEvents: boolean): string => {
  if (!cloudEvents) return 'application/json';
  return `application/cloudevents${body.trimStart().startsWith('[') ? '-batch' : ''}+json`;
};

export const publish: Command = {
  name: 'events publish',
  summary: 'Publish events: JSON on the command line, from a file or from standard input',
  parameters: ['[json]'],
  options: {
    file: { type: 'string', short: 'f', value: '<file>', help: 'a file; - for standard input' },
    cloudevents: { type: 'boolean', help: 'the events are CloudEvents' },
  },
  about: 'One event, a list of them, or NDJSON: one event on each line. Their data is sent byte for byte.',
  examples: [
    `millrace events publish '{"type": "machine.alarm", "data": {"code": 17}}'`,
    'millrace events publish --file events.ndjson',
    'my-exporter | millrace events publish',
  ],
  run: async (given, context) => {
    const { out, err, json } = context;
    const { text, name } = await sourceOf(given, context);
    const millrace = await context.millrace();
    const events: AcceptedEvent[] = [];
    try {
      for (const body of bodiesOf(text, name)) {
        const answer = await millrace.events.publishText(body, mediaType(body, given.flag('cloudevents')));
        for (const event of answer.events) {
          events.push(event);
          if (json) continue;
          out.line(event.id);
          for (const { path, detail } of event.warnings ?? [])
            err.line(yellow('warning  '), event.id, '  ', path || '(the data)', ' ', detail);
        }
      }
    } catch (error) {
      if (events.length > 0)
        err.line(`${events.length} events were published before it failed, the last of them `, events.at(-1)?.id ?? '');
      throw error;
    }
    if (json) out.json({ events });
    return 0;
  },
};
