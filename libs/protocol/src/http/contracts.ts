import { CONTRACT_NAMES } from '@millrace/domain';
import { z } from 'zod';
import { endpointOptions } from './endpoints-options';
import { nativeEventSchema } from './events';

/** The delivery contracts: what each does, and what an event looks like under it. */
export const contractView = z
  .object({
    name: z.enum(CONTRACT_NAMES as [string, ...string[]]),
    version: z.int(),
    timeoutMs: z.int(),
    retryDelaysSeconds: z
      .array(z.number())
      .meta({ description: 'Before each retry, counted from the end of the attempt before.' }),
    retriesRepeat: z.boolean().meta({ description: 'The last delay goes on until the delivery expires.' }),
    expiresAfterSeconds: z.number(),
    options: z.array(z.string()).meta({ description: 'Options of an endpoint that mean something to it.' }),
  })
  .meta({ id: 'Contract' });
export type ContractView = z.output<typeof contractView>;

export const previewContractRequest = z
  .strictObject({
    event: nativeEventSchema,
    options: endpointOptions.default({}),
    secret: z
      .string({ error: 'must be text' })
      .optional()
      .meta({ description: 'To sign with; one is made when it is left out. It is not kept.' }),
    attempt: z
      .int({ error: 'must be a whole number from 1' })
      .min(1, { error: 'must be a whole number from 1' })
      .max(1_000, { error: 'must be at most 1000' })
      .default(1),
  })
  .meta({ id: 'PreviewContractRequest' });
export type ContractPreview = z.output<typeof previewContractRequest>;

export const contractPreviewView = z
  .object({
    contract: z.string(),
    secret: z.string(),
    method: z.literal('POST'),
    headers: z.array(z.object({ name: z.string(), value: z.string() })).meta({
      description:
        'In the order in which they are sent; `host`, `content-length` and the endpoint’s own are added to them.',
    }),
    body: z.string().meta({ description: 'The exact bytes, as UTF-8 text.' }),
    bodySha256: z.string(),
  })
  .meta({ id: 'ContractPreview' });
export type ContractPreviewView = z.output<typeof contractPreviewView>;
