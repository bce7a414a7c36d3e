import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScriptedReceiver } from '@millrace/test-environment';
import type { Browser, Page } from 'playwright-core';
import { freeTestPort } from '../../deploy/local/machine/free-port';
import { projectRoot } from '../../deploy/local/machine/project-root';
import { type Origin, startOrigin } from '../../deploy/local/origin/origin';
import { startBrowser } from '../console/test/browser';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

describe('somebody watches deliveries in the console', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  let origin: Origin;
  let address: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.02 });
    receiver = await ScriptedReceiver.start();
    const port = await freeTestPort();
    const at = (name: 'machine-ingest' | 'subscription' | 'delivery' | 'audit-projector') => ({
      host: '127.0.0.1',
      port: Number(new URL(site.service(name).url).port),
    });
    origin = await startOrigin({
      port,
      hosts: ['127.0.0.1'],
      projectRoot: projectRoot(),
      services: {
        'machine-ingest': at('machine-ingest'),
        subscription: at('subscription'),
        delivery: at('delivery'),
        'audit-projector': at('audit-projector'),
      },
    });
    address = `http://127.0.0.1:${port}`;
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1360, height: 820 } });
  });
  afterAll(async () => {
    await browser?.close();
    await origin?.close();
    await receiver?.close();
    await site?.close();
  });

  const row = (type: string) => page.locator('#rows tr', { hasText: type });

  it('opens it with a key, sees deliveries come in and change, and reads one to the end', async () => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${address}/#key=${site.adminKey}`);
    await page.getByText('No deliveries yet').waitFor();
    expect(page.url()).toBe(`${address}/`);

    receiver.respond([
      { status: 503, headers: { 'content-type': 'text/html' }, body: '<script>document.title="hacked"</script>' },
      { status: 200, body: 'thanks' },
    ]);
    await site.createEndpoint(receiver.url, { eventTypes: ['machine.alarm'] });
    await site.publish('{"type":"machine.alarm","data":{"machine":"press-4","force":14400.0}}');
    await row('machine.alarm').getByText('succeeded').waitFor();

    await row('machine.alarm').click();
    await page.locator('.attempt').nth(1).locator('summary').click();
    const detail = page.locator('#detail');
    await detail.getByText('"force": 14400.0').first().waitFor();
    await detail.getByText('<script>document.title="hacked"</script>').waitFor();
    expect(await detail.textContent()).toMatch(/#2success.*#1HTTP 503/s);
    expect(await detail.textContent()).toContain('webhook-signature');
    expect(await page.title()).toBe('Deliveries · Millrace');

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(tmpdir(), 'millrace-console', `story-${colorScheme}.png`) });
    }
    await page.keyboard.press('Escape');
    await site.createEndpoint(`${receiver.url}quality`, { eventTypes: ['quality.passed'] });
    await site.publish({ type: 'quality.passed', data: null });
    await row('quality.passed').waitFor();
    expect(await page.locator('#rows tr').first().textContent()).toContain('quality.passed');
    expect(problems).toEqual([]);
  });

  it('sets up an Eclipse export, and sees the bundle arrive among the export events', async () => {
    const bundles = await ScriptedReceiver.start();
    bundles.respond([{ status: 503 }, { status: 200 }]);
    await page.keyboard.press('g');
    await page.keyboard.press('x');
    await page.getByRole('button', { name: 'New connection' }).click();
    await page.getByLabel('Name', { exact: true }).fill('ERP');
    await page.getByLabel('API base URL').fill('no URL at all');
    await page.getByLabel('Bearer token').fill('t0ken');
    await page.keyboard.press('Enter');
    await page.locator('[data-name="baseUrl"] .problem', { hasText: 'This is not a URL' }).waitFor();
    await page.getByLabel('API base URL').fill(bundles.url);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Create export' }).click();
    await page.getByLabel('The secret, shown this once').waitFor();

    const BundleCode = '12345-01';
    await site.publish({
      type: 'bundle.completed',
      data: { BundleCode, JobId: 'Jobs/12345', ProducedLengthIn: 14400.5 },
    });
    const event = page.locator('#event-rows tr', { hasText: BundleCode });
    await event.getByText('retrying').waitFor();
    await event.click();
    await page.locator('.log', { hasText: 'HTTP 503' }).waitFor();
    await page.getByRole('button', { name: 'Retry now' }).click();
    await page.locator('.log', { hasText: 'Delivered: the endpoint answered 200.' }).waitFor();
    await event.getByText('succeeded').waitFor();
    expect(await page.locator('.log').textContent()).toContain('Retried by admin.');
    expect(bundles.requests.at(-1)?.headers['authorization']).toBe('Bearer t0ken');
    await bundles.close();
  });

  it('creates an endpoint, sends it a test event, and follows it to its delivery', async () => {
    const hooks = await ScriptedReceiver.start();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('button', { name: 'New endpoint' }).click();
    await page.getByLabel('URL', { exact: true }).fill(hooks.url);
    await page.locator('#type-picker').fill('quality.*');
    await page.getByRole('button', { name: 'Create endpoint' }).click();
    await page.getByLabel('The secret, shown this once').waitFor();
    await page.getByRole('button', { name: 'I have kept it' }).click();

    await page.getByRole('button', { name: 'Send test event' }).click();
    await page.getByLabel('Event type', { exact: true }).selectOption('quality.ncr_created');
    await page.getByLabel('Payload').getByText('"quality.ncr_created"').waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.sent .status.succeeded').waitFor();
    expect(JSON.parse(String(hooks.requests[0]?.body))).toMatchObject({ type: 'quality.ncr_created' });
    await page.getByRole('link', { name: 'Its delivery' }).click();
    await page.locator('#detail', { hasText: 'Because ofa test' }).waitFor();
    await page.goBack();

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.locator('#detail .status.paused').waitFor();
    await site.publish({ type: 'quality.passed', data: null });
    await page.getByText('1 delivery, seconds ago').waitFor();
    await page.getByRole('button', { name: 'Activate', exact: true }).click();
    await page.locator('#detail .status.active').waitFor();
    await page.locator('.latest li', { hasText: 'quality.passed' }).getByText('succeeded').waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete the endpoint' }).click();
    await page.locator('#endpoint-rows tr', { hasText: hooks.url.replace(/\/$/, '') }).waitFor({ state: 'detached' });
    await page.goto(`${address}/#/deliveries`);
    await hooks.close();
  });

  it('is told when the history cannot be reached, and when it is back', async () => {
    await site.service('audit-projector').kill();
    await page.locator('#trouble').waitFor();
    await site.service('audit-projector').startAgain();
    await page.locator('#trouble').waitFor({ state: 'hidden' });
    expect(await page.locator('#live-text').textContent()).toBe('Live');
  });

  it('cannot look in with a key that is not valid', async () => {
    await page.goto(`${address}/#key=mr_not_a_key_of_this_site`);
    await page.reload();
    await page.goto(`${address}/#key=mr_not_a_key_of_this_site`);
    await page.getByText('This key is not valid').waitFor();
    expect(await page.locator('#rows tr').count()).toBe(0);
  });
});
