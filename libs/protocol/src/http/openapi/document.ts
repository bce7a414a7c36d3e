import { API_KEY_CALLS } from './api-key-calls';
import type { Calls } from './call';
import { AUDIT_CALLS, CONTRACT_CALLS } from './contract-calls';
import { DELIVERY_CALLS } from './delivery-calls';
import { ECLIPS_CALLS } from './eclips-calls';
import { ECLIPSE_CALLS } from './eclipse-calls';
import { ENDPOINT_CALLS } from './endpoint-calls';
import { EVENT_CALLS } from './event-calls';
import { EVENT_TYPE_CALLS } from './event-type-calls';
import type { JsonObject } from './json-schema';
import { MACHINE_CALLS } from './machine-calls';
import { MAPPING_CALLS } from './mapping-calls';
import { MES_CALLS } from './mes-calls';
import { NENTROPY_CALLS } from './nentropy-calls';
import { operationOf } from './operation';
import { PROIGN_CALLS } from './proign-calls';
import { QUARANTINE_CALLS } from './quarantine-calls';
import { RECOVERY_CALLS } from './recovery-calls';
import { SOURCE_CALLS } from './source-calls';
import { webhooksOf } from './webhooks';

/** Every call of the API: a new subject is a file of `Calls` beside this one, named here. A path stands in one of them. */
const CALLS: readonly Calls[] = [
  EVENT_CALLS,
  EVENT_TYPE_CALLS,
  ENDPOINT_CALLS,
  RECOVERY_CALLS,
  API_KEY_CALLS,
  DELIVERY_CALLS,
  QUARANTINE_CALLS,
  MACHINE_CALLS,
  SOURCE_CALLS,
  MAPPING_CALLS,
  CONTRACT_CALLS,
  ECLIPSE_CALLS,
  ECLIPS_CALLS,
  PROIGN_CALLS,
  MES_CALLS,
  NENTROPY_CALLS,
  AUDIT_CALLS,
];

/**
 * The OpenAPI 3.1 document of everything behind the one origin, made of the schemas that the services validate with.
 */
export const openApiDocument = (version: string): JsonObject => {
  const components: JsonObject = {};
  const paths: JsonObject = {};
  for (const [path, methods] of CALLS.flatMap((calls) => Object.entries(calls)))
    paths[path] = Object.fromEntries(
      Object.entries(methods).map(([method, call]) => [method, operationOf(path, method, call, components)]),
    );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'Machine signals and domain events in, signed webhooks out, every attempt on record. Errors are RFC 9457 problem details with a stable `code`.',
    },
    servers: [{ url: '/' }],
    paths,
    webhooks: webhooksOf(components),
    components: {
      schemas: components,
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, `mr_…`; the scope that a call needs stands beside it.',
        },
        sourceToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of the one source that the path names, `mrs_…` where Millrace made it.',
        },
        mesSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'x-mes-signature',
          description:
            'Of a source with the format `mes-events`: HMAC-SHA256 in hex over the bytes of the body, keyed with the secret of the source.',
        },
      },
    },
  };
};
