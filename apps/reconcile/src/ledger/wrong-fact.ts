import { ENDED_STEP, RESULT_STEP } from './fact-steps';
import { isCountable } from './position';

type Members = { readonly [name: string]: unknown };

const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;

/**
 * What a fact is used for here is checked; the rest is the projector's to check.
 *
 * @returns what is wrong with an entry that cannot be used, or null
 */
export const wrongInFact = (entry: unknown): string | null => {
  if (typeof entry !== 'object' || entry === null) return 'an entry that is no fact';
  const fact = entry as Members;
  const { kind } = fact;
  if (!isText(fact['deliveryId']) || !isText(fact['endpointId']) || !isText(fact['tenant']))
    return `a fact of kind ${JSON.stringify(kind)} without delivery, endpoint or tenant`;
  switch (kind) {
    case 'created':
      return null;
    case 'command-refused':
      return null;
    case 'reopened':
      return isCountable(fact['epoch']) && isText(fact['commandId']) ? null : wrongOf(fact);
    case 'attempt-started':
      return isStep(fact) && isText(fact['requestId']) ? null : wrongOf(fact);
    case 'parked':
      return isStep(fact) ? null : wrongOf(fact);
    case 'attempt-finished': {
      const result = (fact['result'] as Members | null | undefined)?.['kind'];
      return isStep(fact) && typeof result === 'string' && Object.hasOwn(RESULT_STEP, result) ? null : wrongOf(fact);
    }
    case 'ended':
      return isCountable(fact['epoch']) &&
        isCountable(fact['attempt']) &&
        typeof fact['status'] === 'string' &&
        Object.hasOwn(ENDED_STEP, fact['status'])
        ? null
        : wrongOf(fact);
    default:
      return `a fact of kind ${JSON.stringify(kind)}, which this release does not know`;
  }
};

const isStep = (fact: Members): boolean =>
  isCountable(fact['epoch']) && isCountable(fact['attempt']) && fact['attempt'] > 0;

const wrongOf = (fact: Members): string =>
  `a fact ${JSON.stringify(fact['kind'])} of delivery ${String(fact['deliveryId']).slice(0, 64)} with members that cannot be`;
