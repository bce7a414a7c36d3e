import { z } from 'zod';
import type { Call } from './call';
import { operationOf } from './operation';

const call: Call = {
  summary: 'Register a webhook',
  scope: 'webhooks:write',
  tag: 'eClips',
  answer: { status: 201, description: 'The webhook.' },
  refusals: ['not_found'],
};

const responsesOf = (some: Call) =>
  operationOf('/v1/webhooks', 'post', some, {})['responses'] as {
    [status: string]: { description: string; content: { [type: string]: { schema: object } } };
  };

it('says problem details for what a call refuses', () => {
  expect(Object.keys(responsesOf(call)['404']!.content)).toEqual(['application/problem+json']);
});

it('lets a call say an error of another shape, which stands for all of its status', () => {
  const ofClients = z.object({ error: z.string() });
  const responses = responsesOf({ ...call, errors: { 403: { description: 'A scope lacks.', schema: ofClients } } });
  expect(responses['403']).toEqual({
    description: 'A scope lacks.',
    content: { 'application/json': { schema: expect.objectContaining({ properties: { error: { type: 'string' } } }) } },
  });
  expect(Object.keys(responses['404']!.content)).toEqual(['application/problem+json']);
});
