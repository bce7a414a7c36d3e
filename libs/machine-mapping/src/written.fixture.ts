import { type MappingReading, type ReadOptions, readMapping } from './read-mapping';

/** Mappings as tests write them: the parts that matter, and a small valid mapping around them. */
export const HEAD = `apiVersion: ingest/v1
machine: { id: rf-01, timeZone: America/Chicago }
sources:
  line: { type: sparkplug }
`;

/** Lines 5 and on; rules follow. */
export const SIGNALS = `signals:
  state: { source: line, metric: Line/State, type: string }
  good: { source: line, metric: Length/Good, type: double, unit: "[in_i]" }
  scrap: { source: line, metric: Length/Scrap, type: double, unit: mm }
  parts: { source: line, metric: Parts, type: uint16, modulus: 65536 }
  temp: { source: line, metric: Temp, type: float, unit: Cel }
  door: { source: line, metric: Door, type: bool }
  order: { source: line, metric: Order, type: string }
  message: { source: line, topic: mes/orders, type: json }
  any: { source: line, path: Any }
`;
/** First line of what is written behind `HEAD`, `SIGNALS` and `rules:`. */
export const FIRST_RULE_LINE = 16;

export const withRules = (rules: string): string => `${HEAD}${SIGNALS}rules:\n${rules}`;

export const STATUS_RULE = '- { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle } }\n';

export const told = (text: string, options?: ReadOptions): string[] => {
  const reading = readMapping(text, options);
  return reading.kind === 'refused'
    ? reading.problems.map(({ line, column, code, detail }) => `${line}:${column} ${code}: ${detail}`)
    : [];
};

export const readOrFail = (
  text: string | object,
  options?: ReadOptions,
): Extract<MappingReading, { kind: 'mapping' }> => {
  const reading = readMapping(text, options);
  if (reading.kind === 'refused')
    throw new Error(reading.problems.map(({ line, column, detail }) => `${line}:${column} ${detail}`).join('\n'));
  return reading;
};

export const ruleOf = (rule: string) => readOrFail(withRules(rule)).mapping.rules[0]!;
