import { arraySpans, javaScriptJson, objectSpans, SIGNAL_LIMITS, type Signal, type Span } from '@millrace/domain';

/** One scalar of a JSON document, under the path of the members that lead to it: `hydraulics.temp`, `axes.0.load`. */
export interface JsonLeaf {
  readonly path: string;
  readonly value: Exclude<Signal['value'], object> | null;
  readonly type: Signal['type'];
}

export interface JsonLeaves {
  readonly leaves: readonly JsonLeaf[];
  readonly rejected: ReadonlyArray<{ readonly path: string; readonly detail: string }>;
}

/** Scalars of one document; a document of more is no reading of a machine. */
export const MAX_LEAVES = 2_000;

/**
 * The scalars of a JSON object, in the order of its text; null where there are more than MAX_LEAVES. Numbers that JavaScript
 * cannot hold stay text. `text` is valid JSON whose depth is bounded.
 */
export const jsonLeaves = (text: string): JsonLeaves | null => {
  const leaves: JsonLeaf[] = [];
  const rejected: Array<{ path: string; detail: string }> = [];
  const walk = (span: Span, path: string): boolean => {
    const inner = childrenOf(text, span);
    if (inner !== null) return inner.every(([name, at]) => walk(at, path === '' ? name : `${path}.${name}`));
    const wrong = wrongPath(path);
    const leaf = wrong === null ? leafOf(text.slice(span.start, span.end), path) : wrong;
    if (typeof leaf === 'string') rejected.push({ path: path.slice(0, 128), detail: leaf });
    else leaves.push(leaf);
    return leaves.length + rejected.length <= MAX_LEAVES;
  };
  return walk(whole(text), '') ? { leaves, rejected } : null;
};

const whole = (text: string): Span => {
  const start = text.search(/\S/);
  return { start, end: text.trimEnd().length };
};

const childrenOf = (text: string, span: Span): ReadonlyArray<readonly [string, Span]> | null => {
  switch (text[span.start]) {
    case '{':
      return [...objectSpans(text, span)];
    case '[':
      return arraySpans(text, span).map((at, index) => [String(index), at] as const);
    default:
      return null;
  }
};

const wrongPath = (path: string): string | null => {
  if (path.length > SIGNAL_LIMITS.pathLength) return `The path has more than ${SIGNAL_LIMITS.pathLength} characters.`;
  if (path === '' || path.startsWith('$')) return 'The path must not be empty or begin with $.';
  return /[\u0000-\u001f\u007f]/.test(path) ? 'The path holds control characters.' : null;
};

/** The leaf, or what is wrong with it. */
const leafOf = (written: string, path: string): JsonLeaf | string => {
  const value = JSON.parse(written) as string | number | boolean | null;
  switch (typeof value) {
    case 'string':
      if (value.length <= SIGNAL_LIMITS.valueLength) return { path, value, type: 'string' };
      return `The text has more than ${SIGNAL_LIMITS.valueLength} characters.`;
    case 'boolean':
      return { path, value, type: 'bool' };
    case 'number': {
      const integer = /^-?\d+$/.test(written);
      if (javaScriptJson(written, path).kind === 'text' && (!integer || Number.isSafeInteger(value)))
        return { path, value, type: 'double' };
      if (written.length > 128) return 'The number has more than 128 characters.';
      return { path, value: written, type: integer ? 'int64' : 'double' };
    }
    default:
      return { path, value: null, type: 'string' };
  }
};
