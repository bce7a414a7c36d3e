import { openApiDocument } from './document';

const document = openApiDocument('1.2.3') as {
  paths: { [path: string]: { [method: string]: { operationId: string; responses: { [status: string]: unknown } } } };
  components: { schemas: { [name: string]: unknown } };
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
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('postEndpointsIdRotateSecret');
  });

  it('states the refusals of a call beside its answer', () => {
    expect(Object.keys(document.paths['/v1/events']!['post']!.responses).sort()).toEqual([
      '202',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '503',
    ]);
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
