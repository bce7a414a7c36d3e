import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportEventView } from '@millrace/protocol';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';
import { at, deliveryIdOf, FakeSite, HOSTILE, invalid, KEY } from './test/fake-site';

jest.setTimeout(60_000);

let server: ConsoleServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let site: FakeSite;
const pictures = join(tmpdir(), 'millrace-console');

const event = (n: number, over: Partial<ExportEventView> = {}): ExportEventView => ({
  id: deliveryIdOf(n),
  exportId: 'ex_1',
  eventId: `evt_${n}`,
  bundle: { BundleCode: `12345-0${n}`, JobId: 'Jobs/12345', EndTime: '2026-02-17T09:30:00' },
  status: 'succeeded',
  attempts: 1,
  lastOutcome: 'success',
  nextAttemptAt: null,
  createdAt: at(n * 9),
  completedAt: at(n * 9),
  ...over,
});

beforeAll(async () => {
  server = await ConsoleServer.start();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  site = new FakeSite(server);
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
});

const rows = () => page.locator('#event-rows tr');
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const open = async (hash: string) => {
  await page.goto(`${server.url}/#key=${KEY}`);
  await page.goto(`${server.url}/#/${hash}`);
};
const setUp = () => {
  site.connections = [
    {
      id: 'cn_1',
      name: 'ERP',
      connectionType: 'API Connection',
      baseUrl: 'https://erp.example/bundles',
      hasBearerToken: true,
      createdAt: at(9),
      updatedAt: at(9),
    },
  ];
  site.exports = [
    {
      id: 'ex_1',
      implementation: 'Bundle Complete Webhook',
      connectionId: 'cn_1',
      endpointId: 'ep_1',
      active: true,
      status: 'down',
      statusSince: at(300),
      nextProbeAt: at(-500),
      queued: 4,
      createdAt: at(9),
    },
  ];
  site.events = [
    event(1),
    event(2, { status: 'retrying', attempts: 3, lastOutcome: 'http_503', nextAttemptAt: at(-300), completedAt: null }),
    event(3, { status: 'expired', attempts: 0, lastOutcome: null }),
  ];
};

it('sets up an export in two steps, with the problems of each at its fields', async () => {
  await open('exports');
  await page.getByText('Two steps: first an API connection').waitFor();
  expect(await page.getByRole('button', { name: 'New export' }).isDisabled()).toBe(true);
  await page.keyboard.press('n');
  await page.getByLabel('Name', { exact: true }).waitFor();
  site.answers.set('POST /v1/connections', invalid('baseUrl', 'must be a URL'));
  await page.keyboard.type('ERP');
  await page.getByLabel('API base URL').fill('erp');
  await page.keyboard.press('Enter');
  await page.locator('[data-name="baseUrl"] .problem', { hasText: 'Must be a URL.' }).waitFor();
  site.answers.clear();
  await page.getByLabel('API base URL').fill('https://erp.example/bundles');
  await page.getByLabel('Bearer token').fill('t0ken');
  await page.keyboard.press('Enter');
  await page.getByText('Step 2 of 2').waitFor();
  expect(site.changes.at(-1)?.body).toEqual({
    name: 'ERP',
    baseUrl: 'https://erp.example/bundles',
    bearerToken: 't0ken',
  });
  await page.getByLabel('Implementation').waitFor();
  await press('Create export');
  expect(await page.getByLabel('The secret, shown this once').inputValue()).toBe('whsec_of_export');
  expect(site.changes.at(-1)?.body).toEqual({ implementation: 'Bundle Complete Webhook', connectionId: 'cn_1' });
  const notice = page.getByRole('region', { name: 'Secret' });
  expect(await notice.textContent()).toMatch(
    /checks the bearer token.*only for the optional headers of Standard Webhooks/,
  );
  expect(await notice.textContent()).not.toContain('The receiver checks signatures');
  expect(await page.content()).not.toContain('t0ken');
});

it('says why no new export can be made', async () => {
  await open('exports');
  const button = page.getByRole('button', { name: 'New export' });
  await page.getByText('An export needs a connection: make one first.').waitFor();
  expect(await button.getAttribute('title')).toBe('An export needs a connection: make one first.');
  setUp();
  await page.getByText('Every connection has its export: for another, make a new connection first.').waitFor();
  expect(await button.getAttribute('title')).toMatch(/^Every connection has its export/);
  expect(await button.isDisabled()).toBe(true);
  site.exports = [];
  await page.locator('#new-export-why').waitFor({ state: 'hidden' });
  expect(await button.isEnabled()).toBe(true);
  expect(await button.getAttribute('title')).toBe('');
});

it('says at every empty field of a connection that it is empty, and asks the server nothing', async () => {
  await open('exports/connections/new');
  await page.getByLabel('Name', { exact: true }).waitFor();
  await press('Create connection');
  await page.locator('[data-name="name"] .problem', { hasText: 'Give the connection a name.' }).waitFor();
  await page.locator('[data-name="baseUrl"] .problem', { hasText: 'Say which URL bundles are POSTed to.' }).waitFor();
  expect(site.changes).toEqual([]);
});

it('shows whether the receiver is down, the next try and how many bundles wait', async () => {
  setUp();
  await open('exports');
  const card = page.locator('.card-row');
  await card.getByText(/next try in 8 min, 4 bundles queued/).waitFor();
  expect(await card.textContent()).toContain('down');
  await page.getByRole('link', { name: 'ERP' }).click();
  await page.locator('#detail').getByText('4 bundles').waitFor();
  await press('Try now');
  await page.getByText('Queued bundles go out now').waitFor();
  expect(site.changes.at(-1)).toMatchObject({ method: 'PATCH', path: '/v1/exports/ex_1', body: { active: true } });
  await press('Delete export…');
  await page.locator('#dialog').getByText('4 queued bundles and whatever is to be retried are cancelled').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  expect(await page.locator('#detail').isHidden()).toBe(true);
});

it('lists export events by bundle, with attempts and a log, and retries and cancels single ones', async () => {
  setUp();
  await open('exports');
  await rows().nth(2).waitFor();
  expect(await rows().nth(1).textContent()).toMatch(/retrying.*12345-02.*Jobs\/12345.*3.*HTTP 503.*in (4|5) min/s);
  for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key);
  await page.locator('.log li').first().waitFor();
  expect(await page.locator('#detail').textContent()).toMatch(/12345-02.*after 3 attempts.*#1 HTTP 503/s);
  expect(await page.locator('.log').textContent()).toContain(HOSTILE);
  await press('Retry now');
  await page.getByText('The retry is on its way.').waitFor();
  await press('Cancel it');
  await press('Cancel the export event');
  await page.getByText('The cancellation is on its way.').waitFor();
  await rows().nth(2).click();
  await press('Send all the same…');
  await page.keyboard.type('asked for by the yard');
  await page.keyboard.press('Enter');
  await eventually(async () => site.changes.length === 3, 'three commands');
  expect(site.changes.map(({ path, body }) => [path.replace(/.*export-events/, ''), body])).toEqual([
    [`/${deliveryIdOf(2)}/retry`, null],
    [`/${deliveryIdOf(2)}/cancel`, null],
    [`/${deliveryIdOf(3)}/retry`, { force: true, reason: 'asked for by the yard' }],
  ]);
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

it('shows each half to a key that may see only that', async () => {
  setUp();
  site.scopes = new Set(['deliveries:read']);
  await open('exports');
  await page.getByText('This key may not see connections and exports: it lacks the scope webhooks:read.').waitFor();
  await rows().nth(2).waitFor();
  site.scopes = new Set(['webhooks:read']);
  await page.getByText('It lacks the scope deliveries:read.').waitFor();
  await page.getByRole('link', { name: 'ERP' }).waitFor();
});

it.each(['light', 'dark'] as const)('reads well in %s, wide and narrow', async (colorScheme) => {
  setUp();
  await page.emulateMedia({ colorScheme });
  for (const [name, hash, ready] of [
    ['exports', 'exports', '#event-rows tr'],
    ['export', 'exports/cn_1', '.facts'],
    ['export-event', `exports/events/${deliveryIdOf(2)}`, '.log li'],
    ['connection', 'exports/connections/new', '.form'],
  ] as const) {
    await open(hash);
    await page.locator(ready).first().waitFor();
    for (const [size, width] of [
      ['wide', 1360],
      ['narrow', 360],
    ] as const) {
      await page.setViewportSize({ width, height: 780 });
      await page.screenshot({ path: join(pictures, `${name}-${size}-${colorScheme}.png`) });
      expect(await page.evaluate(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'))).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await page.setViewportSize({ width: 1360, height: 820 });
  }
});
