import { AgentFault, type AgentResponse, MAX_ANSWER } from './agent-client';
import { type AgentModel, DeviceModelReader } from './device-model';
import { type StreamsAnswer, StreamsReader, StreamsRefused } from './streams-document';
import { XmlRefused } from './xml-reader';

/** Bytes kept of what could not be read. */
const KEPT_BYTES = 64 * 1024;

/** What an agent's documents are read by. */
interface DocumentReader<T> {
  push(text: string): void;
  done(): T;
}

/** A streams document with the beginning of its bytes, for what of it has to be refused. */
export interface Heard {
  readonly answer: StreamsAnswer;
  readonly bytes: Buffer;
  /** Of all of it. */
  readonly length: number;
}

const streams = (): DocumentReader<StreamsAnswer> => {
  const reader = new StreamsReader('one-by-one');
  return { push: (text) => reader.push(text), done: () => reader.answer() };
};

const devices = (): DocumentReader<AgentModel> => {
  const reader = new DeviceModelReader();
  return { push: (text) => reader.push(text), done: () => reader.end() };
};

/** The document that is the body of an answer; rejects AgentFault, with the bytes when all came and cannot be used. */
export const readModel = async (response: AgentResponse): Promise<AgentModel> =>
  (await readBody(response, devices())).done();

export const readStreams = async (response: AgentResponse): Promise<Heard> => {
  const reading = await readBody(response, streams());
  return { answer: reading.done(), bytes: reading.beginning, length: reading.length };
};

/** The document that is one part of a stream; throws AgentFault with the bytes. */
export const readPart = (bytes: Buffer): Heard => {
  const reading = new Reading(streams());
  reading.push(bytes);
  return { answer: reading.done(), bytes: reading.beginning, length: reading.length };
};

/** What the agent itself says in a page with an error status, or null where that is no document of an agent. */
export const agentErrorIn = (bytes: Buffer): AgentFault | null => {
  try {
    readPart(bytes);
    return null;
  } catch (error) {
    return error instanceof AgentFault && error.agentCode !== null ? error : null;
  }
};

const readBody = async <T>(response: AgentResponse, reader: DocumentReader<T>): Promise<Reading<T>> => {
  const reading = new Reading(reader);
  try {
    for await (const chunk of response.body) reading.push(chunk);
  } finally {
    response.close();
  }
  return reading;
};

class Reading<T> {
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private readonly head: Buffer[] = [];
  private bytes = 0;

  constructor(private readonly reader: DocumentReader<T>) {}

  get beginning(): Buffer {
    return Buffer.concat(this.head);
  }

  get length(): number {
    return this.bytes;
  }

  push(chunk: Buffer): void {
    if (this.bytes < KEPT_BYTES) this.head.push(chunk.subarray(0, KEPT_BYTES - this.bytes));
    this.bytes += chunk.length;
    this.refusing(() => {
      if (this.bytes > MAX_ANSWER)
        throw new StreamsRefused('too_large', `The answer has more than ${MAX_ANSWER} bytes.`);
      this.reader.push(this.utf8.decode(chunk, { stream: true }));
    });
  }

  done(): T {
    return this.refusing(() => {
      this.reader.push(this.utf8.decode());
      return this.reader.done();
    });
  }

  private refusing<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      const bytes = this.beginning;
      if (error instanceof StreamsRefused && error.errorCode !== null)
        throw new AgentFault('agent_error', error.message, null, error.errorCode);
      if (error instanceof StreamsRefused || error instanceof XmlRefused)
        throw new AgentFault(error.code, error.message, bytes, null, this.bytes);
      throw new AgentFault('malformed', 'The answer is not UTF-8.', bytes, null, this.bytes);
    }
  }
}
