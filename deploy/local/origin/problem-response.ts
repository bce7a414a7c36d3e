import type { ServerResponse } from 'node:http';
import { type ProblemCode, problem } from '@millrace/protocol';

/** Answers with problem details; does nothing when an answer has already begun. */
export const sendProblem = (
  response: ServerResponse,
  code: ProblemCode,
  detail: string,
  headers: { readonly [name: string]: string } = {},
): void => {
  if (response.headersSent) return void response.destroy();
  const body = problem(code, detail);
  response.writeHead(body.status, { 'content-type': 'application/problem+json', ...headers });
  response.end(JSON.stringify(body));
};

export const sendJson = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
};
