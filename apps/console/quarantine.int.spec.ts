import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';
import { FakeSite, HOSTILE, KEY, quarantined } from './test/fake-site';

jest.setTimeout(60_000);

let server: ConsoleServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let site: FakeSite;
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
  site = new FakeSite(server);
  site.quarantine = [
    quarantined(1),
    quarantined(2, { code: 'unknown_tenant', detail: HOSTILE, value: HOSTILE, preview: HOSTILE }),
    quarantined(3, {
      id: 'signals-0-3',
      list: 'signals',
      code: 'decode_error',
      detail: 'Not a Sparkplug payload: the message ends in the middle of a metric.',
      origin: { topic: 'line-1/PlantA/RollForm/0', partition: 0, offset: '42' },
      redrivable: false,
      notRedrivable: 'These are bytes that a source could not read. Send what they mean to `POST /v1/signals`.',
      value: null,
      valueBase64: '/wBB',
      preview: '\\xff\\x00A',
      key: null,
      headers: {},
    }),
    quarantined(4, { state: 'redriven' }),
  ];
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
  await page.goto(`${server.url}/#key=${KEY}`);
  await page.goto(`${server.url}/#/quarantine`);
});
afterEach(async () => {
  await context.close();
});

const rows = () => page.locator('#quarantine-rows tr');
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

it('shows what is open, with the reason in words, and never runs what stands in it', async () => {
  await rows().nth(2).waitFor();
  expect(await rows().allTextContents()).toHaveLength(3);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const detail = page.locator('#detail');
  await detail.getByText('unknown tenant').waitFor();
  expect(await detail.locator('pre').textContent()).toBe(HOSTILE);
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  await page.keyboard.press('j');
  await detail.getByText('Send what they mean to').waitFor();
  expect(await detail.getByRole('link', { name: 'line-1', exact: true }).getAttribute('href')).toBe('#/sources/line-1');
  await detail.getByText('PlantA/RollForm/0', { exact: true }).waitFor();
  expect(await rows().nth(2).locator('td').nth(3).textContent()).toBe('line-1');
  expect(await detail.getByRole('button', { name: 'Drive it again' }).count()).toBe(0);
  expect(await detail.locator('pre').textContent()).toBe('\\xff\\x00A');
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1360, 360]) {
      await page.setViewportSize({ width, height: 820 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `quarantine-${width}-${colorScheme}.png`) });
      expect(await page.evaluate(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'))).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
});

it('drives one again, and it leaves the list of what is open', async () => {
  await rows().first().click();
  await press('Drive it again');
  await page.getByText('On its way again, to millrace.events.mes.').waitFor();
  expect(site.changes).toMatchObject([{ path: '/v1/quarantine/events-0-1/redrive', body: {} }]);
  await eventually(async () => (await rows().count()) === 2, 'the record to leave the list');
  await page.locator('#detail').getByText('driven again').waitFor();
});

it('corrects one, with the problem of a wrong correction in the dialog', async () => {
  site.answers.set('POST /v1/quarantine/events-0-1/redrive', {
    status: 409,
    body: { code: 'still_refused', detail: 'It would be refused again (not_json): The value is not JSON.' },
  });
  await rows().first().click();
  await press('Correct it…');
  const text = page.locator('#dialog textarea').first();
  expect(await text.inputValue()).toBe('{"good":');
  await page.locator('#dialog [type="submit"]').click();
  await page.locator('#dialog').getByText('It would be refused again').waitFor();
  site.answers.clear();
  await text.fill('{"good":1}');
  await page.locator('#dialog input').fill('a cut line');
  await page.screenshot({ path: join(pictures, 'quarantine-correct.png') });
  await page.locator('#dialog [type="submit"]').click();
  await page.getByText('Corrected, and on its way again.').waitFor();
  expect(site.changes.at(-1)).toMatchObject({ body: { value: '{"good":1}', reason: 'a cut line' } });
});

it('corrects headers, where the attributes of an event may be what is wrong, and sends only those', async () => {
  await rows().first().click();
  await press('Correct it…');
  const headers = page.locator('#dialog textarea').nth(1);
  expect(JSON.parse(await headers.inputValue())).toEqual({ ce_id: 'e-1', ce_type: 'machine.alarm' });
  await headers.fill('{"ce_id": ');
  await page.locator('#dialog [type="submit"]').click();
  await page.locator('#dialog').getByText('This is not JSON').waitFor();
  await headers.fill('{"ce_id": "e-1", "ce_specversion": "1.0"}');
  await page.screenshot({ path: join(pictures, 'quarantine-correct-headers.png') });
  await page.locator('#dialog [type="submit"]').click();
  await page.getByText('Corrected, and on its way again.').waitFor();
  expect(site.changes.at(-1)?.body).toEqual({ headers: { ce_specversion: '1.0', ce_type: null } });
});

it('counts before it drives all of them again', async () => {
  await rows().first().waitFor();
  await press('Drive all again…');
  await page.locator('#dialog').getByText('Drive 2 records again?').waitFor();
  await page.locator('#dialog').getByText('1 other cannot').waitFor();
  expect(site.changes.at(-1)).toMatchObject({ body: { list: 'events', dryRun: true } });
  await page.locator('#dialog [type="submit"]').click();
  await page.getByText('2 records on the way again.').waitFor();
});

it('sets one aside with a reason, and finds it under its state', async () => {
  await rows().nth(2).click();
  await press('Set it aside…');
  await page.locator('#dialog input').fill('a loose cable');
  await page.locator('#dialog [type="submit"]').click();
  await page.getByText('Set aside.').waitFor();
  await press('Discarded');
  await eventually(async () => (await rows().count()) === 1, 'the discarded record to be listed');
  expect(page.url()).toContain('state=discarded');
  await rows().first().click();
  await page.locator('#detail').getByText('a loose cable').waitFor();
});

it('leads from a record that came back to the one that was driven again', async () => {
  site.quarantine = [quarantined(7, { redrivenFrom: 'events-0-4' }), ...site.quarantine];
  await rows().first().getByText('came back').waitFor();
  await rows().first().click();
  const detail = page.locator('#detail');
  await detail.getByText('before that it was').waitFor();
  await page.screenshot({ path: join(pictures, 'quarantine-came-back.png') });
  await detail.getByRole('link', { name: 'events-0-4' }).click();
  await detail.getByText('redriven').waitFor();
  expect(page.url()).toContain('#/quarantine/events-0-4?state=all');
});

it('says which scope a key lacks', async () => {
  site.scopes.delete('deliveries:read');
  await page.getByText('This key may not see the quarantine').waitFor();
});
