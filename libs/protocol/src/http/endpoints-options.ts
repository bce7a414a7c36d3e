import { SIGNATURE_FORMATS } from '@millrace/domain';
import { z } from 'zod';
import { storableText } from './endpoints-text';

const INTEGRATION_ID_LENGTH = 256;

/** What an endpoint may choose beyond what its contract fixes; which of them its contract knows is judged over the endpoint. */
export const endpointOptions = z
  .strictObject(
    {
      standardHeaders: z.boolean({ error: 'must be true or false' }).meta({
        description:
          'The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` beside those of the contract. On by default; of the contract `standard` they are the contract.',
      }),
      traceContext: z
        .boolean({ error: 'must be true or false' })
        .meta({ description: 'The header `traceparent`. On by default.' }),
      signatureFormat: z.enum(SIGNATURE_FORMATS, { error: `must be one of ${SIGNATURE_FORMATS.join(', ')}` }).meta({
        description: 'Contract `nentropy`: how `X-Webhook-Signature` is written. `hex` by default.',
      }),
      integrationId: storableText('integrationId')
        .min(1, { error: 'must not be empty; null for none' })
        .max(INTEGRATION_ID_LENGTH, { error: `must have at most ${INTEGRATION_ID_LENGTH} characters` })
        .nullable()
        .meta({ description: 'Contract `nentropy`: `integrationId` of events whose data has none.' }),
      disableCounts: z
        .enum(['deliveries', 'attempts'], { error: 'must be one of deliveries, attempts' })
        .meta({ description: 'Contract `nentropy`: what counts towards being disabled. `deliveries` by default.' }),
    },
    { error: 'must be an object of options' },
  )
  .partial()
  .meta({ id: 'EndpointOptions', description: 'Those that are left out stay as they are.' });
export type EndpointOptionChanges = z.output<typeof endpointOptions>;
