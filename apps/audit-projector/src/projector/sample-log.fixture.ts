import { createHash } from 'node:crypto';
import { type Contract, contractNamed, deliveryId, type Event, eventKey } from '@millrace/domain';
import {
  type DeliveryCreated,
  type DeliveryFact,
  encodeEvent,
  encodeFacts,
  type IncomingMessage,
  type OutgoingMessage,
} from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';

/** A log as the engine writes it, made up from a seed, for the tests of the projector. */
export const DAY_MS = 86_400_000;
export const T0 = Date.UTC(2026, 1, 17, 13, 0, 0);

export const uuidFrom = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

export const sampleEvent = (name: string, over: Partial<Event> = {}): Event => {
  const tenant = over.tenant ?? 'default';
  const source = over.source ?? '/plant-1/press';
  return {
    id: name,
    key: eventKey(tenant, source, name),
    sourceId: name,
    tenant,
    type: 'machine.alarm',
    source,
    subject: 'press-4',
    time: new Date(T0).toISOString(),
    data: `{"n":14400.0,"name":${JSON.stringify(name)}}`,
    traceparent: null,
    ...over,
  };
};

const bodyOf = (contract: Contract, event: Event, variant: string | null): Buffer => {
  const rendering = contract.render(event, variant);
  if (rendering.kind === 'unrepresentable') throw new Error(rendering.detail);
  return rendering.body;
};

export const createdFact = (
  event: Event,
  endpointId: string,
  at = T0,
  contractName = 'standard',
  variant: string | null = null,
): DeliveryCreated => {
  const contract = contractNamed(contractName)!;
  return {
    kind: 'created',
    deliveryId: deliveryId(event.key, Date.parse(event.time), endpointId, { kind: 'event' }),
    tenant: event.tenant,
    endpointId,
    at,
    eventId: event.id,
    eventKey: event.key,
    eventType: event.type,
    subject: event.subject,
    contract: contract.name,
    contractVersion: contract.version,
    trigger: { kind: 'event' },
    acceptedAt: at,
    bodySha256: createHash('sha256')
      .update(bodyOf(contract, event, variant))
      .digest('hex'),
    ...(variant === null ? {} : { bodyVariant: variant }),
    traceId: uuidFrom(event.id).replaceAll('-', ''),
  };
};

type Fact<Kind> = Extract<DeliveryFact, { kind: Kind }>;

export const startedFact = (
  created: DeliveryCreated,
  attempt: number,
  at: number,
  request = '',
): Fact<'attempt-started'> => ({
  kind: 'attempt-started',
  deliveryId: created.deliveryId,
  eventId: created.eventId,
  tenant: created.tenant,
  endpointId: created.endpointId,
  at,
  epoch: 0,
  attempt,
  requestId: uuidFrom(`${created.deliveryId} ${attempt} ${request}`),
  url: 'https://receiver.example/hooks',
  traceId: created.traceId,
  spanId: created.traceId.slice(0, 16),
  recordOffset: attempt * 100,
  chain: { sequence: 7, previousId: 'evt-before' },
});

export const parkedFact = (
  created: DeliveryCreated,
  over: Partial<Fact<'parked'>> & { readonly at: number },
): Fact<'parked'> => ({
  ...subjectOf(created, over.at),
  kind: 'parked',
  epoch: 0,
  attempt: 1,
  reason: 'endpoint_paused',
  recordOffset: 99,
  behind: null,
  ...over,
});

export const endedFact = (
  created: DeliveryCreated,
  over: Partial<Fact<'ended'>> & { readonly at: number },
): Fact<'ended'> => ({
  ...subjectOf(created, over.at),
  kind: 'ended',
  epoch: 0,
  attempt: 1,
  status: 'cancelled',
  reason: 'endpoint_deleted',
  by: null,
  commandId: null,
  recordOffset: null,
  ...over,
});

export const reopenedFact = (created: DeliveryCreated, epoch: number, at: number): Fact<'reopened'> => ({
  ...subjectOf(created, at),
  kind: 'reopened',
  epoch,
  commandId: `cmd_${created.eventId}_${epoch}`,
  by: 'key-1',
  replay: `cmd_${created.eventId}_${epoch}`,
});

export const refusedCommandFact = (
  created: DeliveryCreated,
  over: Partial<Fact<'command-refused'>> & { readonly at: number },
): Fact<'command-refused'> => ({
  ...subjectOf(created, over.at),
  kind: 'command-refused',
  commandId: `cmd_${created.eventId}_refused`,
  command: 'retry',
  by: 'key-1',
  reason: 'stale',
  ...over,
});

export const finishedFact = (
  started: Fact<'attempt-started'>,
  status: number | null,
  result: Fact<'attempt-finished'>['result'],
  over: Partial<Fact<'attempt-finished'>> = {},
): Fact<'attempt-finished'> => ({
  ...started,
  kind: 'attempt-finished',
  at: started.at + 120,
  startedAt: started.at + 3,
  durationMs: 117,
  outcome: status === null ? 'timeout' : status < 300 ? 'success' : `http_${status}`,
  request: { url: started.url, headers: { 'webhook-id': 'e', 'content-type': 'application/json' } },
  response:
    status === null
      ? null
      : {
          status,
          headers: { 'content-type': 'text/plain' },
          body: Buffer.from('answer').toString('base64'),
          bodyTruncated: false,
        },
  error: status === null ? 'no answer within 15 s' : null,
  result,
  ...over,
});

/**
 * Everything that can happen to one delivery, crashes and commands included, in the order in which its partition would
 * have it.
 */
export const lifeOf = (created: DeliveryCreated, random: () => number): DeliveryFact[] => {
  const facts: DeliveryFact[] = [];
  let at = created.at + 10;
  for (let epoch = 0; epoch < 3; epoch++) {
    const chain = chainOf(created, epoch, at, random);
    facts.push(...chain);
    at = chain.at(-1)!.at + 1_000;
    const last = chain.at(-1)!;
    const succeeded = last.kind === 'attempt-finished' && last.result.kind === 'succeeded';
    if (random() < 0.2) facts.push(refusedCommandFact(created, { at: at++ }));
    if (succeeded || random() < 0.6) break;
    const reopened = reopenedFact(created, epoch + 1, at++);
    facts.push(reopened);
    // the same command, read again after a crash, is overtaken by itself
    if (random() < 0.3) facts.push(refusedCommandFact(created, { at: at++, commandId: reopened.commandId }));
    // an older sender reports late
    if (random() < 0.3) facts.push({ ...last, at: at + 30_000 });
  }
  return facts;
};

const chainOf = (created: DeliveryCreated, epoch: number, from: number, random: () => number): DeliveryFact[] => {
  const facts: DeliveryFact[] = [];
  let at = from;
  for (let attempt = 1; attempt <= 4; attempt++) {
    const recordOffset = epoch * 1_000 + attempt * 100;
    if (random() < 0.2) facts.push(parkedFact(created, { at: at++, epoch, attempt, recordOffset }));
    if (random() < 0.1)
      facts.push(
        parkedFact(created, {
          at: at++,
          epoch,
          attempt,
          recordOffset,
          reason: 'behind_key',
          behind: random() < 0.5 ? null : uuidOfDelivery(created.deliveryId, 'head'),
        }),
      );
    const started = {
      ...startedFact(created, attempt, at, epoch === 0 ? '' : `epoch ${epoch}`),
      epoch,
      recordOffset,
      chain: random() < 0.1 ? null : { sequence: 7, previousId: random() < 0.1 ? null : 'evt-before' },
    };
    facts.push(started);
    if (random() < 0.2)
      facts.push({ ...started, at: at + 2, requestId: uuidFrom(`${created.deliveryId} ${epoch} ${attempt} again`) });
    at += 1_000 + Math.floor(random() * 5_000);
    const dice = random();
    if (dice < 0.05) {
      facts.push(endedFact(created, { at, epoch, attempt }));
      break;
    }
    if (dice < 0.1) {
      const by = { by: 'key-1', commandId: `cmd_${created.eventId}_end_${epoch}` };
      facts.push(endedFact(created, { at, epoch, attempt, reason: 'cancelled_by_command', recordOffset, ...by }));
      break;
    }
    if (dice < 0.6) {
      facts.push(finishedFact(started, 204, { kind: 'succeeded' }));
      break;
    }
    if (attempt === 4) facts.push(finishedFact(started, 503, { kind: 'failed', reason: 'exhausted' }));
    else facts.push(finishedFact(started, dice < 0.8 ? 500 : null, { kind: 'retry', nextAttemptAt: at + 5_000 }));
  }
  return facts;
};

/** Another delivery's id of the same time. */
export const uuidOfDelivery = (deliveryId: string, name: string): string =>
  `${deliveryId.slice(0, 24)}${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;

const subjectOf = ({ deliveryId, tenant, endpointId }: DeliveryCreated, at: number) => ({
  deliveryId,
  tenant,
  endpointId,
  at,
});

export interface SampleLog {
  readonly messages: readonly IncomingMessage[];
  readonly events: number;
  readonly deliveries: number;
}

/** `created` comes in other records than the rest, now and then later; some records come twice. */
export const sampleLog = (options: {
  seed: number;
  events: number;
  deliveriesPerEvent: number;
  partitions: number;
  prefix: string;
  /** Unix ms of the newest record. */
  now?: number;
  oddities?: boolean;
}): SampleLog => {
  const random = randomFrom(options.seed);
  const now = options.now ?? T0 + DAY_MS;
  const lines = new Map<string, IncomingMessage[]>();
  const append = (message: OutgoingMessage, partition: number, timestamp: number) => {
    const key = `${message.topic}/${partition}`;
    const line = lines.get(key) ?? [];
    lines.set(key, line);
    line.push(incoming(message, partition, BigInt(line.length), timestamp));
  };
  const deliveryLog = `${options.prefix}delivery-log`;
  let deliveries = 0;
  const pending: { partition: number; facts: DeliveryFact[]; at: number }[] = [];
  for (let n = 0; n < options.events; n++) {
    const at =
      now -
      40 * 60_000 -
      Math.floor(((options.events - n) * (random() < 0.05 ? 20 * DAY_MS : 60_000)) / options.events);
    const event = sampleEvent(`evt-${options.seed}-${n}`, {
      time: new Date(at).toISOString(),
      tenant: random() < 0.2 ? 'acme' : 'default',
    });
    const eventPartition = Math.floor(random() * options.partitions);
    append(encodeEvent(`${options.prefix}events.mes`, event), eventPartition, at);
    if (random() < 0.05) append(encodeEvent(`${options.prefix}events.mes`, event), eventPartition, at + 40);
    for (let d = 0; d < options.deliveriesPerEvent; d++) {
      deliveries++;
      const endpoint = `ep_${Math.floor(random() * 20)}_${d}`;
      const partition = Math.floor(random() * options.partitions);
      const created = createdFact(event, endpoint, at + 5);
      const life = lifeOf(created, random);
      const first: DeliveryFact[] = random() < 0.1 ? [created, { ...created, at: created.at + 7 }] : [created];
      const groups = random() < 0.15 ? [life.slice(0, 1), first, life.slice(1)] : [first, life];
      for (const facts of groups) pending.push({ partition, facts, at });
      if (random() < 0.1) pending.push({ partition, facts: life, at });
    }
    while (pending.length > 12 || (n === options.events - 1 && pending.length > 0)) {
      const group = pending.shift()!;
      for (const message of encodeFacts(deliveryLog, group.partition, group.facts))
        append(message, group.partition, now);
    }
  }
  if (options.oddities)
    for (const value of ODDITIES) append({ topic: deliveryLog, key: null, value, headers: {} }, 0, now);
  return { messages: [...lines.values()].flat(), events: options.events, deliveries };
};

const incoming = (message: OutgoingMessage, partition: number, offset: bigint, timestamp: number): IncomingMessage => ({
  topic: message.topic,
  partition,
  offset,
  timestamp,
  key: message.key === null ? null : Buffer.from(message.key),
  value: message.value,
  headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, Buffer.from(value)])),
});

const oddFact = (over: object): Buffer => {
  const created = createdFact(sampleEvent('odd'), 'ep_odd');
  const finished = finishedFact(startedFact(created, 1, T0), 200, { kind: 'succeeded' });
  return Buffer.from(JSON.stringify({ v: 1, facts: [created, { ...finished, ...over }] }));
};

/** What a damaged or hostile log may hold. */
export const ODDITIES: readonly (Buffer | null)[] = [
  null,
  Buffer.from(''),
  Buffer.from('not json'),
  Buffer.from('{"v":2,"facts":[]}'),
  Buffer.from('{"v":1,"facts":[null,1,"x",[],{},{"kind":"__proto__"}]}'),
  Buffer.from([0xff, 0xfe, 0x00]),
  oddFact({ requestId: uuidFrom('odd 1'), outcome: 'a\0b' }),
  oddFact({ requestId: uuidFrom('odd 2'), at: 253_402_300_800_000 }),
  oddFact({ requestId: uuidFrom('odd 3'), tenant: 'a\0' }),
  oddFact({ requestId: uuidFrom('odd 4'), endpointId: '\ud800' }),
  oddFact({ requestId: uuidFrom('odd 5'), epoch: 3e9 }),
  oddFact({ requestId: uuidFrom('odd 6'), deliveryId: 'ffffffff-ffff-8fff-bfff-ffffffffffff' }),
  oddFact({ requestId: uuidFrom('odd 7'), response: { status: 1e99, headers: {}, body: '', bodyTruncated: false } }),
  // These are odd and still fit: they must be stored.
  oddFact({
    requestId: uuidFrom('odd 8'),
    error: 'NUL \0 and \ud800 alone',
    request: { url: 'http://x/\0', headers: { '\0': '\udfff' } },
  }),
  oddFact({
    requestId: uuidFrom('odd 9'),
    response: { status: 999, headers: { a: '\x1b[31m' }, body: '!!not base64!!', bodyTruncated: true },
  }),
  oddFact({
    requestId: uuidFrom('odd 10'),
    response: { status: 200, headers: {}, body: Buffer.alloc(40_000, 0xff).toString('base64'), bodyTruncated: false },
  }),
];
