import type { BuiltInEventType } from './built-in-event-type';
import { data, flag, id, number, orNull, text, uri } from './schema-words';

const output = { description: 'What the run gave: any JSON, null where there is nothing.' };

/** Data as the contract `eclips` takes its body from: what it lacks goes out as null, `requires_triage` as false. */
const run = (more: Parameters<typeof data>[0], without: readonly string[] = []) => {
  const sometimes: { [name: string]: object } = {
    organization_id: text('Whose run it is; the tenant where it is absent.'),
    output,
    confidence_score: orNull({ ...number('How sure the agent is.'), minimum: 0, maximum: 1 }),
    requires_triage: flag('A person has to look at it.'),
    triage_item_id: orNull(text('What waits for a person.')),
    error: orNull(text('Why it failed.')),
    webhook_url: uri('The event is delivered to this address too.'),
  };
  for (const name of without) delete sometimes[name];
  return data({ run_id: id('The run.'), agent_type: id('Which agent ran.'), ...more }, sometimes as never);
};

const example = {
  run_id: 'a1b2c3d4-0000-4000-8000-000000000000',
  agent_type: 'procurement_specialist',
  organization_id: 'org_1',
  output: null,
  confidence_score: null,
  requires_triage: false,
  triage_item_id: null,
  error: null,
};

/** Agent runs (eClips). */
export const ECLIPS_EVENT_TYPES: readonly BuiltInEventType[] = [
  {
    name: 'run.completed',
    version: 1,
    description: 'An agent run finished successfully; `output` holds its result.',
    schema: run({ output }, ['output']),
    example: { ...example, output: { recommended: 'Dell' }, confidence_score: 0.94 },
  },
  {
    name: 'run.failed',
    version: 1,
    description: 'An agent run failed; `error` holds the message.',
    schema: run({ error: text('Why it failed.') }, ['error']),
    example: { ...example, error: 'The supplier catalogue did not answer within 60 s.' },
  },
  {
    name: 'run.triage_required',
    version: 1,
    description: 'An agent run waits for a person; `triage_item_id` names what is to be decided.',
    schema: run({ triage_item_id: id('What waits for a person.') }, ['triage_item_id']),
    example: {
      ...example,
      output: { recommended: 'Dell', alternatives: ['Lenovo'] },
      confidence_score: 0.41,
      requires_triage: true,
      triage_item_id: 'tri_7f3a',
    },
  },
];
