import {
  type ActivatedMappingView,
  type ApiKeyView,
  type AuditEntryView,
  type ChangedEndpointView,
  type CommandAcceptedView,
  type ContractPreviewView,
  type ContractView,
  type CreateApiKeyRequest,
  type CreatedApiKeyView,
  type CreatedEclipsWebhookView,
  type CreatedEndpointView,
  type CreateEndpointRequest,
  type CreateEventTypeRequest,
  type CreateSourceRequest,
  cancelManyRequest,
  cloudEventSchema,
  createApiKeyRequest,
  createEclipsWebhookRequest,
  createEndpointRequest,
  createEventTypeRequest,
  createSourceRequest,
  type DeliveryDetailView,
  type DeliveryView,
  discardRequest,
  type EndpointView,
  type EventDetailView,
  type EventsAccepted as EventsAcceptedView,
  type EventTypeDetailView,
  type EventTypeView,
  type EventView,
  type FilterTestView,
  type HeldKeyView,
  type MachineAuditEntryView,
  type MachineSignalView,
  type MachineView,
  type ManyCommandsView,
  type MappingDetailView,
  type MappingDocumentView,
  type MappingRequest,
  type MappingTrialView,
  type MappingValidationView,
  type MappingView,
  mappingRequest,
  nativeEventSchema,
  openApiDocument,
  previewContractRequest,
  publishEventsSchema,
  publishSignalsSchema,
  type QuarantinedDetailView,
  type QuarantinedView,
  type RecoverEndpointRequest,
  type RecoveryView,
  type RedrivenManyView,
  type RedrivenView,
  type RotatedSecretView,
  type RotateSecretRequest,
  recoverEndpointRequest,
  redriveManyRequest,
  redriveRequest,
  retryDeliveryRequest,
  retryManyRequest,
  rotateSecretRequest,
  type SavedSourceView,
  type CommandKind as ServerCommandKind,
  type Page as ServerPage,
  type ProblemCode as ServerProblemCode,
  type Scope as ServerScope,
  type SignalRequest,
  type SignalsAccepted as SignalsAcceptedView,
  type SourceKindView,
  type SourceView,
  type TestDeliveryView,
  type TestMappingRequest,
  type TriedSourceView,
  type TrySourceRequest,
  testEndpointRequest,
  testFilterRequest,
  testMappingRequest,
  trySourceRequest,
  type UpdateEndpointRequest,
  type UpdateSourceRequest,
  updateEndpointRequest,
  updateEventTypeRequest,
  updateSourceRequest,
} from '@millrace/protocol';
import { z } from 'zod';
import type * as sdk from '../runs-anywhere';
import { Millrace } from './millrace';

/**
 * The types of the SDK are its own, so that it depends on nothing of the server; here they are held to the schemas that the
 * services validate with. A type that differs does not compile: the type check of the repository fails, not this test.
 */
type Plain<T> = unknown extends T
  ? unknown
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Plain<Item>[]
      : { readonly [name in keyof T]: Plain<T[name]> };
type Same<One, Other> =
  (<T>() => T extends Plain<One> ? 1 : 2) extends <T>() => T extends Plain<Other> ? 1 : 2 ? true : false;

const ANSWERS: {
  endpoint: Same<sdk.Endpoint, EndpointView>;
  createdEndpoint: Same<sdk.CreatedEndpoint, CreatedEndpointView>;
  changedEndpoint: Same<sdk.ChangedEndpoint, ChangedEndpointView>;
  createdWebhook: Same<sdk.CreatedWebhook, CreatedEclipsWebhookView>;
  rotatedSecret: Same<sdk.RotatedSecret, RotatedSecretView>;
  testDelivery: Same<sdk.TestDelivery, TestDeliveryView>;
  heldKey: Same<sdk.HeldKey, HeldKeyView>;
  delivery: Same<sdk.Delivery, DeliveryView>;
  deliveryDetail: Same<sdk.DeliveryDetail, DeliveryDetailView>;
  commandAccepted: Same<sdk.CommandAccepted, CommandAcceptedView>;
  manyCommands: Same<sdk.ManyCommands, ManyCommandsView>;
  commandKind: Same<sdk.CommandKind, ServerCommandKind>;
  eventsAccepted: Same<sdk.EventsAccepted, EventsAcceptedView>;
  storedEvent: Same<sdk.StoredEvent, EventView>;
  storedEventDetail: Same<sdk.StoredEventDetail, EventDetailView>;
  eventType: Same<sdk.EventType, EventTypeView>;
  eventTypeDetail: Same<sdk.EventTypeDetail, EventTypeDetailView>;
  filterTest: Same<sdk.FilterTest, FilterTestView>;
  contract: Same<sdk.Contract, ContractView>;
  contractPreview: Same<sdk.ContractPreview, ContractPreviewView>;
  auditEntry: Same<sdk.AuditEntry, AuditEntryView>;
  machineAuditEntry: Same<sdk.MachineAuditEntry, MachineAuditEntryView>;
  recovery: Same<sdk.Recovery, RecoveryView>;
  quarantined: Same<sdk.Quarantined, QuarantinedView>;
  quarantinedDetail: Same<sdk.QuarantinedDetail, QuarantinedDetailView>;
  redriven: Same<sdk.Redriven, RedrivenView>;
  redrivenMany: Same<sdk.RedrivenMany, RedrivenManyView>;
  apiKey: Same<sdk.ApiKey, ApiKeyView>;
  createdApiKey: Same<sdk.CreatedApiKey, CreatedApiKeyView>;
  scope: Same<sdk.Scope, ServerScope>;
  signalsAccepted: Same<sdk.SignalsAccepted, SignalsAcceptedView>;
  machine: Same<sdk.Machine, MachineView>;
  machineSignal: Same<sdk.MachineSignal, MachineSignalView>;
  source: Same<sdk.Source, SourceView>;
  savedSource: Same<sdk.SavedSource, SavedSourceView>;
  triedSource: Same<sdk.TriedSource, TriedSourceView>;
  sourceKind: Same<sdk.SourceKind, SourceKindView>;
  mapping: Same<sdk.Mapping, MappingView>;
  activatedMapping: Same<sdk.ActivatedMapping, ActivatedMappingView>;
  mappingDetail: Same<sdk.MappingDetail, MappingDetailView>;
  mappingDocument: Same<sdk.MappingDocument, MappingDocumentView>;
  mappingValidation: Same<sdk.MappingValidation, MappingValidationView>;
  mappingTrial: Same<sdk.MappingTrial, MappingTrialView>;
  page: Same<sdk.Page<string>, ServerPage<string>>;
  problemCode: Same<sdk.ProblemCode, ServerProblemCode>;
} = {
  endpoint: true,
  createdEndpoint: true,
  changedEndpoint: true,
  createdWebhook: true,
  rotatedSecret: true,
  testDelivery: true,
  heldKey: true,
  delivery: true,
  deliveryDetail: true,
  commandAccepted: true,
  manyCommands: true,
  commandKind: true,
  eventsAccepted: true,
  storedEvent: true,
  storedEventDetail: true,
  eventType: true,
  eventTypeDetail: true,
  filterTest: true,
  contract: true,
  contractPreview: true,
  auditEntry: true,
  machineAuditEntry: true,
  recovery: true,
  quarantined: true,
  quarantinedDetail: true,
  redriven: true,
  redrivenMany: true,
  apiKey: true,
  createdApiKey: true,
  scope: true,
  signalsAccepted: true,
  machine: true,
  machineSignal: true,
  source: true,
  savedSource: true,
  triedSource: true,
  sourceKind: true,
  mapping: true,
  activatedMapping: true,
  mappingDetail: true,
  mappingDocument: true,
  mappingValidation: true,
  mappingTrial: true,
  page: true,
  problemCode: true,
};

const REQUESTS: {
  newEndpoint: Same<sdk.NewEndpoint, CreateEndpointRequest>;
  endpointChanges: Same<sdk.EndpointChanges, UpdateEndpointRequest>;
  overlapSeconds: Same<
    NonNullable<Parameters<Millrace['endpoints']['rotateSecret']>[1]>,
    NonNullable<RotateSecretRequest['overlapSeconds']>
  >;
  recovery: Same<sdk.RecoveryRequest, RecoverEndpointRequest>;
  newApiKey: Same<Omit<sdk.NewApiKey, 'scopes'>, Omit<CreateApiKeyRequest, 'scopes'>>;
  newEventType: Same<sdk.NewEventType, CreateEventTypeRequest>;
  eventTypeChanges: Same<sdk.EventTypeChanges, z.input<typeof updateEventTypeRequest>>;
  newEvent: Same<sdk.NewEvent, z.input<typeof nativeEventSchema>>;
  signal: Same<sdk.Signal, SignalRequest>;
  retryDelivery: Same<sdk.RetryDeliveryRequest, z.input<typeof retryDeliveryRequest>>;
  retryMany: Same<sdk.RetryManyRequest, z.input<typeof retryManyRequest>>;
  cancelMany: Same<sdk.CancelManyRequest, z.input<typeof cancelManyRequest>>;
  filterTest: Same<sdk.FilterTestRequest, z.input<typeof testFilterRequest>>;
  contractPreview: Same<sdk.ContractPreviewRequest, z.input<typeof previewContractRequest>>;
  redrive: Same<sdk.RedriveRequest, z.input<typeof redriveRequest>>;
  redriveMany: Same<sdk.RedriveManyRequest, z.input<typeof redriveManyRequest>>;
  discard: Same<sdk.DiscardRequest, z.input<typeof discardRequest>>;
  newSource: Same<sdk.NewSource, CreateSourceRequest>;
  sourceChanges: Same<sdk.SourceChanges, UpdateSourceRequest>;
  sourceToTry: Same<sdk.SourceToTry, TrySourceRequest>;
  mappingToActivate: Same<sdk.MappingToActivate, MappingRequest>;
  mappingToTest: Same<sdk.MappingToTest, TestMappingRequest>;
} = {
  newEndpoint: true,
  endpointChanges: true,
  overlapSeconds: true,
  recovery: true,
  newApiKey: true,
  newEventType: true,
  eventTypeChanges: true,
  newEvent: true,
  signal: true,
  retryDelivery: true,
  retryMany: true,
  cancelMany: true,
  filterTest: true,
  contractPreview: true,
  redrive: true,
  redriveMany: true,
  discard: true,
  newSource: true,
  sourceChanges: true,
  sourceToTry: true,
  mappingToActivate: true,
  mappingToTest: true,
};

const NOW = '2026-02-17T13:59:55Z';

/** Every call of the client once, with all that it can send, and what the body of each is held to. */
const newEndpoint: Required<sdk.NewEndpoint> = {
  url: 'https://erp.example.com/hooks',
  eventTypes: ['machine.*'],
  filter: { machine: 'RF-1', weight: { $gt: 20 }, $or: [{ '@subject': { $ne: 'M-7' } }] },
  description: 'ERP',
  headers: { 'x-site': '1' },
  timeoutMs: 5_000,
  contract: 'standard',
  ordering: 'key',
  rateLimit: { perSecond: 5, burst: 10 },
  retry: { delaysSeconds: [5, 60], jitter: 0.1 },
  options: {
    standardHeaders: false,
    traceContext: true,
    signatureFormat: 'sha256_hex',
    integrationId: 'int_1',
    disableCounts: 'attempts',
  },
  startFrom: 'now',
  secret: `whsec_${'A'.repeat(43)}=`,
};
const recovery: Required<sdk.RecoveryRequest> = {
  since: NOW,
  until: NOW,
  eventTypes: ['a.b'],
  only: 'missing',
  dryRun: true,
  perSecond: 5,
};
const signal: Required<sdk.Signal> = {
  machine: 'press-7',
  path: 'execution',
  value: 'ACTIVE',
  kind: 'event',
  type: 'string',
  unit: null,
  quality: 'good',
  qualityCode: null,
  timestamp: NOW,
  source: 'http',
  session: 's',
  seq: 1,
  idx: 0,
  flags: ['late'],
};
const event: Required<sdk.NewEvent> = { type: 'a.b', data: { n: 1 }, id: 'e-1', timestamp: NOW, subject: 'M-7' };
const cloudEvent: sdk.CloudEvent = {
  specversion: '1.0',
  id: 'e-1',
  source: '/erp',
  type: 'a.b',
  data: 1,
  region: 'eu',
};
const many = { endpointId: 'ep_1', eventType: 'a.b', from: NOW, to: NOW };
const nothing = z.strictObject({});

type Used = readonly [operation: string, use: (millrace: Millrace) => Promise<unknown>, body?: z.ZodType];
const USED: readonly Used[] = [
  ['POST /v1/events', (m) => m.events.publish(event), publishEventsSchema],
  ['POST /v1/events', (m) => m.events.publish([event]), publishEventsSchema],
  ['POST /v1/events', (m) => m.events.publishCloudEvents(cloudEvent), cloudEventSchema],
  ['GET /v1/event-log', (m) => m.eventLog.list({ type: 'a.b', from: NOW, to: NOW, limit: 1, cursor: 'c' }).first()],
  ['GET /v1/event-log/{id}', (m) => m.eventLog.get('evt_1')],
  ['GET /v1/event-types', (m) => m.eventTypes.list({ limit: 1, cursor: 'c' }).first()],
  [
    'POST /v1/event-types',
    (m) =>
      m.eventTypes.create({
        name: 'a.b',
        module: 'a',
        description: 'd',
        schema: {},
        example: {},
        validation: 'warn',
        breaking: true,
      } satisfies Required<sdk.NewEventType>),
    createEventTypeRequest,
  ],
  ['GET /v1/event-types/{name}', (m) => m.eventTypes.get('a.b')],
  ['PATCH /v1/event-types/{name}', (m) => m.eventTypes.update('a.b', { validation: 'reject' }), updateEventTypeRequest],
  ['GET /v1/endpoints', (m) => m.endpoints.list({ limit: 1, cursor: 'c' }).first()],
  ['POST /v1/endpoints', (m) => m.endpoints.create(newEndpoint), createEndpointRequest],
  ['GET /v1/endpoints/{id}', (m) => m.endpoints.get('ep_1')],
  [
    'PATCH /v1/endpoints/{id}',
    (m) => m.endpoints.update('ep_1', { ...newEndpoint, startFrom: 'now', status: 'paused' }),
    updateEndpointRequest,
  ],
  ['PATCH /v1/endpoints/{id}', (m) => m.endpoints.pause('ep_1'), updateEndpointRequest],
  ['PATCH /v1/endpoints/{id}', (m) => m.endpoints.activate('ep_1'), updateEndpointRequest],
  ['DELETE /v1/endpoints/{id}', (m) => m.endpoints.delete('ep_1')],
  ['POST /v1/endpoints/{id}/test', (m) => m.endpoints.test('ep_1'), testEndpointRequest],
  ['POST /v1/endpoints/{id}/test', (m) => m.endpoints.test('ep_1', 'a.b'), testEndpointRequest],
  ['POST /v1/endpoints/{id}/rotate-secret', (m) => m.endpoints.rotateSecret('ep_1'), rotateSecretRequest],
  ['POST /v1/endpoints/{id}/rotate-secret', (m) => m.endpoints.rotateSecret('ep_1', 0), rotateSecretRequest],
  ['POST /v1/endpoints/{id}/recover', (m) => m.endpoints.recover('ep_1', recovery), recoverEndpointRequest],
  ['GET /v1/endpoints/{id}/held-keys', (m) => m.endpoints.heldKeys('ep_1', { limit: 1, cursor: 'c' }).first()],
  [
    'POST /v1/webhooks',
    (m) => m.createWebhook('https://a.example/hook', ['run.completed']),
    createEclipsWebhookRequest,
  ],
  ['GET /v1/recoveries', (m) => m.recoveries.list({ endpointId: 'ep_1', limit: 1, cursor: 'c' }).first()],
  ['GET /v1/recoveries/{id}', (m) => m.recoveries.get('rec_1')],
  ['POST /v1/recoveries/{id}/cancel', (m) => m.recoveries.cancel('rec_1'), nothing],
  ['POST /v1/recoveries/{id}/pause', (m) => m.recoveries.pause('rec_1'), nothing],
  ['POST /v1/recoveries/{id}/resume', (m) => m.recoveries.resume('rec_1'), nothing],
  ['GET /v1/api-keys', (m) => m.apiKeys.list({ limit: 1, cursor: 'c' }).first()],
  [
    'POST /v1/api-keys',
    (m) => m.apiKeys.create({ name: 'n', scopes: ['admin', 'agents:read'], tenant: 't', expiresAt: NOW }),
    createApiKeyRequest,
  ],
  ['DELETE /v1/api-keys/{id}', (m) => m.apiKeys.revoke('key_1')],
  [
    'GET /v1/deliveries',
    (m) =>
      m.deliveries
        .list({
          ...many,
          eventId: 'evt_1',
          status: 'failed',
          subject: 's',
          trigger: 'test',
          limit: 1,
          cursor: 'c',
        } satisfies Required<sdk.DeliveryQuery>)
        .first(),
  ],
  ['GET /v1/deliveries/{id}', (m) => m.deliveries.get('d')],
  [
    'POST /v1/deliveries/{id}/retry',
    (m) => m.deliveries.retry('d', { force: true, reason: 'repaired' }),
    retryDeliveryRequest,
  ],
  ['POST /v1/deliveries/{id}/cancel', (m) => m.deliveries.cancel('d'), nothing],
  ['POST /v1/deliveries/{id}/skip', (m) => m.deliveries.skip('d'), nothing],
  [
    'POST /v1/deliveries/retry',
    (m) => m.deliveries.retryMany({ filter: { ...many, status: 'retrying' }, dryRun: true, limit: 5 }),
    retryManyRequest,
  ],
  [
    'POST /v1/deliveries/cancel',
    (m) => m.deliveries.cancelMany({ filter: { ...many, status: 'parked' }, dryRun: true, limit: 5 }),
    cancelManyRequest,
  ],
  [
    'POST /v1/filters/test',
    (m) => m.filters.test({ filter: newEndpoint.filter as sdk.Filter, eventTypes: ['a.b'], last: 5 }),
    testFilterRequest,
  ],
  [
    'GET /v1/quarantine',
    (m) =>
      m.quarantine
        .list({
          list: 'events',
          state: 'open',
          code: 'not_json',
          from: NOW,
          to: NOW,
          limit: 1,
          cursor: 'c',
        } satisfies Required<sdk.QuarantineQuery>)
        .first(),
  ],
  ['GET /v1/quarantine/{id}', (m) => m.quarantine.get('events-0-1')],
  [
    'POST /v1/quarantine/{id}/redrive',
    (m) =>
      m.quarantine.redrive('events-0-1', {
        value: '{}',
        headers: { ce_specversion: '1.0', ce_odd: null },
        reason: 'r',
      } satisfies Required<sdk.RedriveRequest>),
    redriveRequest,
  ],
  ['POST /v1/quarantine/{id}/discard', (m) => m.quarantine.discard('events-0-1', { reason: 'r' }), discardRequest],
  [
    'POST /v1/quarantine/redrive',
    (m) =>
      m.quarantine.redriveMany({
        list: 'signals',
        code: 'not_json',
        from: NOW,
        to: NOW,
        limit: 5,
        dryRun: true,
        reason: 'r',
      } satisfies Required<sdk.RedriveManyRequest>),
    redriveManyRequest,
  ],
  ['GET /v1/contracts', (m) => m.contracts.list().first()],
  [
    'POST /v1/contracts/{name}/preview',
    (m) =>
      m.contracts.preview('mes', {
        event,
        options: newEndpoint.options as sdk.EndpointOptions,
        secret: 's',
        attempt: 2,
      } satisfies Required<sdk.ContractPreviewRequest>),
    previewContractRequest,
  ],
  ['GET /v1/audit-log', (m) => m.auditLog.list({ limit: 1, cursor: 'c' }).first()],
  ['GET /v1/audit-log/machines', (m) => m.auditLog.machines({ limit: 1, cursor: 'c' }).first()],
  ['POST /v1/signals', (m) => m.signals.publish(signal), publishSignalsSchema],
  ['POST /v1/signals', (m) => m.signals.publish([signal]), publishSignalsSchema],
  ['GET /v1/machines', (m) => m.machines.list({ limit: 1, cursor: 'c' }).first()],
  ['GET /v1/machines/{id}', (m) => m.machines.get('press-7')],
  ['DELETE /v1/machines/{id}', (m) => m.machines.delete('press-7')],
  ['GET /v1/machines/{id}/signals', (m) => m.machines.signals('press-7', { limit: 1, cursor: 'c' }).first()],
  ['GET /v1/sources', (m) => m.sources.list({ limit: 1, cursor: 'c' }).first()],
  [
    'POST /v1/sources',
    (m) =>
      m.sources.create({
        name: 'line-1',
        type: 'mqtt',
        settings: { url: 'mqtt://broker:1883' },
        enabled: true,
        try: false,
      } satisfies Required<sdk.NewSource>),
    createSourceRequest,
  ],
  ['GET /v1/sources/{name}', (m) => m.sources.get('line-1')],
  [
    'PATCH /v1/sources/{name}',
    (m) =>
      m.sources.update('line-1', { settings: {}, enabled: false, try: true } satisfies Required<sdk.SourceChanges>),
    updateSourceRequest,
  ],
  ['PATCH /v1/sources/{name}', (m) => m.sources.enable('line-1'), updateSourceRequest],
  ['PATCH /v1/sources/{name}', (m) => m.sources.disable('line-1'), updateSourceRequest],
  ['DELETE /v1/sources/{name}', (m) => m.sources.delete('line-1')],
  [
    'POST /v1/sources/try',
    (m) => m.sources.try({ type: 'mqtt', settings: {}, name: 'line-1' } satisfies Required<sdk.SourceToTry>),
    trySourceRequest,
  ],
  ['GET /v1/source-kinds', (m) => m.sources.kinds()],
  ['GET /v1/mappings', (m) => m.mappings.list({ limit: 1, cursor: 'c' }).first()],
  ['POST /v1/mappings', (m) => m.mappings.activate({ mapping: 'name: a', attachments: { f: '{}' } }), mappingRequest],
  ['POST /v1/mappings/validate', (m) => m.mappings.validate({ mapping: { name: 'a' } }), mappingRequest],
  [
    'POST /v1/mappings/test',
    (m) => m.mappings.test({ name: 'a', version: 1, signals: [{}], afterEndMs: 0 }),
    testMappingRequest,
  ],
  ['POST /v1/mappings/test', (m) => m.mappings.test({ mapping: 'name: a', signals: '{}' }), testMappingRequest],
  ['GET /v1/mappings/{name}', (m) => m.mappings.get('a')],
  ['GET /v1/mappings/{name}/versions/{version}', (m) => m.mappings.version('a', 2)],
  ['DELETE /v1/mappings/{name}', (m) => m.mappings.delete('a')],
];

interface Operation {
  readonly security: readonly { readonly [scheme: string]: unknown }[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly responses: { readonly [status: string]: unknown };
}
const { paths } = openApiDocument('1') as {
  paths: { [path: string]: { [method: string]: Operation } };
};

/**
 * The APIs of other systems: their own clients call them. Of these the SDK has `createWebhook` alone, as eClips documents it.
 */
const COMPATIBLE = /^\/(api\/|v1\/(webhooks|connections|exports|export-events)(\/|$))/;
/** Where the peer of a source sends, with what the source knows it by: no holder of an API key calls it. */
const OF_PEERS = ['POST /v1/sources/in/{tenant}/{name}'];
const native = Object.entries(paths).flatMap(([path, methods]) =>
  COMPATIBLE.test(path) ? [] : Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);
const takesApiKey = (operation: string): boolean => {
  const [method, path] = operation.split(' ') as [string, string];
  return paths[path]![method.toLowerCase()]!.security.some((way) => 'apiKey' in way);
};

/** What one use sends. */
const sent = async (use: Used[1]) => {
  const requests: { method: string; url: URL; body: string | undefined }[] = [];
  const millrace = new Millrace({
    url: 'https://site.example',
    apiKey: 'mr_key',
    fetch: async (url, { method, body }) => {
      requests.push({ method, url: new URL(url), body });
      return { status: 200, headers: new Headers(), text: async () => '{"data":[],"nextCursor":null}' };
    },
  });
  await use(millrace);
  expect(requests).toHaveLength(1);
  return requests[0] as (typeof requests)[number];
};

describe('the client and the API', () => {
  it('agree on types, as the compiler has checked', () => {
    expect(new Set(Object.values({ ...ANSWERS, ...REQUESTS }))).toEqual(new Set([true]));
    const scopes: CreateApiKeyRequest['scopes'] = ['admin'] satisfies sdk.NewApiKey['scopes'];
    expect(createApiKeyRequest.safeParse({ name: 'n', scopes }).success).toBe(true);
  });

  it('have the same calls', () => {
    expect(native.length).toBeGreaterThan(30);
    const used = [...new Set(USED.map(([operation]) => operation))];
    expect(used.sort()).toEqual([...native.filter(takesApiKey), 'POST /v1/webhooks'].sort());
    expect(native.filter((operation) => !takesApiKey(operation))).toEqual(OF_PEERS);
  });

  it.each(USED.map(([operation, use, schema]) => ({ operation, use, schema })))('agree on $operation', async (each) => {
    const { operation, use, schema } = each;
    const request = await sent(use);
    const [method, path] = operation.split(' ') as [string, string];
    const { parameters = [], requestBody } = (paths[path] as { [method: string]: Operation })[
      method.toLowerCase()
    ] as Operation;
    expect(request.method).toBe(method);
    expect(request.url.pathname).toMatch(new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`));
    const known = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    expect([...request.url.searchParams.keys()].sort()).toEqual([...known].sort());
    if (requestBody !== undefined) expect(schema).toBeDefined();
    if (schema === undefined) return expect(request.body).toBeUndefined();
    const { error } = schema.safeParse(JSON.parse(request.body ?? '{}'));
    expect(error?.issues ?? []).toEqual([]);
  });
});
