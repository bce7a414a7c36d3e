import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MappingTrialView } from '@millrace/protocol';
import { bundledWorker } from './bundled-worker.fixture';
import { MappingThread, THREAD_LIMITS, type ThreadLimits } from './mapping-thread';
import type { CheckTask, MappingWork, TrialTask } from './mapping-work';
import { openMappingWork } from './open-mapping-work';

const PRESS = `
apiVersion: ingest/v1
machine: { id: P-1, tenant: acme }
sources: { plc: { type: http } }
signals: { word: { source: plc, path: word, type: string } }
rules:
  - { id: status, kind: stateMap, input: word, map: { BUSY: running, REST: idle } }
tests:
  - { feed: day.ndjson, expect: [{ type: machine.status_changed, data: { current: running } }] }
`;
const check = (over: Partial<CheckTask['document']> = {}, tenant = 'acme'): CheckTask => ({
  kind: 'check',
  tenant,
  document: {
    format: 'yaml',
    text: PRESS,
    attachments: new Map([['day.ndjson', '{"alias":"word","value":"BUSY"}']]),
    ...over,
  },
});
const trial = (signals: TrialTask['signals']): TrialTask => ({
  kind: 'trial',
  tenant: 'acme',
  document: { format: 'yaml', text: PRESS },
  signals,
  afterEndMs: undefined,
});
const list = (...items: unknown[]): TrialTask['signals'] => ({ kind: 'list', text: JSON.stringify(items) });

let worker: string;
beforeAll(async () => {
  worker = await bundledWorker();
});
afterAll(() => rm(dirname(worker), { recursive: true }));

describe.each([
  ['in this thread', () => openMappingWork(null)],
  ['in a thread of its own', () => openMappingWork(worker)],
])('work on mappings %s', (_where, open) => {
  let work: MappingWork;
  beforeAll(() => {
    work = open();
  });
  afterAll(() => work.close());

  it('checks a document and runs its tests', async () => {
    expect(await work.run(check())).toMatchObject({
      kind: 'checked',
      name: 'P-1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      machines: [{ machine: 'P-1', hash: expect.any(String) }],
      tests: [{ passed: true, events: 1 }],
    });
    expect(await work.run(check({ attachments: new Map() }))).toMatchObject({
      tests: [{ passed: false, failures: [{ code: 'attachment', line: 9, column: 13 }] }],
    });
  });

  it('refuses with the place', async () => {
    expect(await work.run(check({ text: PRESS.replace('stateMap', 'statMap') }))).toMatchObject({
      kind: 'refused',
      problems: [{ line: 7, column: 25, path: 'rules[0].kind', code: 'unknown_kind' }],
    });
    for (const task of [check({}, 'globex'), { ...trial(list()), tenant: 'globex' }])
      expect(await work.run(task)).toMatchObject({
        kind: 'refused',
        problems: [{ line: 3, column: 29, path: 'machine.tenant', code: 'other_tenant' }],
      });
  });

  it.each([
    ['a list', list({ alias: 'word', value: 'BUSY' }, 5)],
    ['NDJSON', { kind: 'ndjson', text: '{"alias":"word","value":"BUSY"}\n5\n' } as const],
  ])('folds %s', async (_form, signals) => {
    const outcome = await work.run(trial(signals));
    if (outcome.kind !== 'tried') throw new Error(outcome.kind);
    expect(JSON.parse(new TextDecoder().decode(outcome.json)) as MappingTrialView).toMatchObject({
      events: [{ signal: 0, type: 'machine.status_changed', data: { current: 'running' } }],
      signals: 1,
      rejected: [{ line: 2 }],
      machines: [{ machine: 'P-1', status: 'running' }],
    });
  });

  it('says what is too large', async () => {
    const signals = { kind: 'ndjson', text: '\n{}'.repeat(100_001) } as const;
    expect(await work.run(trial(signals))).toEqual({
      kind: 'too-large',
      detail: 'has 100001 signals; 100000 are allowed',
    });
  });
});

/** A program that does what the text of a document says. */
const OBEDIENT = `
const { parentPort, threadId } = require('node:worker_threads');
const hoard = [];
parentPort.on('message', ({ document }) => {
  const word = document.text;
  if (word === 'spin') for (;;);
  if (word === 'hoard') for (;;) hoard.push(new Array(10_000).fill(word));
  if (word === 'throw') throw new Error('broken');
  if (word === 'exit') process.exit(3);
  parentPort.postMessage({ kind: 'checked', name: word, threadId, secrets: Object.keys(process.env).length });
});
`;

describe('a thread for mappings', () => {
  let folder: string;
  let threads: MappingThread[] = [];
  const threadOf = (limits: Partial<ThreadLimits> = {}) => {
    const thread = new MappingThread(join(folder, 'obedient.cjs'), { ...THREAD_LIMITS, ...limits });
    threads.push(thread);
    return thread;
  };
  const say = (thread: MappingThread, word: string, tenant = 'acme') => thread.run(check({ text: word }, tenant));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-thread-'));
    await writeFile(join(folder, 'obedient.cjs'), OBEDIENT);
  });
  afterEach(async () => {
    await Promise.all(threads.map((thread) => thread.close()));
    threads = [];
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is one for all tasks, one after the other, and knows nothing of the service', async () => {
    const thread = threadOf();
    const answers = await Promise.all(['a', 'b', 'c'].map((word) => say(thread, word)));
    expect(answers).toMatchObject(['a', 'b', 'c'].map((name) => ({ name, secrets: 0 })));
    expect(new Set(answers.map((answer) => (answer as unknown as { threadId: number }).threadId)).size).toBe(1);
  });

  it.each([
    ['spin', { withinMs: 300 }, { problem: { code: 'too_large', detail: expect.stringContaining('more than 0.3 s') } }],
    ['hoard', { memoryMb: 32 }, { problem: { code: 'too_large', detail: expect.stringContaining('more than 32 MB') } }],
    ['throw', {}, { message: expect.stringContaining('failed: Error: broken') }],
    ['exit', {}, { message: expect.stringContaining('ended by itself, with 3') }],
  ])('answers what is lost with it (%s), and the next task has a new one', async (word, limits, told) => {
    const thread = threadOf(limits);
    const lost = say(thread, word);
    const next = say(thread, 'next');
    await expect(lost).rejects.toMatchObject(told);
    expect(await next).toMatchObject({ name: 'next' });
  });

  it('lets so many wait, of one tenant not all of them', async () => {
    const thread = threadOf({ waiting: 3, waitingOfTenant: 2, withinMs: 500 });
    const lost = say(thread, 'spin');
    const waiting = [say(thread, 'a'), say(thread, 'b')];
    await expect(say(thread, 'c')).rejects.toMatchObject({ problem: { code: 'rate_limited', status: 429 } });
    waiting.push(say(thread, 'd', 'globex'));
    await expect(say(thread, 'e', 'initech')).rejects.toMatchObject({ problem: { code: 'rate_limited' } });
    await expect(lost).rejects.toMatchObject({ problem: { code: 'too_large' } });
    expect(await Promise.all(waiting)).toMatchObject([{ name: 'a' }, { name: 'b' }, { name: 'd' }]);
  });

  it('ends when nothing comes, and again begins', async () => {
    const thread = threadOf({ idleMs: 1 });
    const ids = new Set<number>();
    // Between two tasks it may or may not have ended; both are answered, and sooner or later by another thread.
    while (ids.size < 2) {
      ids.add(((await say(thread, 'a')) as unknown as { threadId: number }).threadId);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it('tells whoever waits that it closes', async () => {
    const thread = threadOf();
    const lost = [say(thread, 'spin'), say(thread, 'a')].map((one) =>
      expect(one).rejects.toMatchObject({ problem: { code: 'unavailable' } }),
    );
    await thread.close();
    await Promise.all(lost);
    await expect(say(thread, 'a')).rejects.toMatchObject({ problem: { code: 'unavailable' } });
  });
});
