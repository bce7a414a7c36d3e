import { z } from 'zod';

export type JsonObject = { [name: string]: unknown };

/** Named schemas go to `components`, wherever they are used; the rest stands in place. */
export const asJsonSchema = (schema: z.ZodType, io: 'input' | 'output', components: JsonObject): JsonObject => {
  const { $schema, $defs, id, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      delete (jsonSchema as JsonObject)['id'];
    },
  }) as JsonObject;
  for (const [name, definition] of Object.entries(($defs as JsonObject | undefined) ?? {}))
    components[name] = pointing(definition);
  const name = schema.meta()?.id;
  if (typeof name !== 'string') return pointing(rest) as JsonObject;
  // A named schema comes as a reference to its own definition, which is among the components by now.
  if (rest['$ref'] === undefined) components[name] = pointing(rest);
  return { $ref: `#/components/schemas/${name}` };
};

const pointing = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(pointing);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : pointing(inner),
    ]),
  );
};
