import { quoted, suggestion } from '../document/did-you-mean';
import { A_VALUE, inputOf, type SignalFacts } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

/** A broker stands between: it may be started anew while the machine behind it goes on, and tells by itself when one dies. */
const BROKER_AWAY_MS = 60_000;
const lostByDefault = (input: SignalFacts | undefined): number =>
  input?.sourceType === 'sparkplug' || input?.sourceType === 'mqtt' ? BROKER_AWAY_MS : 0;

export const compileStateMap: CompileRule<'stateMap'> = (context, rule) => {
  const { problems, warnings } = context;
  const input = inputOf(context, rule.input, A_VALUE);
  const map = new Map<string, (typeof rule.map)[number]['value']>();
  for (const { name, named, value } of rule.map) {
    const word = name.trim().toUpperCase();
    if (map.has(word))
      problems.add(
        named,
        'unreachable',
        `${quoted(name)} is there already in other letters; words are compared without regard to case`,
      );
    map.set(word, value);
  }
  const words = context.signals.get(rule.input.text)?.words ?? null;
  const said = words === null ? null : new Set(words.map((word) => word.trim().toUpperCase()));
  const isNeverSaid = (word: string): boolean => said !== null && !said.has(word.trim().toUpperCase());
  const neverSaid = (word: string): string =>
    `${quoted(word)} is never said: it is not in the enum of ${quoted(input)}${suggestion(word, words ?? [], 'its words')}`;
  if (words !== null) {
    for (const { name, named } of rule.map)
      if (isNeverSaid(name)) problems.add(named, 'unreachable', () => neverSaid(name));
    for (const word of words)
      if (!map.has(word.trim().toUpperCase()))
        warnings.add(
          rule.node.place,
          'unmapped_word',
          `maps no ${quoted(word)}, which ${quoted(input)} can say; it means ${rule.otherwise}`,
        );
  }
  for (const { text, node } of rule.transitional)
    if (isNeverSaid(text)) warnings.add(node.place, 'unknown_word', () => neverSaid(text));
    else if (!map.has(text.trim().toUpperCase()))
      warnings.add(
        node.place,
        'unmapped_word',
        `${quoted(text)} is not in 'map'; when it lasts, it means ${rule.otherwise}`,
      );
  return {
    id: rule.id.text,
    kind: 'stateMap',
    emit: emittedType(context, rule.emit, 'stateMap'),
    input,
    map: Object.fromEntries(map),
    transitional: rule.transitional.map(({ text }) => text.trim().toUpperCase()),
    transitionalMs: rule.transitionalAfter,
    otherwise: rule.otherwise,
    debounceMs: rule.debounce,
    debounceOfflineMs: rule.debounceOffline ?? 0,
    debounceLostMs: rule.debounceLost ?? rule.debounceOffline ?? lostByDefault(context.signals.get(rule.input.text)),
    recoverAfterMs: rule.recoverAfter,
  };
};
