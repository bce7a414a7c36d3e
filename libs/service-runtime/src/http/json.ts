import { ApiProblem } from './api-problem';

/** Nesting that a body may have. JSON.parse takes 200,000 levels, but what then walks the value would end the process. */
export const JSON_DEPTH = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Whether no value is nested deeper than `limit`. Works on bytes: none of UTF-8's later bytes looks like ASCII. */
export const jsonDepthWithin = (bytes: Uint8Array, limit: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      if (depth > limit) return false;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return true;
};

/** The text of a body that must be UTF-8; a byte order mark is dropped. */
export const readUtf8 = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ApiProblem('invalid_json', 'The body is not valid UTF-8.');
  }
};

/** Throws invalid_json for what is not JSON, not UTF-8, or nested too deep. Member names are data, `__proto__` too. */
export const readJson = (bytes: Uint8Array): unknown => {
  if (bytes.length === 0) throw new ApiProblem('invalid_json', 'The body is empty.');
  const text = readUtf8(bytes);
  if (!jsonDepthWithin(bytes, JSON_DEPTH)) {
    throw new ApiProblem('invalid_json', `The body is nested deeper than ${JSON_DEPTH} levels.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw new ApiProblem('invalid_json', `The body is not JSON${place ? `: see character ${place}` : ''}.`);
  }
};
