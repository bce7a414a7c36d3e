import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptView, DeliveryDetailView, DeliveryView } from '@millrace/protocol';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';

jest.setTimeout(60_000);

const KEY = 'mr_test_key';
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e\u0000\u001b[31m';
const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();
const idOf = (n: number) => `0199c1a2-7c3d-8abc-9def-${String(n).padStart(12, '0')}`;

const delivery = (n: number, over: Partial<DeliveryView> = {}): DeliveryView => ({
  id: idOf(n),
  eventId: `evt_${n}`,
  eventType: ['machine.status_changed', 'production.run_completed', 'machine.alarm', 'quality.inspection_failed'][
    n % 4
  ]!,
  subject: null,
  endpointId: `ep_${['mes', 'erp', 'andon'][n % 3]}_7Q2M`,
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

/** What the view of one delivery has beside its attempts. */
const place = { epoch: 0, sequence: null, previousEventId: null, behind: null, commands: [] } as const;

const attempt = (number: number, over: Partial<AttemptView> = {}): AttemptView => ({
  epoch: 0,
  number,
  requestId: idOf(9000 + number),
  startedAt: at(100 - number),
  durationMs: 117,
  request: {
    url: 'https://erp.example/hooks/millrace',
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'evt_3',
      'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
    },
    body: '{"id":"evt_3","type":"machine.alarm","timestamp":"2026-02-17T13:59:55Z","data":{"machine":"press-4","force":14400.0,"codes":[],"text":"Guard \\"open\\""}}',
    bodyMissing: null,
  },
  response: {
    status: 200,
    headers: { 'content-type': 'text/plain', server: 'nginx' },
    body: 'ok',
    bodyTruncated: false,
  },
  outcome: 'success',
  error: null,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  ...over,
});

let server: ConsoleServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let deliveries: DeliveryView[];
let details: Map<string, DeliveryDetailView>;
/** Looked at by people; a run leaves its own. */
const pictures = join(tmpdir(), 'millrace-console');

beforeAll(async () => {
  server = await ConsoleServer.start();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  deliveries = [
    delivery(1),
    delivery(2, {
      status: 'retrying',
      attemptCount: 2,
      requestCount: 2,
      lastOutcome: 'http_503',
      nextAttemptAt: at(-240),
      completedAt: null,
    }),
    delivery(3, {
      status: 'failed',
      statusReason: 'exhausted',
      attemptCount: 3,
      requestCount: 4,
      lastOutcome: 'timeout',
    }),
    delivery(4, {
      status: 'parked',
      statusReason: 'endpoint_paused',
      attemptCount: 0,
      requestCount: 0,
      lastOutcome: null,
      completedAt: null,
    }),
    delivery(5, { status: 'pending', attemptCount: 1, lastOutcome: null, completedAt: null }),
    delivery(6, { status: 'cancelled', statusReason: 'endpoint_deleted', lastOutcome: 'http_500' }),
    delivery(7, { status: 'expired', attemptCount: 9, requestCount: 9, lastOutcome: 'dns' }),
    ...Array.from({ length: 20 }, (_, n) => delivery(n + 8)),
  ];
  details = new Map(deliveries.map((each) => [each.id, { ...each, ...place, attempts: [attempt(1)] }]));
  details.set(idOf(3), {
    ...deliveries[2]!,
    ...place,
    attempts: [
      attempt(1, {
        outcome: 'http_500',
        response: { status: 500, headers: { 'x-odd': HOSTILE }, body: HOSTILE, bodyTruncated: true },
      }),
      attempt(2, { requestId: idOf(9), outcome: 'unknown', response: null, durationMs: null }),
      attempt(3, { outcome: 'timeout', response: null, durationMs: 15_002, error: 'no answer within 15 s' }),
    ],
  });
  server.requests.length = 0;
  server.api = (path, authorization) => {
    if (authorization !== `Bearer ${KEY}`) return { status: 401, body: { code: 'unauthenticated' } };
    if (!path.pathname.startsWith('/v1/deliveries')) return { status: 200, body: { data: [], nextCursor: null } };
    const id = path.pathname.split('/')[3];
    if (id !== undefined)
      return details.has(id) ? { status: 200, body: details.get(id) } : { status: 404, body: { code: 'not_found' } };
    const status = path.searchParams.get('status');
    return {
      status: 200,
      body: { data: deliveries.filter((each) => status === null || each.status === status), nextCursor: null },
    };
  };
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
});

const rows = () => page.locator('#rows tr');
/** Asked from here: the page's policy lets nothing be evaluated in it again and again. */
const rowCount = (count: number) => eventually(async () => (await rows().count()) === count, `${count} rows`, 10_000);
const open = async (hash = `#key=${KEY}`) => {
  await page.goto(`${server.url}/${hash}`);
};

it('takes the key from the address, removes it at once and keeps it in memory only', async () => {
  await open();
  await rows().first().waitFor();
  expect(page.url()).toBe(`${server.url}/`);
  const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
  expect(stored).toBe('[{},{},""]');
  await page.reload();
  await page.locator('#key-form').waitFor();
  expect(await rows().count()).toBe(0);
});

it('asks for a key, says what is wrong with it, and takes a right one', async () => {
  await open('');
  await page.fill('#key', 'mr_wrong');
  await page.keyboard.press('Enter');
  await page.getByText('This key is not valid').waitFor();
  await page.screenshot({ path: join(pictures, 'sign-in.png') });
  await page.fill('#key', KEY);
  await page.keyboard.press('Enter');
  await rows().first().waitFor();
  expect(await page.inputValue('#key')).toBe('');
});

it('shows a new delivery and a changed one without a reload', async () => {
  await open();
  await rows().nth(26).waitFor();
  deliveries = [delivery(90, { eventType: 'order.created', createdAt: at(0) }), ...deliveries];
  deliveries[2] = { ...deliveries[2]!, status: 'succeeded', attemptCount: 3, lastOutcome: 'success' };
  await page.getByText('order.created').waitFor();
  expect(await rows().nth(0).textContent()).toContain('order.created');
  expect(await rows().nth(2).textContent()).toMatch(/succeeded[\s\S]*3[\s\S]*success/);
});

it('is worked by keys alone', async () => {
  await open();
  await rows().first().waitFor();
  for (const key of ['j', 'j', 'ArrowDown', 'k', 'j', 'Enter']) await page.keyboard.press(key);
  await page.locator('#detail .attempt').first().waitFor();
  expect(await page.locator('#detail h2').textContent()).toBe(deliveries[2]!.eventType);
  expect(page.url()).toContain(`#/deliveries/${idOf(3)}`);
  await page.keyboard.press('Escape');
  expect(await page.locator('#detail').isHidden()).toBe(true);
  await page.keyboard.press('/');
  await page.keyboard.type('ep_andon');
  await rowCount(9);
  await page.keyboard.press('Escape');
  await rowCount(27);
});

it('filters by status at the server', async () => {
  await open();
  await rows().first().waitFor();
  await page.getByRole('button', { name: 'Parked' }).click();
  await rowCount(1);
  expect(server.requests.some((path) => path.includes('status=parked'))).toBe(true);
  deliveries = [];
  await page.getByText('No delivery is parked').waitFor();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.getByText('No deliveries yet').waitFor();
});

describe('older deliveries', () => {
  /** Pages of ten by the place of the first row; `hold` keeps an older page back until it is called. */
  const inPages = () => {
    let release: () => void = () => undefined;
    let held: Promise<void> = Promise.resolve();
    server.api = async (path) => {
      if (path.pathname !== '/v1/deliveries') return { status: 200, body: { data: [], nextCursor: null } };
      const status = path.searchParams.get('status');
      const all = deliveries.filter((each) => status === null || each.status === status);
      const from = Number(path.searchParams.get('cursor') ?? 0);
      if (from > 0) await held;
      const data = all.slice(from, from + 10);
      return { status: 200, body: { data, nextCursor: from + 10 < all.length ? String(from + 10) : null } };
    };
    return {
      hold: () => {
        held = new Promise((resolve) => {
          release = resolve;
        });
      },
      release: () => release(),
    };
  };
  const older = () => page.getByRole('button', { name: 'Show older deliveries' });
  const ids = () => rows().evaluateAll((all) => all.map((row) => row.getAttribute('data-id')));

  it('are said to be no longer live, and stay whole while new ones come', async () => {
    inPages();
    await open();
    await rowCount(10);
    await older().click();
    await rowCount(20);
    await page.getByText(/^20 shown: the newest 10 live, 10 older as they were at /).waitFor();
    deliveries = [delivery(0, { id: idOf(500), createdAt: at(0) }), ...deliveries];
    await rowCount(21);
    expect(await ids()).toEqual(deliveries.slice(0, 21).map(({ id }) => id));
  });

  it('of a status stay whole too', async () => {
    inPages();
    await open();
    await page.getByRole('button', { name: 'Succeeded' }).click();
    await older().click();
    const succeeded = () => deliveries.filter(({ status }) => status === 'succeeded');
    await rowCount(20);
    deliveries = [delivery(0, { id: idOf(500), createdAt: at(0) }), ...deliveries];
    await rowCount(21);
    expect(await ids()).toEqual(
      succeeded()
        .slice(0, 21)
        .map(({ id }) => id),
    );
  });

  it('are let go where new ones would leave a gap above them', async () => {
    inPages();
    await open();
    await older().click();
    await rowCount(20);
    deliveries = [
      ...Array.from({ length: 15 }, (_, n) => delivery(0, { id: idOf(600 - n), createdAt: at(0) })),
      ...deliveries,
    ];
    await rowCount(10);
    expect(await ids()).toEqual(deliveries.slice(0, 10).map(({ id }) => id));
  });

  it('that come late are not put into another list', async () => {
    const pages = inPages();
    await open();
    await rowCount(10);
    pages.hold();
    await older().click();
    await page.getByRole('button', { name: 'Parked' }).click();
    await rowCount(1);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await rowCount(10);
    const before = server.requests.length;
    pages.release();
    await eventually(() => older().isEnabled(), 'the late page');
    await eventually(() => server.requests.length >= before + 2, 'two more polls');
    expect(await rows().count()).toBe(10);
  });
});

it('shows what a receiver sent as text and nothing else', async () => {
  await open();
  await rows().nth(2).click();
  await page.locator('#detail .attempt').nth(2).waitFor();
  for (const at of [1, 2]) await page.locator('.attempt summary').nth(at).click();
  expect(await page.locator('#detail pre').last().textContent()).toContain('<script>window.hacked=1</script>');
  expect(await page.locator('#detail .headers').last().textContent()).toContain('onerror');
  expect(
    await page.evaluate("[window.hacked, document.querySelectorAll('#detail img, #detail script').length]"),
  ).toEqual([undefined, 0]);
  expect(await page.locator('#detail').textContent()).toContain('The receiver may have had this request');
});

it('tells the attempts of a retry that somebody asked for from those before', async () => {
  const known = details.get(idOf(3))!;
  await open(`#key=${KEY}`);
  await rows().nth(2).click();
  await page.locator('#detail .attempt').nth(2).waitFor();
  const names = () => page.locator('.attempt summary strong').allTextContents();
  expect(await names()).toEqual(['#3', '#2', '#1']);
  details.set(idOf(3), {
    ...known,
    epoch: 2,
    attempts: [...known.attempts, attempt(1, { epoch: 2, requestId: idOf(77) })],
  });
  await page.getByText('Round 2, #1').waitFor();
  expect(await names()).toEqual(['Round 2, #1', 'Round 1, #3', 'Round 1, #2', 'Round 1, #1']);
});

it('shows the numbers of a body as they were sent', async () => {
  await open();
  await rows().first().click();
  const body = page.locator('#detail pre').first();
  await body.waitFor();
  expect(await body.textContent()).toContain('"force": 14400.0,\n    "codes": [],\n    "text": "Guard \\"open\\""');
});

it('keeps an opened attempt open while new facts come in', async () => {
  await open();
  await rows().nth(2).click();
  const second = page.locator('.attempt').nth(1);
  await second.locator('summary').click();
  const known = details.get(idOf(3))!;
  details.set(idOf(3), {
    ...known,
    attemptCount: 4,
    attempts: [...known.attempts, attempt(4, { requestId: idOf(44) })],
  });
  await page.getByText('#4').waitFor();
  expect(await page.locator('.attempt').nth(2).getAttribute('open')).toBe('');
});

it('says plainly that the connection is lost, and goes on by itself', async () => {
  await open();
  await rows().first().waitFor();
  const working = server.api;
  server.api = () => null;
  await page.getByText('The server cannot be reached.').waitFor();
  expect(await page.locator('#trouble').textContent()).toMatch(/Trying again\. What you see is from \d/);
  expect(await rows().count()).toBe(27);
  await page.screenshot({ path: join(pictures, 'lost.png') });
  server.api = () => ({ status: 503, body: { code: 'unavailable', detail: 'The history cannot be read now.' } });
  await page.getByText('The history cannot be read now.').waitFor();
  server.api = working;
  await page.locator('#trouble').waitFor({ state: 'hidden' });
});

it('asks nothing while the page is hidden', async () => {
  await open();
  await rows().first().waitFor();
  const hide = (hidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));`);
  await hide(true);
  const before = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(server.requests.length).toBeLessThanOrEqual(before + 1);
  expect(await page.locator('#live-text').textContent()).toBe('Paused');
  await hide(false);
  await page.getByText('Live', { exact: true }).waitFor();
  expect(server.requests.length).toBeGreaterThan(before);
});

it.each(['light', 'dark'] as const)('reads well in %s', async (colorScheme) => {
  await page.emulateMedia({ colorScheme });
  await open();
  await rows().nth(2).click();
  await page.locator('#detail .attempt').nth(2).waitFor();
  await page.screenshot({ path: join(pictures, `detail-${colorScheme}.png`) });
  expect(await lowContrast()).toEqual([]);
  await page.keyboard.press('Escape');
  await page.screenshot({ path: join(pictures, `list-${colorScheme}.png`) });
  await page.setViewportSize({ width: 390, height: 780 });
  await page.screenshot({ path: join(pictures, `small-${colorScheme}.png`) });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
});

/** Texts that miss WCAG AA (4.5) against the ground that they stand on. */
const lowContrast = async (): Promise<string[]> =>
  page.evaluate<string[]>(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'));
