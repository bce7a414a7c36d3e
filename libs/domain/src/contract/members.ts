import { objectSpans } from '../event/json-spans';

/** The members of a JSON object as their texts, byte for byte as they came; empty for any other JSON text. */
export const membersOf = (data: string): Map<string, string> => {
  if (!data.trimStart().startsWith('{')) return new Map();
  return new Map([...objectSpans(data)].map(([name, { start, end }]) => [name, data.slice(start, end)]));
};
