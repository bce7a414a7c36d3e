import { BUILT_IN_EVENT_TYPES, moduleOfType } from '@millrace/protocol';
import { nearestWord, quoted } from '../document/did-you-mean';
import { type Word } from '../language/shape';
import type { CompileContext } from './compile-context';

const BUILT_IN: readonly string[] = BUILT_IN_EVENT_TYPES.map(({ name }) => name);
const FIRST_WORDS: readonly string[] = [...new Set(BUILT_IN.map((name) => name.slice(0, name.indexOf('.'))))];

/** Types that rules tell by themselves. */
export const TYPE_OF_KIND = {
  stateMap: 'machine.status_changed',
  availability: 'machine.status_changed',
  watchdog: 'machine.status_changed',
  threshold: 'machine.alarm',
  condition: 'machine.alarm',
  counter: 'production.counted',
  run: 'production.run_completed',
  bundle: 'bundle.completed',
} as const;
const OF_RULES: readonly string[] = Object.values(TYPE_OF_KIND);

/** What a rule says it emits: left out, the type of its kind; null, nothing. */
export const emittedType = (
  context: CompileContext,
  written: Word | null | undefined,
  kind: keyof typeof TYPE_OF_KIND | null,
): string | null => {
  if (written === undefined) return kind === null ? null : TYPE_OF_KIND[kind];
  if (written === null) return null;
  checkEventType(context, written);
  return written.text;
};

const checkEventType = (context: CompileContext, { text, node }: Word): void => {
  const word = text.slice(0, text.indexOf('.'));
  const module = moduleOfType(text);
  if (word === 'ingest' || module === 'operations') {
    context.problems.add(node.place, 'event_type', `events ${word}.… are Millrace's own; a mapping emits none of them`);
    return;
  }
  if (BUILT_IN.includes(text) || OF_RULES.includes(text)) return;
  const meant = nearestWord(text, [...BUILT_IN, ...OF_RULES]);
  const hint = meant === null ? '' : `; did you mean '${meant}'?`;
  if (module !== 'custom') {
    context.warnings.add(node.place, 'event_type', `${quoted(text)} is no built-in type of event${hint}`);
    return;
  }
  const meantWord = nearestWord(word, FIRST_WORDS);
  if (meant !== null || (meantWord !== null && word.length > 3))
    context.problems.add(
      node.place,
      'event_type',
      `${quoted(text)} is no type of a known module; did you mean '${meant ?? `${meantWord}${text.slice(word.length)}`}'?`,
    );
  else
    context.warnings.add(
      node.place,
      'event_type',
      `${quoted(text)} is no built-in type of event; it is delivered as a type of your own (topic events.custom)`,
    );
};
