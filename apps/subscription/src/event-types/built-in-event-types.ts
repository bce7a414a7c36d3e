import {
  type BuiltInEventType,
  type EventTypeDetailView,
  type EventValidation,
  moduleOfType,
} from '@millrace/protocol';

/** A built-in type as the API shows it to a tenant. */
export const viewOfBuiltIn = (type: BuiltInEventType, validation: EventValidation): EventTypeDetailView => ({
  name: type.name,
  module: moduleOfType(type.name),
  description: type.description,
  schema: type.schema,
  version: type.version,
  versions: [{ version: type.version, breaking: false, createdAt: null, schema: type.schema }],
  example: type.example,
  validation,
  builtIn: true,
  createdAt: null,
});

/** The data of a test delivery where the catalogue has no example. */
export const GENERIC_EXAMPLE = { test: true, message: 'This is a test delivery from Millrace.' };
