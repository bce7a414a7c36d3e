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
