import { either } from './list-shapes';
import { type Shape, type Word } from './shape';
import { text, word } from './text-shape';

/** Name of a signal, of a source, of an `expr` rule: it must be usable in an expression. */
export const ALIAS = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const RULE_ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
export const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

export const EXPRESSION_LENGTH = 2_000;

export const alias = (says: string): Shape<Word> =>
  word({ says: `${says}, letters, digits and _, beginning with a letter`, pattern: ALIAS });

export const ruleId = word({
  says: 'the name of the rule, letters, digits, _ and -, beginning with a letter',
  pattern: RULE_ID,
  examples: ['status'],
});

/** Numbers and true/false are expressions too. */
export const expression = (says: string): Shape<Word> =>
  word({ says: `${says}, an expression`, most: EXPRESSION_LENGTH, orWritten: true });

const nothing: Shape<null> = {
  schema: { type: 'null' },
  read: () => null,
};

const eventType = word({
  says: 'the type of the events, words with dots between them',
  pattern: EVENT_TYPE,
  most: 128,
  examples: ['machine.alarm'],
});

/** null: decides without telling. */
export const emit: Shape<Word | null> = either(
  (node) => node.kind === 'scalar' && node.value === null,
  nothing,
  eventType,
);
export const alwaysEmit = eventType;

/** UCUM; whether it is known is told with what it may be. */
export const unit = word({ says: 'a UCUM unit', most: 32, examples: ['[in_i]', 'mm', 'Cel'] });

export const shortText = (says: string, most = 256): Shape<string> => text({ says, most });
