import { Validator } from '@seriousme/openapi-schema-validator';
import { BUILT_IN_EVENT_TYPES } from '../../catalogue/catalogue';
import { openApiDocument } from './document';

const document = openApiDocument('1.2.3') as {
  paths: {
    [path: string]: {
      [method: string]: { operationId: string; security: object[]; responses: { [status: string]: unknown } };
    };
  };
  webhooks: {
    [type: string]: {
      post: {
        operationId: string;
        requestBody: {
          content: { 'application/json': { schema: { properties: object }; example: object } };
        };
      };
    };
  };
  components: { schemas: { [name: string]: unknown }; securitySchemes: object };
};

describe('the OpenAPI document', () => {
  it('resolves every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target!);
    expect(references.length).toBeGreaterThan(20);
    for (const target of references) {
      expect(target).toMatch(/^#\/components\/schemas\//);
      expect(document.components.schemas).toHaveProperty([target.slice('#/components/schemas/'.length)]);
    }
  });

  it('says what each schema is, not only its name', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect([name, schema]).not.toEqual([name, { $ref: `#/components/schemas/${name}` }]);
      expect(JSON.stringify(schema)).not.toContain('$defs');
    }
    expect(document.components.schemas['CreateEndpointRequest']).toMatchObject({
      type: 'object',
      properties: { url: { type: 'string' } },
      required: ['url', 'eventTypes'],
    });
  });

  it('names every operation once', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((operation) => operation.operationId),
    );
    ids.push(...Object.values(document.webhooks).map(({ post }) => post.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('postEndpointsIdRotateSecret');
  });

  it('states the refusals of a call beside its answer', () => {
    expect(Object.keys(document.paths['/v1/events']!['post']!.responses).sort()).toEqual([
      '202',
      '400',
      '401',
      '403',
      '408',
      '409',
      '413',
      '415',
      '422',
      '429',
      '503',
    ]);
  });

  it('says who is let in by what else than an API key', () => {
    const others = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ security, responses }) =>
        security.some((way) => 'apiKey' in way) ? [] : [{ path, security, refused: Object.keys(responses) }],
      ),
    );
    expect(others).toEqual([
      {
        path: '/v1/sources/in/{tenant}/{name}',
        security: [{ sourceToken: [] }, { mesSignature: [] }],
        refused: ['200', '400', '401', '408', '409', '413', '415', '422', '429', '503'],
      },
    ]);
    expect(document.paths['/v1/sources/in/{tenant}/{name}']).toMatchObject({
      post: {
        responses: { 401: { description: '`source_unauthenticated`: No valid token or signature of a source' } },
      },
    });
    expect(document.components.securitySchemes).toMatchObject({
      apiKey: { scheme: 'bearer' },
      sourceToken: { scheme: 'bearer' },
      mesSignature: { in: 'header', name: 'x-mes-signature' },
    });
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it('is valid OpenAPI 3.1', async () => {
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
    expect((await new Validator().validate({ ...document, paths: [] })).valid).toBe(false);
  });

  it('shows the webhook of every built-in type, with its schema and an example', () => {
    expect(Object.keys(document.webhooks).sort()).toEqual(BUILT_IN_EVENT_TYPES.map(({ name }) => name).sort());
    for (const { name, schema, example } of BUILT_IN_EVENT_TYPES) {
      const { content } = document.webhooks[name]!.post.requestBody;
      expect(content['application/json'].schema.properties).toMatchObject({
        type: { const: name },
        data: { $ref: `#/components/schemas/${name}` },
      });
      expect(content['application/json'].example).toMatchObject({ type: name, data: example });
      expect({ $schema: schema['$schema'], ...(document.components.schemas[name] as object) }).toEqual(schema);
    }
  });
});
