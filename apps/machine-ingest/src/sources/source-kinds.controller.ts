import type { SourceKindListView } from '@millrace/protocol';
import { RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { SourceRegistry } from '../signal-intake/source-registry';

/** The kinds of source that this release has, for whoever sets one up. */
@Controller('v1/source-kinds')
@RequireScope('machines:read')
export class SourceKindsController {
  private readonly kinds: SourceKindListView;

  constructor(@Inject(SourceRegistry) registry: SourceRegistry) {
    this.kinds = {
      data: registry.all().map(({ type, says, secrets, schema }) => ({
        type,
        says,
        secrets: [...secrets],
        settings: settingsSchema(schema, secrets),
      })),
    };
  }

  @Get()
  list(): SourceKindListView {
    return this.kinds;
  }
}

/** Without the secrets that the settings make themselves: one that all readers have seen is none. */
const settingsSchema = (
  schema: z.ZodType,
  secrets: readonly string[],
): SourceKindListView['data'][number]['settings'] => {
  const names = new Set(secrets.map((path) => path.split('.').at(-1)));
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, path }) => {
      if (names.has(String(path.at(-1)))) delete jsonSchema.default;
    },
  });
};
