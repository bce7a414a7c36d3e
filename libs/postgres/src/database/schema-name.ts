/** Schema names stand in SQL text, so they are plain words only. */
export const assertSchemaName = (schema: string): void => {
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) {
    throw new Error(`'${schema}' is not usable as a schema name: lower-case letters, digits and _ only.`);
  }
};
