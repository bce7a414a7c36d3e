import { matchesType, parseTypePattern } from '@millrace/domain';

/** Whether a type is one of those that an order asks for; null asks for all. */
export const wantedTypes = (patterns: readonly string[] | null): ((type: string) => boolean) => {
  if (patterns === null) return () => true;
  const parsed = patterns.map(parseTypePattern);
  return (type) => parsed.some((pattern) => matchesType(pattern, type));
};
