import { createSourceRequest, type SourceKindView, type SourceToTry, trySourceRequest } from '@millrace/protocol';
import { ApiProblem, parseBody } from '@millrace/service-runtime';
import { z } from 'zod';

interface FakeKind extends Pick<SourceKindView, 'type' | 'says' | 'secrets'> {
  readonly settings: z.ZodType;
}

const KINDS: readonly FakeKind[] = [
  {
    type: 'mtconnect',
    says: 'An MTConnect agent, read with long polls.',
    secrets: ['bearer'],
    settings: z.strictObject({
      url: z.string().meta({ examples: ['http://agent.example:5000'] }),
      heartbeatMs: z.int().optional(),
      bearer: z.string().optional(),
    }),
  },
  {
    type: 'http',
    says: 'A peer that calls Millrace: Eclipse Pro, an MES, or a gateway that posts JSON.',
    secrets: ['token', 'secret'],
    settings: z.strictObject({ format: z.enum(['signals', 'json']), machine: z.string().optional() }),
  },
  {
    type: 'files',
    says: 'A folder into which somebody drops files.',
    secrets: [],
    settings: z.discriminatedUnion('format', [
      z.strictObject({
        format: z.literal('csv'),
        folder: z.string(),
        machine: z
          .string()
          .nullable()
          .default(null)
          .meta({ examples: ['press-1'] }),
        columns: z.array(z.strictObject({ column: z.string(), path: z.string().optional() })).min(1),
        after: z.enum(['done', 'keep']).default('done'),
      }),
      z.strictObject({ format: z.literal('json'), folder: z.string(), machine: z.string() }),
    ]),
  },
  { type: 'opcua', says: 'An OPC UA server.', secrets: [], settings: z.strictObject({}) },
];

/** As GET /v1/source-kinds gives them. */
export const FAKE_KINDS: readonly SourceKindView[] = KINDS.map(({ settings, ...kind }) => ({
  ...kind,
  settings: z.toJSONSchema(settings, { io: 'input' }),
}));

const requireSettings = ({ type, settings }: Pick<SourceToTry, 'type' | 'settings'>): void => {
  const kind = KINDS.find((each) => each.type === type);
  if (kind !== undefined) parseBody(z.object({ settings: kind.settings }), { settings });
};

/** What the site says against a source that is sent to it, in its own words: they are made by what makes them there. Null where it takes it. */
export const saidAgainst = (path: string, body: unknown): { readonly status: number; readonly body: object } | null => {
  try {
    requireSettings(path.endsWith('/try') ? parseBody(trySourceRequest, body) : parseBody(createSourceRequest, body));
    return null;
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { status: error.problem.status, body: error.problem };
  }
};
