/**
 * Type patterns of a subscription: an exact type (`machine.alarm`), a prefix with all below it (`machine.*`), or `*`.
 * `machine.*` matches `machine.alarm` and `machine.door.opened`, not `machine`.
 */
export type TypePattern =
  | { readonly kind: 'any' }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'exact'; readonly type: string };

const PATTERN = /^(\*|[A-Za-z0-9][A-Za-z0-9_:/-]*(\.[A-Za-z0-9_:/-]+)*(\.\*)?)$/;

export const isTypePattern = (text: string): boolean => text.length <= 128 && PATTERN.test(text);

export const parseTypePattern = (text: string): TypePattern => {
  if (text === '*') return { kind: 'any' };
  return text.endsWith('.*') ? { kind: 'prefix', prefix: text.slice(0, -1) } : { kind: 'exact', type: text };
};

export const matchesType = (pattern: TypePattern, type: string): boolean => {
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'prefix':
      return type.length > pattern.prefix.length && type.startsWith(pattern.prefix);
    case 'exact':
      return type === pattern.type;
  }
};

/** Every pattern that could match a type: itself, its dotted prefixes, and `*`. The keys of the match index. */
export const patternsFor = (type: string): string[] => {
  const patterns = [type];
  // A dot at the very end has nothing below it, so `a.` is not matched by `a.*`.
  for (let dot = type.lastIndexOf('.', type.length - 2); dot > 0; dot = type.lastIndexOf('.', dot - 1))
    patterns.push(`${type.slice(0, dot)}.*`);
  patterns.push('*');
  return patterns;
};
