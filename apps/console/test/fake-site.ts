import type {
  ContractView,
  DeliveryView,
  EndpointView,
  ExportEventView,
  ExportView,
  MachineView,
  QuarantinedDetailView,
  SourceView,
} from '@millrace/protocol';
import type { Asked, ConsoleServer } from './console-server';
import { FAKE_KINDS, saidAgainst } from './fake-source-kinds';

export const KEY = 'mr_test_key';
export const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e';
export const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();
export const deliveryIdOf = (n: number) => `0199c1a2-7c3d-8abc-9def-${String(n).padStart(12, '0')}`;

export const endpoint = (n: number, over: Partial<EndpointView> = {}): EndpointView => ({
  id: `ep_${n}`,
  url: `https://erp${n}.example/hooks`,
  eventTypes: ['machine.*'],
  contract: 'standard',
  status: 'active',
  statusReason: null,
  statusSince: at(600 + n),
  statusBy: 'admin',
  parked: 0,
  nextProbeAt: null,
  filter: null,
  description: null,
  headers: {},
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: {
    standardHeaders: true,
    traceContext: true,
    signatureFormat: 'hex',
    integrationId: null,
    disableCounts: 'deliveries',
  },
  version: 1,
  createdAt: at(700 + n),
  updatedAt: at(700 + n),
  ...over,
});

export const delivery = (n: number, over: Partial<DeliveryView> = {}): DeliveryView => ({
  id: deliveryIdOf(n),
  eventId: `evt_${n}`,
  eventType: 'machine.alarm',
  subject: null,
  endpointId: 'ep_1',
  contract: 'standard',
  status: 'succeeded',
  statusReason: null,
  trigger: 'event',
  attemptCount: 1,
  requestCount: 1,
  nextAttemptAt: null,
  createdAt: at(n * 7),
  completedAt: at(n * 7),
  lastOutcome: 'success',
  ...over,
});

const contract = (name: string, over: Partial<ContractView> = {}): ContractView => ({
  name,
  version: 1,
  timeoutMs: 15_000,
  retryDelaysSeconds: [5, 300],
  retriesRepeat: false,
  expiresAfterSeconds: 2_592_000,
  options: ['standardHeaders', 'traceContext'],
  ...over,
});
const CONTRACTS = [
  contract('standard', { options: ['traceContext'] }),
  contract('eclipse', { retryDelaysSeconds: [600], retriesRepeat: true }),
  contract('eclips', { retryDelaysSeconds: [] }),
  contract('proign'),
  contract('mes', { retryDelaysSeconds: [5, 30, 300, 1800, ...Array.from({ length: 7 }, () => 86_400)] }),
  contract('nentropy', {
    options: ['standardHeaders', 'traceContext', 'signatureFormat', 'integrationId', 'disableCounts'],
  }),
];
const TYPES = [
  ['machine.alarm', 'machine'],
  ['machine.status_changed', 'machine'],
  ['work_order.created', 'mes'],
  ['supplier.created', 'compliance'],
  ['bundle.completed', 'production'],
].map(([name, module]) => ({ name, module, description: `What ${name} says.`, example: { force: 14400.5, of: name } }));

export const source = (name: string, over: Partial<SourceView> = {}): SourceView => ({
  name,
  type: 'mtconnect',
  enabled: true,
  settings: { url: 'http://agent.example:5000', bearer: '***' },
  machines: ['mazak-01'],
  tried: true,
  url: null,
  readOnly: false,
  version: 1,
  createdAt: at(900),
  updatedAt: at(900),
  state: {
    connection: 'connected',
    since: at(300),
    reason: null,
    nextTryAt: null,
    session: '1758361',
    received: 12_345,
    refused: 0,
    lastRefusedAt: null,
    gaps: 0,
    counts: {},
    rate: 41.25,
    lagMs: 120,
    queued: 0,
    lastSignal: { machine: 'mazak-01', path: 'execution', at: at(3) },
    lastError: null,
    owner: 'machine-ingest-1',
    at: at(1),
  },
  ...over,
});

export const withState = (of: SourceView, state: Partial<SourceView['state']>): SourceView => ({
  ...of,
  state: { ...of.state, ...state },
});

/** Its peer has not called yet. */
export const pushedSource = (name: string, over: Partial<SourceView> = {}): SourceView => {
  const { state, ...rest } = source(name);
  return {
    ...rest,
    type: 'http',
    settings: { format: 'json', machine: 'press-7', token: '***' },
    machines: ['press-7'],
    url: `/v1/sources/in/default/${name}`,
    state: { ...state, session: '', received: 0, rate: 0, lagMs: null, lastSignal: null },
    ...over,
  };
};
export const TOKEN = 'token_shown_once_of_a_source';

export const machine = (id: string, over: Partial<MachineView> = {}): MachineView => ({
  id,
  status: 'running',
  since: at(120),
  reason: 'execution',
  sourceState: 'ACTIVE',
  quality: 'good',
  alarms: [],
  currentRun: null,
  lastRun: null,
  lastSignal: { path: 'execution', source: 'line-1', time: at(3), at: at(3) },
  mapping: { name: 'mazak', version: 3 },
  counts: { signals: 5120, duplicates: 3 },
  ...over,
});

export const quarantined = (n: number, over: Partial<QuarantinedDetailView> = {}): QuarantinedDetailView => ({
  id: `events-0-${n}`,
  list: 'events',
  state: 'open',
  tenant: 'default',
  code: 'not_json',
  detail: 'The value is not JSON: Unexpected end of JSON input.',
  at: at(n * 40),
  origin: { topic: 'millrace.events.mes', partition: 3, offset: String(700 + n) },
  bytes: 9,
  redrivable: true,
  notRedrivable: null,
  redrivenFrom: null,
  preview: '{"good":',
  key: 'RF-1',
  headers: { ce_id: `e-${n}`, ce_type: 'machine.alarm' },
  value: '{"good":',
  valueBase64: null,
  truncated: false,
  actions: [],
  ...over,
});

type Answer = { status: number; body: unknown };
const ok = (body: unknown, status = 200): Answer => ({ status, body });
const list = (data: readonly unknown[]): Answer => ok({ data, nextCursor: null });
const missing = { status: 404, body: { code: 'not_found', detail: 'There is none with this id.' } };
export const invalid = (path: string, detail: string): Answer => ({
  status: 422,
  body: {
    code: 'invalid_request',
    detail: `The body is not valid, ${path}: ${detail}`,
    errors: [{ path, detail }],
  },
});

export interface Call extends Asked {
  readonly path: string;
}

/** What the API would answer, of a few things in memory; `answers` says otherwise for one call. */
export class FakeSite {
  scopes = new Set([
    'webhooks:read',
    'webhooks:write',
    'deliveries:read',
    'deliveries:write',
    'machines:read',
    'machines:write',
  ]);
  endpoints: EndpointView[] = [];
  deliveries: DeliveryView[] = [];
  connections: Array<Record<string, unknown> & { id: string }> = [];
  exports: ExportView[] = [];
  events: ExportEventView[] = [];
  quarantine: QuarantinedDetailView[] = [];
  machines: MachineView[] = [];
  signals: readonly unknown[] = [];
  sources: SourceView[] = [];
  recovery: { suggested: { only: 'failed'; since: string }; call: string } | null = null;
  /** Endpoints on one page. */
  pageSize = 200;
  /** By `POST /v1/…`: what is answered instead. */
  readonly answers = new Map<string, Answer>();
  /** Every call that changes something. */
  readonly changes: Call[] = [];

  constructor(server: ConsoleServer) {
    server.api = (path, authorization, asked) => this.answer(path, authorization, asked);
  }

  private answer(url: URL, authorization: string | undefined, asked: Asked): Answer {
    if (authorization !== `Bearer ${KEY}`) return { status: 401, body: { code: 'unauthenticated' } };
    const path = url.pathname;
    const module = /deliveries|export-events|quarantine/.test(path)
      ? 'deliveries'
      : /machines|source/.test(path)
        ? 'machines'
        : 'webhooks';
    const scope = `${module}:${asked.method === 'GET' || path.endsWith('/preview') ? 'read' : 'write'}`;
    if (!this.scopes.has(scope))
      return {
        status: 403,
        body: { code: 'insufficient_scope', detail: `The API key lacks the scope ${scope}.`, required: [scope] },
      };
    if (asked.method !== 'GET' && !path.endsWith('/preview')) this.changes.push({ ...asked, path });
    const told = this.answers.get(`${asked.method} ${path}`);
    if (told !== undefined) return told;
    const [, , collection, id, action] = path.split('/');
    if (path.startsWith('/api/v2/webhooks/endpoints/'))
      return ok({ deliveryId: deliveryIdOf(1), payload: { id: 'evt_mes', type: 'work_order.created' } }, 202);
    switch (collection) {
      case 'contracts':
        return id === undefined ? list(CONTRACTS) : this.preview(id, asked);
      case 'event-types':
        return list(TYPES);
      case 'endpoints':
        return this.ofEndpoints(url, asked, id, action);
      case 'recoveries':
        return ok({ id, dryRun: true, state: 'done', counts: { examined: 9, qualified: 3, sent: 0 }, error: null });
      case 'connections':
        return this.ofConnections(asked);
      case 'exports':
        return this.ofExports(asked);
      case 'export-events':
        return this.ofEvents(id, action);
      case 'machines':
        return this.ofMachines(asked, id, action);
      case 'source-kinds':
        return ok({ data: FAKE_KINDS });
      case 'sources':
        return (asked.method === 'POST' && saidAgainst(path, asked.body)) || this.ofSources(asked, id);
      case 'quarantine':
        return this.ofQuarantine(url, asked, id, action);
      case 'deliveries':
        return this.ofDeliveries(url, id, action);
      default:
        return missing;
    }
  }

  private preview(name: string, { body }: Asked): Answer {
    const { event } = body as { event: { type: string; data: unknown } };
    return ok({
      contract: name,
      secret: 'whsec_sample',
      method: 'POST',
      headers: [{ name: 'x-odd', value: HOSTILE }],
      body: JSON.stringify({ id: 'evt_sample', ...event }),
      bodySha256: '',
    });
  }

  private ofEndpoints(url: URL, { method, body }: Asked, id?: string, action?: string): Answer {
    if (id === undefined && method === 'GET') {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = from + this.pageSize;
      return ok({
        data: this.endpoints.slice(from, next),
        nextCursor: next < this.endpoints.length ? String(next) : null,
      });
    }
    if (id === undefined) {
      const made = endpoint(50, { ...(body as object), createdAt: at(0), statusSince: at(0) });
      this.endpoints = [made, ...this.endpoints];
      return ok({ ...made, secret: 'whsec_shown_once', startFrom: null }, 201);
    }
    const found = this.endpoints.find((each) => each.id === id);
    if (found === undefined) return missing;
    if (action === 'test') {
      this.deliveries = [delivery(1, { endpointId: id, trigger: 'test' }), ...this.deliveries];
      return ok({ deliveryId: deliveryIdOf(1) }, 202);
    }
    if (action === 'rotate-secret') return ok({ secret: 'whsec_new_one' });
    if (action === 'recover')
      return ok(
        {
          id: 'rec_1',
          dryRun: (body as { dryRun: boolean }).dryRun,
          state: 'counting',
          counts: { examined: 0, qualified: 0, sent: 0 },
          error: null,
        },
        202,
      );
    if (method === 'DELETE') {
      this.endpoints = this.endpoints.filter((each) => each !== found);
      return ok(null, 204);
    }
    if (method === 'PATCH') {
      const changed = { ...found, ...(body as object), statusReason: null, statusSince: at(0) };
      this.endpoints = this.endpoints.map((each) => (each === found ? changed : each));
      return ok({ ...changed, recovery: this.recovery });
    }
    return ok(found);
  }

  private ofConnections({ method, body }: Asked): Answer {
    if (method === 'GET') return list(this.connections);
    const asked = body as { name: string; baseUrl: string; bearerToken?: string };
    const made = {
      id: 'cn_1',
      name: asked.name,
      connectionType: 'API Connection',
      baseUrl: asked.baseUrl,
      hasBearerToken: asked.bearerToken !== undefined,
      createdAt: at(0),
      updatedAt: at(0),
    };
    this.connections = [made];
    return ok(made, 201);
  }

  private ofExports({ method, body }: Asked): Answer {
    if (method === 'GET') return list(this.exports);
    if (method === 'PATCH') return ok(this.exports[0]);
    const made: ExportView = {
      id: 'ex_1',
      implementation: 'Bundle Complete Webhook',
      connectionId: (body as { connectionId: string }).connectionId,
      endpointId: 'ep_1',
      active: true,
      status: 'active',
      statusSince: at(0),
      nextProbeAt: null,
      queued: 0,
      createdAt: at(0),
    };
    this.exports = [made];
    return ok({ ...made, secret: 'whsec_of_export' }, 201);
  }

  private ofEvents(id?: string, action?: string): Answer {
    if (id === undefined) return list(this.events);
    const found = this.events.find((each) => each.id === id);
    if (found === undefined) return missing;
    if (action !== undefined) return ok({ deliveryId: id, commandId: 'cmd_1', command: action }, 202);
    const activity = [{ at: found.createdAt, attempt: 1, status: 503, message: HOSTILE }];
    return ok({ ...found, bundle: null, activity });
  }

  private ofMachines({ method }: Asked, id?: string, action?: string): Answer {
    if (id === undefined) return list(this.machines);
    if (action === 'signals') return list(this.signals);
    const found = this.machines.find((each) => each.id === id);
    if (found === undefined || method === 'GET') return found === undefined ? missing : ok(found);
    this.machines = this.machines.filter((each) => each !== found);
    return { status: 204, body: null };
  }

  private ofSources({ method, body }: Asked, name?: string): Answer {
    const asked = body as { name: string; type: string; settings: Record<string, unknown>; enabled?: boolean } | null;
    const seen = {
      summary: 'Agent 2.3 with 8 devices',
      seen: [{ machine: 'mazak-01', path: 'execution', value: 'ACTIVE', unit: null }],
    };
    if (name === 'try') return ok(seen);
    if (name === undefined) {
      if (method === 'GET') return list(this.sources);
      if (asked!.type === 'http') {
        const pushed = pushedSource(asked!.name, { settings: { ...asked!.settings, token: '***' } });
        this.sources = [...this.sources, pushed];
        return ok({ ...pushed, settings: { ...pushed.settings, token: TOKEN }, seen: { ...seen, seen: [] } }, 201);
      }
      const made = source(asked!.name, { type: asked!.type, settings: asked!.settings });
      this.sources = [...this.sources, made];
      return ok({ ...made, seen }, 201);
    }
    const found = this.sources.find((each) => each.name === name);
    if (found === undefined) return missing;
    if (method === 'GET') return ok(found);
    const changed = { ...found, ...asked };
    this.sources = this.sources.flatMap((each) => (each !== found ? [each] : method === 'DELETE' ? [] : [changed]));
    return method === 'DELETE' ? { status: 204, body: null } : ok({ ...changed, seen: null });
  }

  private ofQuarantine(url: URL, { method, body }: Asked, id?: string, action?: string): Answer {
    const open = this.quarantine.filter(({ state }) => state === 'open');
    if (id === undefined) {
      const wanted = [...url.searchParams].filter(([name]) => name !== 'limit');
      return list(
        this.quarantine.filter((each) =>
          wanted.every(([name, value]) => (each as unknown as Record<string, unknown>)[name] === value),
        ),
      );
    }
    if (id === 'redrive') {
      const { dryRun = false } = body as { dryRun?: boolean };
      const refused = open
        .filter(({ redrivable }) => !redrivable)
        .map((each) => ({ id: each.id, code: 'not_redrivable', detail: each.notRedrivable }));
      return ok(
        { matched: open.length, redriven: dryRun ? 0 : open.length - refused.length, refused, dryRun, more: false },
        202,
      );
    }
    const found = this.quarantine.find((each) => each.id === id);
    if (found === undefined) return missing;
    if (method === 'GET') return ok(found);
    const done = action === 'discard' ? 'discarded' : 'redriven';
    const { value, headers, reason } = body as { value?: string; headers?: object; reason?: string };
    const act = {
      action: done,
      at: at(0),
      by: 'key_1',
      corrected: value !== undefined || headers !== undefined,
      reason: reason ?? null,
    } as const;
    this.quarantine = this.quarantine.map((each) =>
      each === found ? { ...found, state: done, actions: [...found.actions, act] } : each,
    );
    return action === 'discard' ? { status: 204, body: null } : ok({ id, topic: 'millrace.events.mes' }, 202);
  }

  private ofDeliveries(url: URL, id?: string, action?: string): Answer {
    if (id === undefined) {
      const wanted = [...url.searchParams].filter(([name]) => name !== 'limit');
      return list(
        this.deliveries.filter((each) =>
          wanted.every(([name, value]) => (each as unknown as Record<string, unknown>)[name] === value),
        ),
      );
    }
    const found = this.deliveries.find((each) => each.id === id);
    if (found === undefined) return missing;
    if (action !== undefined) return ok({ deliveryId: id, commandId: 'cmd_1', command: action }, 202);
    return ok({ ...found, epoch: 0, sequence: null, previousEventId: null, behind: null, commands: [], attempts: [] });
  }
}
