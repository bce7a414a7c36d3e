import { z } from 'zod';
import { createApiKeyRequest } from './api-keys';
import {
  createdEndpointView,
  createEndpointRequest,
  rotateSecretRequest,
  testEndpointRequest,
  updateEndpointRequest,
} from './endpoints';
import { isClientSecret } from './endpoints-secret';
import { createEventTypeRequest } from './event-types';

const url = 'https://erp.example.com/hooks';
const valid = { url, eventTypes: ['machine.*'] };
/** Published in Standard Webhooks. */
const KEY_PAIR = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const NENTROPY = {
  standardHeaders: false,
  traceContext: false,
  signatureFormat: 'base64',
  integrationId: 'int_abc123',
  disableCounts: 'attempts',
};
const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
const paths = (schema: z.ZodType, value: unknown) => {
  const parsed = schema.safeParse(value);
  return parsed.success ? 'accepted' : [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))];
};

describe('a request for an endpoint', () => {
  test('gets its defaults', () => {
    expect(createEndpointRequest.parse(valid)).toEqual({
      url,
      eventTypes: ['machine.*'],
      contract: 'standard',
      filter: null,
      description: null,
      headers: {},
      timeoutMs: null,
      ordering: 'none',
      rateLimit: null,
      retry: null,
      options: {},
      startFrom: null,
    });
  });

  test.each<[string, object]>([
    ['a pattern for all', { eventTypes: ['*'] }],
    ['the same type twice', { eventTypes: ['a.b', 'a.b'] }],
    ['a filter of every kind of value', { filter: { 'a.b': 'x', n: 1, yes: true, none: null } }],
    ['a filter over __proto__, which is data', { filter: JSON.parse('{"__proto__": 1, "constructor": "x"}') }],
    ['SQL, templates and marks that turn the text around', { description: `'; DROP TABLE x; --\${7*7}{{7*7}}\u202e` }],
    ['a description of 10 000 characters', { description: 'x'.repeat(10_000) }],
    ['the shortest secret', { secret: secretOf(24) }],
    ['the longest secret', { secret: secretOf(64) }],
    ['an Ed25519 key pair', { secret: KEY_PAIR }],
    ['any text for a contract that signs with it', { contract: 'proign', secret: 'your-webhook-secret' }],
    ['all options of a contract', { contract: 'nentropy', options: NENTROPY }],
    ['an authorization header', { headers: { Authorization: 'Bearer abc' } }],
    ['twenty headers', { headers: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-h-${n}`, 'v'])) }],
    ['a filter with operators', { filter: { $or: [{ a: { $gt: 5 } }, { '@subject': 'M-7' }] } }],
    ['the defaults, spelled out', { ordering: 'none', rateLimit: null, retry: null, startFrom: 'now' }],
  ])('takes %s', (_, members) => {
    expect(paths(createEndpointRequest, { ...valid, ...members })).toBe('accepted');
  });

  test.each<[string, unknown, string[]]>([
    ['nothing', null, ['']],
    ['an array', [], ['']],
    ['no url', { eventTypes: ['*'] }, ['url']],
    ['a url that is no text', { ...valid, url: 7 }, ['url']],
    ['no event types', { url }, ['eventTypes']],
    ['an empty list of event types', { ...valid, eventTypes: [] }, ['eventTypes']],
    ['101 event types', { ...valid, eventTypes: Array.from({ length: 101 }, (_, n) => `a.b${n}`) }, ['eventTypes']],
    ['a pattern with a star inside', { ...valid, eventTypes: ['machine.*', 'a.*.b'] }, ['eventTypes.1']],
    ['an expression', { ...valid, eventTypes: ['(a+)+$'] }, ['eventTypes.0']],
    ['an event type that is no text', { ...valid, eventTypes: [{}] }, ['eventTypes.0']],
    ['a contract to come', { ...valid, contract: 'fax' }, ['contract']],
    ['a filter that is a list', { ...valid, filter: [] }, ['filter']],
    ['a filter with a nested object', { ...valid, filter: { a: { b: 1 } } }, ['filter.a.b']],
    ['a filter with a bad operand', { ...valid, filter: { $and: [{ a: { $gt: true } }] } }, ['filter.$and.0.a.$gt']],
    ['a filter with an infinite number', { ...valid, filter: { n: Number.POSITIVE_INFINITY } }, ['filter.n']],
    ['a filter with an empty path', { ...valid, filter: { '': 1 } }, ['filter.']],
    ['a filter with U+0000', { ...valid, filter: { a: 'x\u0000' } }, ['filter.a']],
    [
      'a filter of 33 paths',
      { ...valid, filter: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`p${n}`, 1])) },
      ['filter'],
    ],
    ['a filter of a megabyte', { ...valid, filter: { a: 'x'.repeat(1_000_000) } }, ['filter.a', 'filter']],
    ['a description with U+0000', { ...valid, description: 'a\u0000b' }, ['description']],
    ['half a surrogate pair', { ...valid, description: 'a\ud800b' }, ['description']],
    ['a description that is no text', { ...valid, description: 5 }, ['description']],
    ['a secret of 23 bytes', { ...valid, secret: secretOf(23) }, ['secret']],
    ['a secret of 65 bytes', { ...valid, secret: secretOf(65) }, ['secret']],
    ['a secret without its prefix', { ...valid, secret: 'x'.repeat(40) }, ['secret']],
    ['half a key pair as secret', { ...valid, secret: KEY_PAIR.slice(0, 49) }, ['secret']],
    ['a key pair of two keys', { ...valid, secret: `${KEY_PAIR.slice(0, 60)}AAAA${KEY_PAIR.slice(64)}` }, ['secret']],
    ['a key pair for a contract that signs with text', { ...valid, contract: 'mes', secret: KEY_PAIR }, ['secret']],
    ['an empty secret', { ...valid, contract: 'mes', secret: '' }, ['secret']],
    ['a secret that is too long', { ...valid, contract: 'mes', secret: 'x'.repeat(513) }, ['secret']],
    ['a secret with a line end', { ...valid, contract: 'mes', secret: 'secret\n' }, ['secret']],
    ['an unknown option', { ...valid, options: { loud: true } }, ['options']],
    ['an option of another kind', { ...valid, options: { standardHeaders: 'yes' } }, ['options.standardHeaders']],
    ['an unknown signature format', { ...valid, options: { signatureFormat: 'md5' } }, ['options.signatureFormat']],
    ['an empty integration', { ...valid, options: { integrationId: '' } }, ['options.integrationId']],
    ['options that are a list', { ...valid, options: [] }, ['options']],
    ['null as secret', { ...valid, secret: null }, ['secret']],
    ['a timeout of 0', { ...valid, timeoutMs: 0 }, ['timeoutMs']],
    ['a timeout of a minute', { ...valid, timeoutMs: 60_000 }, ['timeoutMs']],
    ['a timeout of 1.5', { ...valid, timeoutMs: 1500.5 }, ['timeoutMs']],
    ['a member that does not exist', { ...valid, tenant: 'other' }, ['']],
    ['a status, which a new endpoint does not have', { ...valid, status: 'paused' }, ['']],
    [
      '21 headers',
      { ...valid, headers: Object.fromEntries([...'abcdefghijklmnopqrstu'].map((n) => [n, 'v'])) },
      ['headers'],
    ],
    ['a header with a line break', { ...valid, headers: { 'X-A': 'a\r\nX-Evil: 1' } }, ['headers.X-A']],
    ['a header that is an emoji', { ...valid, headers: { 'X-A': '😀' } }, ['headers.X-A']],
    ['a header in latin-1', { ...valid, headers: { 'X-A': 'é' } }, ['headers.X-A']],
    ['a header of 1025 characters', { ...valid, headers: { 'X-A': 'x'.repeat(1025) } }, ['headers.X-A']],
    ['an empty header', { ...valid, headers: { 'X-A': '' } }, ['headers.X-A']],
    ['a header that is a number', { ...valid, headers: { 'X-A': 5 } }, ['headers.X-A']],
    ['one header twice', { ...valid, headers: { 'X-A': '1', 'x-a': '2' } }, ['headers.x-a']],
    ['a header with a colon', { ...valid, headers: { 'X:A': '1' } }, ['headers.X:A']],
    ['__proto__ as a header', { ...valid, headers: JSON.parse('{"__proto__": "x"}') }, ['headers.__proto__']],
  ])('refuses %s', (_, body, where) => {
    expect(paths(createEndpointRequest, body)).toEqual(where);
  });

  test.each([
    'Host',
    'connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Type',
    'content-length',
    'Content-Encoding',
    'Cookie',
    'Forwarded',
    'X-Forwarded-For',
    'Proxy-Authorization',
    'traceparent',
    'Tracestate',
    'baggage',
    'Webhook-Id',
    'webhook-signature',
    'Millrace-Request-Id',
    'User-Agent',
  ])('refuses the header %s', (name) => {
    expect(paths(createEndpointRequest, { ...valid, headers: { [name]: 'x' } })).toEqual([`headers.${name}`]);
  });

  test('a secret must be the base64 that its bytes give', () => {
    const text = secretOf(25);
    expect(isClientSecret(text)).toBe(true);
    expect(isClientSecret(text.replace(/=+$/, ''))).toBe(true);
    expect(isClientSecret(`${text.replace(/.=*$/, '')}x==`)).toBe(false);
    expect(isClientSecret(text.replace('whsec_', 'whsk_'))).toBe(false);
  });
});

describe('a change of an endpoint', () => {
  test.each<[string, object]>([
    ['one member', { description: 'x' }],
    ['null where null means none', { filter: null, description: null, timeoutMs: null }],
    ['a pause', { status: 'paused' }],
  ])('takes %s', (_, body) => {
    expect(paths(updateEndpointRequest, body)).toBe('accepted');
  });

  test('adds nothing that was not asked for', () => {
    expect(updateEndpointRequest.parse({ status: 'active' })).toEqual({ status: 'active' });
  });

  test.each<[string, unknown, string[]]>([
    ['nothing', {}, ['']],
    ['disabled as status', { status: 'disabled' }, ['status']],
    ['null as url', { url: null }, ['url']],
    ['null as event types', { eventTypes: null }, ['eventTypes']],
    ['its id', { id: 'ep_x' }, ['']],
    ['its version', { version: 1 }, ['']],
  ])('refuses %s', (_, body, where) => {
    expect(paths(updateEndpointRequest, body)).toEqual(where);
  });
});

test.each<[string, z.ZodType, unknown, 'accepted' | string[]]>([
  ['rotation without a body', rotateSecretRequest, {}, 'accepted'],
  ['rotation with the longest overlap', rotateSecretRequest, { overlapSeconds: 604_800 }, 'accepted'],
  ['rotation with a longer one', rotateSecretRequest, { overlapSeconds: 604_801 }, ['overlapSeconds']],
  ['rotation with a negative one', rotateSecretRequest, { overlapSeconds: -1 }, ['overlapSeconds']],
  ['rotation with text', rotateSecretRequest, { overlapSeconds: '60' }, ['overlapSeconds']],
  ['test without a type', testEndpointRequest, {}, 'accepted'],
  ['test of a pattern', testEndpointRequest, { eventType: 'machine.*' }, ['eventType']],
  [
    'a key',
    createApiKeyRequest,
    { name: 'ci', scopes: ['agents:read'], expiresAt: '2027-01-01T00:00:00+02:00' },
    'accepted',
  ],
  ['a key without scopes', createApiKeyRequest, { name: 'ci', scopes: [] }, ['scopes']],
  ['a key with an unknown scope', createApiKeyRequest, { name: 'ci', scopes: ['root'] }, ['scopes.0']],
  ['a key without a name', createApiKeyRequest, { name: '', scopes: ['admin'] }, ['name']],
  [
    'a key with a name of 10 000 characters',
    createApiKeyRequest,
    { name: 'x'.repeat(10_000), scopes: ['admin'] },
    ['name'],
  ],
  [
    'a key until some day',
    createApiKeyRequest,
    { name: 'ci', scopes: ['admin'], expiresAt: 'tomorrow' },
    ['expiresAt'],
  ],
  ['an event type', createEventTypeRequest, { name: 'a.b', module: 'mes', description: '' }, 'accepted'],
  ['an event type that is a pattern', createEventTypeRequest, { name: 'a.*', module: 'm', description: '' }, ['name']],
  [
    'a module that is no topic name',
    createEventTypeRequest,
    { name: 'a', module: '../x', description: '' },
    ['module'],
  ],
  [
    'a schema that is text',
    createEventTypeRequest,
    { name: 'a', module: 'm', description: '', schema: 'x' },
    ['schema'],
  ],
  [
    'an example of a megabyte',
    createEventTypeRequest,
    { name: 'a', module: 'm', description: '', example: 'x'.repeat(1_000_000) },
    ['example'],
  ],
])('%s', (_, schema, body, expected) => {
  expect(paths(schema, body)).toEqual(expected);
});

test('an alias of a scope becomes the scope', () => {
  expect(createApiKeyRequest.parse({ name: 'x', scopes: ['agents:read', 'deliveries:read'] }).scopes).toEqual([
    'deliveries:read',
  ]);
});

test('every schema has a JSON Schema, under its own name, for the OpenAPI document', () => {
  const definitions = (schema: z.ZodType, io: 'input' | 'output') =>
    z.toJSONSchema(schema, { io, unrepresentable: 'any' }).$defs ?? {};
  expect(definitions(createEndpointRequest, 'input')['CreateEndpointRequest']).toMatchObject({
    required: ['url', 'eventTypes'],
    properties: { headers: { type: 'object' }, eventTypes: { type: 'array', maxItems: 100 } },
  });
  expect(definitions(createdEndpointView, 'output')['CreatedEndpoint']?.required).toContain('secret');
  for (const [schema, name] of [
    [updateEndpointRequest, 'UpdateEndpointRequest'],
    [createApiKeyRequest, 'CreateApiKeyRequest'],
    [createEventTypeRequest, 'CreateEventTypeRequest'],
  ] as const)
    expect(definitions(schema, 'input')[name]).toMatchObject({ type: 'object' });
});
