import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';
import { at, delivery, deliveryIdOf, endpoint, FakeSite, HOSTILE, invalid, KEY } from './test/fake-site';

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
  site.endpoints = [
    endpoint(1),
    endpoint(2, {
      contract: 'mes',
      status: 'down',
      statusReason: 'transport',
      nextProbeAt: at(-40),
      parked: 12,
      eventTypes: ['work_order.created'],
    }),
    endpoint(3, { contract: 'nentropy', status: 'disabled', statusReason: 'too_many_failures', parked: 3 }),
    endpoint(4, { status: 'paused', description: 'Night shift' }),
  ];
  server.requests.length = 0;
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
});

const rows = () => page.locator('#endpoint-rows tr');
const rowCount = (count: number) => eventually(async () => (await rows().count()) === count, `${count} rows`, 10_000);
const detail = () => page.locator('#detail');
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const focused = () => page.evaluate<string>('document.activeElement.textContent || document.activeElement.id');
const lowContrast = async (): Promise<string[]> =>
  page.evaluate<string[]>(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'));
/** Controls that a screen reader has no name for. */
const nameless = () =>
  page.evaluate<string[]>(`[...document.querySelectorAll('button, a[href], input, select, summary')]
    .filter((each) => each.checkVisibility() && !each.textContent.trim() && !each.labels?.length && !each.getAttribute('aria-label'))
    .map((each) => each.outerHTML)`);

const open = async (hash: string) => {
  await page.goto(`${server.url}/#key=${KEY}`);
  await page.goto(`${server.url}/#/${hash}`);
};

it('lists what each endpoint is, why and since when, and how much waits', async () => {
  await open('endpoints');
  await rowCount(4);
  const texts = await rows().allTextContents();
  expect(texts[1]).toMatch(
    /down.*erp2\.example\/hooks.*MachShop MES.*work_order\.created.*nothing answers, 10 min ago.*12.*in \d+ s/s,
  );
  expect(texts[2]).toMatch(/disabled.*N’entropy.*too many failures in a row.*3/s);
  expect(texts[3]).toMatch(/paused.*Night shift/s);
});

it('narrows by contract, status and text, and the address says so', async () => {
  await open('endpoints');
  await rowCount(4);
  await page.selectOption('#endpoints-contract', 'standard');
  await rowCount(2);
  await page.locator('#endpoints-chips').getByRole('button', { name: 'Paused' }).click();
  await rowCount(1);
  expect(page.url()).toMatch(/#\/endpoints\?status=paused&contract=standard$/);
  await page.goBack();
  await rowCount(2);
  await page.keyboard.press('/');
  await page.keyboard.type('night');
  await rowCount(1);
  await page.keyboard.press('Escape');
  await rowCount(2);
});

it('walks over the pages of a tenant with many, and lets go of what is deleted', async () => {
  site.pageSize = 3;
  site.endpoints = Array.from({ length: 10 }, (_, n) => endpoint(n + 1));
  await open('endpoints');
  await rowCount(10);
  site.endpoints = site.endpoints.slice(1);
  await rowCount(9);
});

describe('endpoints whose URLs share a host', () => {
  const url = (last: string) => `https://integration-gateway.plant-7.example.com/hooks/millrace/inbound/${last}`;
  beforeEach(() => {
    site.endpoints = [
      endpoint(1, { url: url('press-4'), contract: 'mes', eventTypes: ['work_order.created'] }),
      endpoint(2, { url: url('press-5'), contract: 'nentropy', description: 'Night shift of the second hall' }),
    ];
  });
  /** What of the element can be seen: it is not clipped by the cell, nor outside of the page. */
  const whole = (selector: string) =>
    page.evaluate<boolean[]>(`[...document.querySelectorAll('#endpoint-rows ${selector}')].map((each) => {
      const box = each.getBoundingClientRect();
      const cell = each.closest('td').getBoundingClientRect();
      return box.width > 20 && box.left >= cell.left && box.right <= cell.right + 0.5 && each.scrollWidth <= each.clientWidth + 1;
    })`);
  const shapes = [
    ['shared-open', 'endpoints/ep_1', 1360],
    ['shared-list', 'endpoints', 360],
  ] as const;

  it.each(['light', 'dark'] as const)(
    'are told apart by the end of the path and by the contract, in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      for (const [name, hash, width] of shapes) {
        await page.setViewportSize({ width, height: 780 });
        await open(hash);
        await rowCount(2);
        if (width > 1000) await page.locator('.facts').waitFor();
        expect(await page.locator('.cut-tail').allTextContents()).toEqual(['inbound/press-4', 'inbound/press-5']);
        expect(await whole('.cut-tail')).toEqual([true, true]);
        expect(await page.locator('.under-contract').allTextContents()).toEqual(['MachShop MES', 'N’entropy']);
        expect(await whole('.under-contract')).toEqual([true, true]);
        expect(await rows().first().locator('.under').innerText()).toContain('work_order.created');
        expect(await lowContrast()).toEqual([]);
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`) });
      }
    },
  );

  it('have the button for a new one beside the other controls at every width', async () => {
    await open('endpoints');
    await rowCount(2);
    for (const [hash, width] of [
      ...[360, 390, 641, 760, 1001, 1100, 1161, 1360].map((each) => ['endpoints', each] as const),
      ...[1001, 1100, 1360, 1600, 1920].map((each) => ['endpoints/ep_1', each] as const),
    ]) {
      await page.setViewportSize({ width, height: 780 });
      await page.goto(`${server.url}/#/${hash}`);
      const detailShown = hash !== 'endpoints';
      await eventually(async () => (await detail().isVisible()) === detailShown, 'the pane');
      const boxes = await Promise.all(
        [page.locator('#new-endpoint'), page.locator('#endpoints-narrow')].map((each) => each.boundingBox()),
      );
      const [button, narrow] = boxes.map((box) => box!.y + box!.height / 2);
      expect({ hash, width, apart: Math.abs(button! - narrow!) < 12 }).toEqual({ hash, width, apart: true });
    }
  });
});

describe('a new endpoint', () => {
  const create = () => press('Create endpoint');

  it('is made by keys alone, with patterns and types of the catalogue, and shows its secret once', async () => {
    await open('endpoints');
    await rowCount(4);
    await page.keyboard.press('n');
    await page.getByLabel('URL', { exact: true }).waitFor();
    await page.keyboard.type('https://new.example/hook');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('machine.*');
    await page.keyboard.press('Enter');
    await page.keyboard.type('supplier');
    await page.getByRole('checkbox', { name: 'supplier.created' }).check();
    await page.locator('#type-picker').fill('');
    await page.locator('#type-picker').press('Enter');
    const secret = page.getByLabel('The secret, shown this once');
    await secret.waitFor();
    expect(await secret.inputValue()).toBe('whsec_shown_once');
    expect(site.changes.at(-1)).toMatchObject({
      path: '/v1/endpoints',
      body: {
        url: 'https://new.example/hook',
        contract: 'eclipse',
        eventTypes: ['machine.*', 'supplier.created'],
        description: null,
        options: {},
      },
    });
    expect(site.changes.at(-1)?.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
    await detail().getByText('never shows it again').waitFor();
    await press('I have kept it');
    await secret.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain('whsec_shown_once');
    expect(page.url()).toMatch(/#\/endpoints\/ep_50$/);
  });

  it('of the MES says that its secret can be seen again, and by whom', async () => {
    await open('endpoints/new?contract=mes');
    await page.getByLabel('URL', { exact: true }).fill('https://new.example/hook');
    await page.locator('#type-picker').fill('*');
    await page.getByText('later only a key with the scope secrets:reveal can read it').waitFor();
    await create();
    const notice = page.getByRole('region', { name: 'Secret' });
    await notice.getByText('GET /api/v2/webhooks/endpoints/ep_50/secret').waitFor();
    expect(await notice.textContent()).toContain('a key with the scope secrets:reveal can see it again');
    expect(await notice.textContent()).not.toMatch(/never shows it again|shown this once/);
  });

  it('has every empty field named at once, in the words of the form', async () => {
    await open('endpoints/new');
    await page.getByLabel('URL', { exact: true }).waitFor();
    await create();
    await page.locator('[data-name="url"] .problem', { hasText: 'Say which URL events are POSTed to.' }).waitFor();
    const ofTypes = page.locator('[data-name="eventTypes"] .problem');
    expect(await ofTypes.textContent()).toBe('Choose at least one event type, or type * to take all.');
    expect(await page.evaluate('document.activeElement.type')).toBe('url');
    expect(site.changes).toEqual([]);
    await page.getByLabel('URL', { exact: true }).fill('https://new.example/hook');
    await page.locator('#type-picker').fill('*');
    const detail = 'must name at least one event type; ["*"] takes all';
    site.answers.set('POST /v1/endpoints', invalid('eventTypes', detail));
    await create();
    await ofTypes.getByText('Must name at least one event type; * takes all.').waitFor();
  });

  it('shows what stands between backticks in the description of a type as code, and nothing as markup', async () => {
    const description = `Has \`press\` and \`${HOSTILE}\`, and one \` more.`;
    site.answers.set('GET /v1/event-types', {
      status: 200,
      body: { data: [{ name: 'machine.alarm', module: 'machine', description, example: {} }], nextCursor: null },
    });
    await open('endpoints/new');
    const entry = page.locator('.entry');
    await entry.waitFor();
    expect(await entry.locator('code').allTextContents()).toEqual(['press', HOSTILE]);
    expect(await entry.textContent()).toContain('and one ` more.');
    expect(await page.evaluate('[window.hacked, document.querySelectorAll(".entry img").length]')).toEqual([
      undefined,
      0,
    ]);
  });

  it('is explained by contract, and takes the options of its contract alone', async () => {
    await open('endpoints/new?contract=nentropy');
    await page.getByText('retried after 5\u00a0s, 30\u00a0s, 5\u00a0min, 30\u00a0min, then daily 7 times').waitFor();
    await page.getByText('retried every 10\u00a0min').waitFor();
    await page.getByLabel('URL', { exact: true }).fill('https://new.example/hook');
    await page.locator('#type-picker').fill('*');
    await page.getByLabel('X-Webhook-Signature is written as').selectOption('base64');
    await page.getByLabel('Integration id').fill('int_7');
    await page.getByLabel('Header traceparent').uncheck();
    await create();
    await page.locator('#secret').waitFor();
    expect(site.changes.at(-1)?.body).toMatchObject({
      contract: 'nentropy',
      eventTypes: ['*'],
      options: { traceContext: false, signatureFormat: 'base64', integrationId: 'int_7' },
    });
  });

  it('has the problems of the API at their fields, and goes on from there', async () => {
    await open('endpoints/new');
    await page.getByLabel('URL', { exact: true }).fill('https://10.0.0.1/');
    await page.locator('#type-picker').fill('machine..');
    site.answers.set('POST /v1/endpoints', {
      status: 422,
      body: {
        code: 'invalid_request',
        detail: 'The body is not valid.',
        errors: [
          { path: 'eventTypes.0', detail: 'must be a type' },
          { path: 'url', detail: 'This address may not be sent to.' },
          { path: 'startFrom', detail: 'is odd' },
        ],
      },
    });
    await create();
    await page.locator('[data-name="url"] .problem', { hasText: 'This address may not be sent to.' }).waitFor();
    await page.locator('[data-name="eventTypes"] .problem', { hasText: 'Must be a type.' }).waitFor();
    await page.locator('.form-problem', { hasText: 'startFrom: is odd' }).waitFor();
    expect(await page.getByLabel('URL', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate("document.activeElement.type + ' ' + document.activeElement.value")).toBe(
      'url https://10.0.0.1/',
    );
    site.answers.set('POST /v1/endpoints', {
      status: 503,
      body: { code: 'unavailable', detail: 'Not confirmed in time.' },
    });
    await create();
    await page.getByText('Not confirmed in time.').waitFor();
    await create();
    await eventually(async () => site.changes.length === 3, 'the third call');
    const [first, second, third] = site.changes.map(({ idempotencyKey }) => idempotencyKey);
    expect(second).not.toBe(first);
    expect(third).toBe(second);
  });
});

describe('one endpoint', () => {
  it('is paused and activated, and what failed meanwhile is offered, counted and sent again', async () => {
    await open('endpoints/ep_1');
    await press('Pause');
    await detail().locator('.status.paused').waitFor();
    site.recovery = { suggested: { only: 'failed', since: at(3600) }, call: 'POST /v1/endpoints/ep_1/recover' };
    await press('Activate');
    await press('Count them');
    await page.getByText('3 deliveries failed or expired, and can be sent again.').waitFor();
    await press('Send them again');
    await eventually(
      async () => site.changes.filter(({ path }) => path.endsWith('/recover')).length === 2,
      'two calls',
    );
    expect(site.changes.filter(({ path }) => path.endsWith('/recover')).map(({ body }) => body)).toEqual([
      { ...site.recovery.suggested, dryRun: true },
      { ...site.recovery.suggested, dryRun: false },
    ]);
  });

  it('is deleted after a question that says what is lost', async () => {
    await open('endpoints/ep_2');
    await press('Delete…');
    const dialog = page.locator('#dialog');
    await dialog.getByText('12 parked deliveries and whatever is to be retried are cancelled').waitFor();
    expect(await focused()).toBe('Cancel');
    await page.keyboard.press('Escape');
    expect(await dialog.isHidden()).toBe(true);
    expect(await focused()).toBe('Delete…');
    expect(site.changes).toEqual([]);
    await press('Delete…');
    await press('Delete the endpoint');
    await rowCount(3);
    expect(await detail().isHidden()).toBe(true);
  });

  it('gets a new secret', async () => {
    await open('endpoints/ep_1');
    await press('New secret…');
    await page.getByLabel('The old one still signs for').selectOption('3600');
    await press('Make a new secret');
    expect(await page.getByLabel('The secret, shown this once').inputValue()).toBe('whsec_new_one');
    expect(site.changes.at(-1)).toMatchObject({
      path: '/v1/endpoints/ep_1/rotate-secret',
      body: { overlapSeconds: 3600 },
    });
  });

  it('is sent a test event of a chosen type, whose payload is shown, and whose delivery is followed', async () => {
    await open('endpoints/ep_1/test');
    const payload = detail().getByLabel('Payload');
    await payload.getByText('machine.alarm').first().waitFor();
    expect(await detail().locator('.headers').textContent()).toContain('<script>');
    await page.getByLabel('Event type', { exact: true }).selectOption('machine.status_changed');
    await payload.getByText('"of": "machine.status_changed"').waitFor();
    await press('Send');
    await page.locator('.sent .status.succeeded').waitFor();
    expect(site.changes.at(-1)).toMatchObject({
      path: '/v1/endpoints/ep_1/test',
      body: { eventType: 'machine.status_changed' },
    });
    await page.getByRole('link', { name: 'Its delivery' }).click();
    await page.locator('#rows tr').first().waitFor();
    expect(page.url()).toContain(`#/deliveries/${deliveryIdOf(1)}?endpointId=ep_1`);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await page.goBack();
    await page.getByLabel('Event type', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('Event type', { exact: true }).waitFor({ state: 'detached' });
    expect(await focused()).toBe('Send test event');
  });

  it('of the MES shows the very payload that went out', async () => {
    await open('endpoints/ep_2/test');
    await detail().getByLabel('Payload').getByText('work_order.created').first().waitFor();
    await press('Send');
    await detail().getByLabel('Payload').getByText('"id": "evt_mes"').waitFor();
    expect(site.changes.at(-1)).toMatchObject({
      path: '/api/v2/webhooks/endpoints/ep_2/test',
      body: { eventType: 'work_order.created' },
    });
  });

  it('that is gone is said to be gone', async () => {
    await open('endpoints/ep_99');
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await detail().isHidden()).toBe(true);
  });
});

describe('deliveries of one endpoint', () => {
  beforeEach(() => {
    site.deliveries = [
      delivery(10),
      delivery(11, { endpointId: 'ep_2', contract: 'mes', status: 'retrying', eventType: 'work_order.created' }),
      delivery(12, { endpointId: 'ep_2', contract: 'mes', status: 'expired', eventType: 'work_order.created' }),
    ];
  });
  const deliveryRows = () => page.locator('#rows tr');
  const deliveryCount = (count: number) =>
    eventually(async () => (await deliveryRows().count()) === count, `${count} deliveries`, 10_000);

  it('are a link away, and are narrowed by contract, endpoint and type at the server', async () => {
    await open('endpoints/ep_2');
    await page.getByRole('link', { name: 'All its deliveries' }).click();
    await deliveryCount(2);
    expect(page.url()).toMatch(/#\/deliveries\?endpointId=ep_2$/);
    expect(await page.locator('#by-endpoint option:checked').textContent()).toBe('erp2.example/hooks');
    await press('Show all');
    await deliveryCount(3);
    await page.selectOption('#by-contract', 'mes');
    await deliveryCount(2);
    await page.locator('#by-type').fill('machine.alarm');
    await page.keyboard.press('Enter');
    await page.getByText('No delivery of this contract, of this event type').waitFor();
    expect(server.requests.at(-1)).toMatch(/contract=mes&eventType=machine\.alarm/);
  });

  it('are retried and cancelled where their status allows it', async () => {
    await open(`deliveries/${deliveryIdOf(11)}`);
    await press('Retry now');
    await page.getByText('The retry is on its way.').waitFor();
    await press('Cancel it');
    await press('Cancel the delivery');
    await page.getByText('The cancellation is on its way.').waitFor();
    expect(site.changes.map(({ path }) => path.split('/').at(-1))).toEqual(['retry', 'cancel']);
    await open(`deliveries/${deliveryIdOf(10)}`);
    await detail().getByText('No attempt yet').waitFor();
    expect(await detail().getByRole('button').allTextContents()).toEqual(['Close']);
  });

  it('that have expired are sent only with a reason', async () => {
    await open(`deliveries/${deliveryIdOf(12)}`);
    await press('Send all the same…');
    site.answers.set(`POST /v1/deliveries/${deliveryIdOf(12)}/retry`, invalid('reason', 'must not be empty'));
    await page.keyboard.press('Enter');
    await page.locator('#dialog .problem', { hasText: 'Must not be empty.' }).waitFor();
    site.answers.clear();
    await page.keyboard.type('receiver repaired');
    await page.keyboard.press('Enter');
    await page.getByText('The retry is on its way.').waitFor();
    expect(site.changes.at(-1)?.body).toEqual({ force: true, reason: 'receiver repaired' });
  });

  it('say in plain words why a command is refused', async () => {
    site.answers.set(`POST /v1/deliveries/${deliveryIdOf(11)}/retry`, {
      status: 409,
      body: { code: 'delivery_succeeded', detail: 'Its receiver has acknowledged it.' },
    });
    await open(`deliveries/${deliveryIdOf(11)}`);
    await press('Retry now');
    await page.getByText('Its receiver has acknowledged it.').waitFor();
  });
});

describe('a key with few scopes', () => {
  it('is told which one is missing, and goes on seeing the rest', async () => {
    site.scopes = new Set(['webhooks:read']);
    await page.goto(`${server.url}/#key=${KEY}`);
    await page.getByText('This key may not see deliveries').waitFor();
    await page.getByText('It lacks the scope deliveries:read.').waitFor();
    expect(await page.locator('#trouble').isHidden()).toBe(true);
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await rows().first().click();
    await detail().getByText('it lacks the scope deliveries:read').waitFor();
    await press('Pause');
    await page.getByText('it lacks the scope webhooks:write').waitFor();
    expect(await detail().locator('.status.active').count()).toBe(1);
  });

  it('for deliveries alone sees those, by the ids of their endpoints', async () => {
    site.scopes = new Set(['deliveries:read']);
    site.deliveries = [delivery(10)];
    await page.goto(`${server.url}/#key=${KEY}`);
    await page.locator('#rows tr', { hasText: 'ep_1' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByText('It lacks the scope webhooks:read.').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.locator('#rows tr', { hasText: 'ep_1' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });
});

it('keeps what somebody types and where the focus is while everything is live', async () => {
  await open('endpoints/ep_1/test');
  await page.getByLabel('Event type', { exact: true }).selectOption('machine.status_changed');
  await page.getByLabel('Event type', { exact: true }).focus();
  const before = server.requests.length;
  site.endpoints = site.endpoints.map((each) => ({ ...each, parked: each.parked + 5, version: each.version + 1 }));
  await detail().getByText('5 deliveries, seconds ago').waitFor();
  await eventually(async () => server.requests.length >= before + 6, 'two more polls');
  expect(await page.getByLabel('Event type', { exact: true }).inputValue()).toBe('machine.status_changed');
  expect(await page.evaluate('document.activeElement.tagName')).toBe('SELECT');
});

it.each(['light', 'dark'] as const)('reads well in %s, wide and narrow', async (colorScheme) => {
  await page.emulateMedia({ colorScheme });
  for (const [name, hash, ready] of [
    ['endpoints', 'endpoints', '#endpoint-rows tr'],
    ['endpoint', 'endpoints/ep_2', '.facts'],
    ['test', 'endpoints/ep_2/test', '.test pre'],
    ['new', 'endpoints/new', '.contract'],
  ] as const) {
    await open(hash);
    await page.locator(ready).first().waitFor();
    for (const [size, width] of [
      ['wide', 1360],
      ['narrow', 360],
    ] as const) {
      await page.setViewportSize({ width, height: 780 });
      await page.screenshot({ path: join(pictures, `${name}-${size}-${colorScheme}.png`) });
      expect(await lowContrast()).toEqual([]);
      expect(await nameless()).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await page.setViewportSize({ width: 1360, height: 820 });
  }
});
