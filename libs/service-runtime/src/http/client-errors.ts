import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { problem } from '@millrace/protocol';

const ANSWERS: {
  readonly [code: string]: { status: number; reason: string; code: 'too_large' | 'invalid_request'; detail: string };
} = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    code: 'too_large',
    detail: 'The request line and headers are larger than 16 KiB.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    code: 'invalid_request',
    detail: 'The request did not arrive in time.',
  },
};
const MALFORMED = { status: 400, reason: 'Bad Request', code: 'invalid_request', detail: 'This is not HTTP.' } as const;

/** What the HTTP parser refuses never becomes a request; it gets problem details all the same. */
export const answerClientErrors = (server: Server): void => {
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = ANSWERS[error.code ?? ''] ?? MALFORMED;
    const body = JSON.stringify({ ...problem(answer.code, answer.detail), status: answer.status });
    socket.end(
      `HTTP/1.1 ${answer.status} ${answer.reason}\r\ncontent-type: application/problem+json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
};
