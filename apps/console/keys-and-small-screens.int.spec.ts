import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';
import { at, FakeSite, KEY, machine, quarantined, source } from './test/fake-site';

jest.setTimeout(60_000);

const VIEWS = { d: 'deliveries', e: 'endpoints', x: 'exports', m: 'machines', s: 'sources', q: 'quarantine' };
const pictures = join(tmpdir(), 'millrace-console');

let server: ConsoleServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  server = await ConsoleServer.start();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  const site = new FakeSite(server);
  site.machines = [machine('roll-former-at-the-north-gate')];
  site.sources = [source('roll-forming-line-of-plant-a')];
  site.quarantine = [quarantined(1, { at: at(120) })];
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
  await page.goto(`${server.url}/#key=${KEY}`);
  await page.locator('#deliveries-view').waitFor();
});
afterEach(async () => {
  await context.close();
});

it('tells all its keys in every view, by a key and by the mouse', async () => {
  const dialog = page.locator('#dialog');
  for (const [letter, view] of Object.entries(VIEWS)) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await page.locator(`#${view}-view`).waitFor();
    await page.keyboard.press('?');
    await dialog.getByText('Go to quarantine').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.locator(`#${view}-view`).getByRole('button', { name: '? all keys' }).click();
    await dialog.getByRole('button', { name: 'Close' }).waitFor();
    expect(await dialog.locator('dt').allTextContents()).toEqual(
      expect.arrayContaining(Object.values(VIEWS).map((name) => `Go to ${name}`)),
    );
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
  }
  await page.keyboard.press('?');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(pictures, `keys-${colorScheme}.png`) });
    expect(await page.evaluate(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'))).toEqual([]);
  }
});

/** Runs in the page, which tells of the end of the first dialog when the second is open already. */
const AT_ONCE = `new Promise((resolve) => {
  const dialog = document.getElementById('dialog');
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  press('?');
  dialog.close();
  press('?');
  dialog.addEventListener('close', resolve, { once: true });
})`;

it('shows what is opened in the moment in which another one closes', async () => {
  await page.evaluate(AT_ONCE);
  await page.locator('#dialog').getByText('Go to quarantine').waitFor({ timeout: 2_000 });
});

/** Runs in the page: the last cells that are seen in the first row and the head, with what of them is cut or at the edge. */
const CUT = `[...document.querySelectorAll('.list:not([hidden]) table tr')].flatMap((row) => {
  const last = [...row.children].filter((cell) => cell.offsetParent !== null).at(-1);
  const range = document.createRange();
  range.selectNodeContents(last);
  return last.scrollWidth > last.clientWidth || range.getBoundingClientRect().right > innerWidth - 12 ? [last.textContent] : [];
})`;

it.each([360, 390])('keeps everything on a screen of %i px, with the tab of the view in sight', async (width) => {
  await page.setViewportSize({ width, height: 780 });
  for (const view of Object.values(VIEWS)) {
    await page.goto(`${server.url}/#/${view}`);
    await page.locator(`#${view}-view`).waitFor();
    await eventually(
      async () => (await page.locator('.list:not([hidden]) :is(tbody tr, .empty:not([hidden]))').count()) > 0,
      view,
    );
    const tab = await page.locator(`#to-${view}`).boundingBox();
    expect(tab!.x).toBeGreaterThanOrEqual(0);
    expect(tab!.x + tab!.width).toBeLessThanOrEqual(width);
    if (view !== 'exports') expect({ view, cut: await page.evaluate(CUT) }).toEqual({ view, cut: [] });
    await page.screenshot({ path: join(pictures, `small-${view}-${width}.png`) });
  }
});
