export interface Api {
  readonly origin: string;
  readonly key: string;
}

/** One call of the API, with the answer as it came; `text` goes out as it is, for bodies that are no JSON. */
export const call = async (
  api: Api,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${api.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.key}`, 'content-type': contentType },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: JSON.parse(text) };
  } catch {
    return { status: answer.status, body: text };
  }
};
