import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './test/browser';
import { ConsoleServer } from './test/console-server';
import { at, FakeSite, HOSTILE, KEY, machine, pushedSource, source, TOKEN, withState } from './test/fake-site';

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
  site.machines = [
    machine('mazak-01', {
      alarms: [
        {
          id: 'alm_1',
          item: 'logic_cond',
          code: '357',
          severity: 'fault',
          text: HOSTILE,
          raisedAt: at(60),
          stale: true,
        },
      ],
      currentRun: {
        runId: 'run_1',
        startedAt: at(400),
        endedAt: null,
        durationSeconds: null,
        parts: 7,
        partsBefore: 100,
        partsAfter: null,
        program: 'BRACKET-7',
        endedBy: null,
        quality: 'uncertain',
      },
    }),
    machine('rf-01', { status: 'offline', since: at(4000), lastSignal: null }),
  ];
  site.signals = [
    { path: 'Line/State', source: 'line-1', value: 'RUN', unit: null, quality: 'good', at: at(2), aliases: ['state'] },
    {
      path: 'Length/Good',
      source: 'line-1',
      value: 52240.5,
      unit: '[in_i]',
      quality: 'good',
      at: at(2),
      aliases: ['good'],
    },
    {
      path: 'Hyd/Temp',
      source: 'line-1',
      value: null,
      unit: 'Cel',
      quality: 'bad',
      qualityCode: null,
      at: at(600),
      aliases: [],
    },
  ];
  const down = source('press', { type: 'opcua', machines: ['press-7'] });
  site.sources = [
    withState(source('cell-4'), { lastError: { at: at(600), detail: 'the agent was started anew' } }),
    {
      ...down,
      state: {
        ...down.state,
        connection: 'degraded',
        reason: 'Nobody answers at opc.tcp://press.example:4840 (connection refused).',
        nextTryAt: at(-12),
        refused: 4,
        gaps: 2,
        lastError: { at: at(30), detail: 'connection refused' },
      },
    },
    source('shdr:okuma', { readOnly: true, type: 'shdr' }),
  ];
  context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  page = await context.newPage();
  await page.goto(`${server.url}/#key=${KEY}`);
});
afterEach(async () => {
  await context.close();
});

const to = (hash: string) => page.goto(`${server.url}/#/${hash}`);
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const looksGood = async (name: string) => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1360, 360]) {
      await page.setViewportSize({ width, height: 820 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) });
      expect(await page.evaluate(await readFile(join(__dirname, 'test', 'low-contrast.js'), 'utf8'))).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
  await page.setViewportSize({ width: 1360, height: 820 });
};

it('shows what each machine does, and one of them with its alarms, run and signals', async () => {
  await to('machines');
  await page.locator('#machine-rows tr').nth(1).waitFor();
  expect(await page.locator('#machine-rows tr').first().textContent()).toMatch(/running.*mazak-01.*BRACKET-7, 7 parts/);
  await looksGood('machines');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const detail = page.locator('#detail');
  await detail.getByText('Line/State').waitFor();
  expect(await detail.textContent()).toContain(HOSTILE.slice(0, 20));
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  await detail.getByText('not known at present').waitFor();
  await looksGood('machine');
  await press('Offline 1');
  await eventually(async () => (await page.locator('#machine-rows tr').count()) === 1, 'one machine to be shown');
});

it('removes a machine after a question, by keys alone, and says what keeps one from being removed', async () => {
  const detail = page.locator('#detail');
  const dialog = page.locator('#dialog');
  const named = 'The source line-1 names the machine mazak-01 in its settings; take it out there.';
  site.answers.set('DELETE /v1/machines/mazak-01', { status: 409, body: { code: 'conflict', detail: named } });
  await to('machines/mazak-01');
  const ask = detail.getByRole('button', { name: 'Remove…' });
  await ask.focus();
  // The page is made anew meanwhile, and what has the focus keeps it.
  site.machines = site.machines.map((each) => ({ ...each, status: 'idle' as const }));
  await detail.getByText('idle for').waitFor();
  await page.keyboard.press('Enter');
  await dialog.getByText('no event tells of it').waitFor();
  await looksGood('machine-removed');
  await page.keyboard.press('Escape');
  expect(site.changes).toEqual([]);
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Remove the machine' }).focus();
  await page.keyboard.press('Enter');
  await dialog.getByText(named).waitFor();
  site.answers.clear();
  await dialog.getByRole('button', { name: 'Remove the machine' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Its removal is in the log; the machine stays if it has spoken meanwhile.').waitFor();
  expect(site.changes.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/machines/mazak-01' });
  await detail.waitFor({ state: 'hidden' });
  await eventually(async () => (await page.locator('#machine-rows tr').count()) === 1, 'one machine to be left');
});

it('says of a run whose parts are still counted that it is finishing', async () => {
  const [first] = site.machines;
  const run = { ...first!.currentRun!, endedAt: at(1), parts: 1 };
  site.machines = [
    machine('mazak-01', { status: 'idle', since: at(0), currentRun: run }),
    machine('mazak-02', { status: 'idle', currentRun: { ...run, program: null, parts: null } }),
  ];
  await to('machines/mazak-01');
  await page.locator('#detail').getByText('Run that is finishing').waitFor();
  await page.locator('#detail').getByText('idle since just now').waitFor();
  const doing = page.locator('#machine-rows tr td:nth-child(3)');
  expect(await doing.allTextContents()).toEqual(['finishing BRACKET-7, 1 part', 'finishing']);
});

it('shows how each source is doing, and why one is not', async () => {
  await to('sources');
  await page.locator('#source-rows tr').nth(2).waitFor();
  const error = page.locator('#source-rows tr', { hasText: 'press' }).locator('td').last();
  expect(await error.textContent()).toBe('Nobody answers at opc.tcp://press.example:4840 (connection refused).');
  expect(await error.getAttribute('title')).toMatch(/connection refused\)\.\nNext try in \d+ s\./);
  const past = page.locator('#source-rows tr', { hasText: 'cell-4' }).locator('td').last();
  expect(await past.textContent()).toBe('10 min ago: the agent was started anew');
  await looksGood('sources');
  await page.setViewportSize({ width: 390, height: 820 });
  const under = page.locator('#source-rows tr', { hasText: 'press' }).locator('td').nth(1);
  await under.getByText('Nobody answers at opc.tcp://press.example:4840').waitFor();
  await page.setViewportSize({ width: 1360, height: 820 });
  await page.locator('#source-rows tr', { hasText: 'press' }).click();
  const detail = page.locator('#detail');
  await detail.getByText('Nobody answers at opc.tcp://press.example:4840').waitFor();
  expect(await detail.getByRole('link', { name: 'see the quarantine' }).getAttribute('href')).toBe(
    '#/quarantine?list=signals',
  );
  await looksGood('source');
  await page.locator('#source-rows tr', { hasText: 'shdr:okuma' }).click();
  await detail.getByText('It comes from the environment').waitFor();
  expect(await detail.getByRole('button', { name: 'Delete…' }).count()).toBe(0);
});

it('tries a new source and shows what it sees, then saves it', async () => {
  await to('sources');
  await page.locator('#source-rows tr').first().waitFor();
  await page.keyboard.press('n');
  const detail = page.locator('#detail');
  await detail.getByText('An MTConnect agent, read with long polls.').waitFor();
  expect(await detail.locator('textarea').inputValue()).toContain('http://agent.example:5000');
  await press('Try it');
  await detail.getByText('Agent 2.3 with 8 devices').waitFor();
  await looksGood('source-form');
  await press('Try and save');
  await detail.getByText('Give it a name').waitFor();
  await detail.getByLabel('Name').fill('cell-5');
  await press('Try and save');
  await page.getByText('The source is saved, and runs.').waitFor();
  await detail.getByText('Seen when it was tried').waitFor();
  expect(site.changes.at(-1)).toMatchObject({
    path: '/v1/sources',
    body: { name: 'cell-5', type: 'mtconnect', settings: { url: 'http://agent.example:5000' }, try: true },
  });
});

it('shows the token of a new source whose peer calls until it is kept, and the address to call', async () => {
  await to('sources/new');
  const detail = page.locator('#detail');
  await detail.getByLabel('Name').fill('gateway-1');
  await detail.getByLabel('Kind').selectOption('http');
  await detail.locator('textarea').fill('{"format": "json", "machine": "press-7"}');
  await press('Try and save');
  const token = page.getByLabel('The token, shown this once');
  await token.waitFor();
  expect(await token.inputValue()).toBe(TOKEN);
  await detail.getByText(`POST ${server.url}/v1/sources/in/default/gateway-1`).waitFor();
  await detail.getByText('none since its process began').waitFor();
  expect(await detail.textContent()).not.toMatch(/connected|Session/);
  await looksGood('source-pushed');
  await token.evaluate((input) => Object.assign(input, { marked: true }));
  site.sources = site.sources.map((each) => ({ ...each, state: { ...each.state, refused: 7 } }));
  await detail.getByText('7 messages').waitFor();
  expect(await token.evaluate((input) => 'marked' in input)).toBe(true);
  await to('sources/cell-4');
  await detail.getByText('http://agent.example:5000').waitFor();
  expect(await token.count()).toBe(0);
  await to('sources/gateway-1');
  expect(await token.inputValue()).toBe(TOKEN);
  await press('I have kept it');
  await token.waitFor({ state: 'detached' });
  expect(await detail.textContent()).toContain('"token": "***"');
});

it('says of a source that takes nothing what to set, and of one that nobody runs where to look', async () => {
  const reason = 'Every message is answered 401, since the source has no secret.';
  site.sources = [
    withState(pushedSource('mes'), { connection: 'degraded', since: at(300), reason }),
    withState(source('cell-4'), { connection: 'waiting', owner: null, since: at(50) }),
  ];
  await to('sources');
  expect(await page.locator('#source-rows tr', { hasText: 'mes' }).locator('td').last().textContent()).toBe(reason);
  await to('sources/mes');
  const detail = page.locator('#detail');
  await detail.getByText('degraded for 5 min, http').waitFor();
  await detail.getByText(reason).waitFor();
  await to('sources/cell-4');
  await detail.getByText('see whether machine-ingest is up').waitFor();
});

it('lets a source that is connected and refuses what comes look like what has to be seen to', async () => {
  site.sources = [
    withState(source('hall-2', { type: 'modbus' }), {
      refused: 12,
      lastRefusedAt: at(300),
      counts: { refusedItems: 1, lostDevices: 2 },
    }),
    withState(pushedSource('gateway-2'), {
      refused: 1,
      lastRefusedAt: at(60),
      lastError: { at: at(60), detail: 'Of the body, machine: is missing; it must name a machine.' },
    }),
    source('cell-5'),
    withState(source('cell-6'), { refused: 3, lastRefusedAt: at(3_700) }),
  ];
  await to('sources');
  const row = (name: string) => page.locator('#source-rows tr', { hasText: name });
  const label = (name: string) => row(name).locator('.status');
  await row('hall-2')
    .getByText('2 devices do not answer, 1 item refused by its peer, 12 messages refused, the last 5 min ago')
    .last()
    .waitFor();
  expect(await label('hall-2').textContent()).toBe('connected');
  expect(await label('hall-2').getAttribute('class')).toContain('degraded');
  expect(await label('gateway-2').getAttribute('class')).toContain('degraded');
  expect(await label('cell-5').getAttribute('class')).toContain('connected');
  await row('gateway-2')
    .getByText('1 message refused, the last 1 min ago, see the quarantine. 1 min ago: Of the body')
    .last()
    .waitFor();
  await looksGood('sources-refused');
  // What is an hour old is told, and colours nothing.
  expect(await label('cell-6').getAttribute('class')).toContain('connected');
  await to('sources/cell-6');
  await page.locator('#detail').getByText('3 messages, the last 1 h ago: see the quarantine').waitFor();
});

it('says which other source feeds the machine of one, as soon as it is saved', async () => {
  site.sources = [source('cell-4'), source('cell-9', { enabled: false }), source('press', { machines: ['press-7'] })];
  await to('sources');
  await page.locator('#source-rows tr').nth(2).waitFor();
  await to('sources/new');
  const detail = page.locator('#detail');
  await detail.getByLabel('Name').fill('cell-5');
  await press('Try and save');
  await page.locator('#said').getByText('The source is saved, and runs. cell-4 also feeds mazak-01.').waitFor();
  await detail.getByText('cell-4 also feeds mazak-01. Where both').waitFor();
  await looksGood('source-shared');
  await to('sources/press');
  await detail.getByText('press-7').first().waitFor();
  expect(await detail.textContent()).not.toContain('also feeds');
});

it('leads from a machine that is not heard to its source, and says why one is unknown', async () => {
  const silent = {
    status: 'offline',
    reason: 'connection_lost',
    since: at(3),
    lastSignal: { path: 'x', source: 'cell-4', time: at(3), at: at(3) },
  } as const;
  site.machines = [machine('mazak-01', silent), machine('welder-2', { status: 'unknown', mapping: null })];
  await to('machines/mazak-01');
  const detail = page.locator('#detail');
  await detail.getByText('says whether it is reached').waitFor();
  await detail.locator('.hint').getByRole('link', { name: 'cell-4' }).click();
  await page.locator('#detail').getByText('http://agent.example:5000').waitFor();
  await to('machines/welder-2');
  await detail.getByText('no mapping says what its signals mean').waitFor();
  await looksGood('machine-unknown');
});

it('says why what an alarm is of is not known, and what of a signal the mapping cannot use', async () => {
  const alarm = {
    id: 'alm_1',
    code: 'HYD-TEMP',
    severity: 'fault',
    text: 'too hot',
    raisedAt: at(60),
    stale: true,
  } as const;
  const machines = ['Hyd/Temp', 'Hyd/Level', 'length', 'elsewhere'].map(
    (item) => ({ ...alarm, id: item, item }) as const,
  );
  site.machines = [machine('mazak-01', { alarms: machines, mapping: { name: 'hydraulics', version: 7 } })];
  const [first] = site.signals as readonly object[];
  site.signals = [
    {
      ...first,
      path: 'Hyd/Temp',
      value: '54,5',
      aliases: ['temp'],
      problems: [{ alias: 'temp', code: 'wrong_type', expected: 'double' }],
    },
    { ...first, path: 'Hyd/Level', value: null, quality: 'bad', qualityCode: 'mb:exception-4', aliases: ['level'] },
    { ...first, path: 'Length', aliases: ['length'] },
    {
      ...first,
      path: 'Oil',
      value: 130,
      unit: '[degF]',
      aliases: ['oil'],
      problems: [{ alias: 'oil', code: 'wrong_unit', expected: 'Cel' }],
    },
  ];
  await to('machines/mazak-01');
  const detail = page.locator('#detail');
  await detail.getByText('hydraulics 7').waitFor();
  const alarms = (await detail.locator('.alarms li').allTextContents()).map((text) => text.split('; ')[1]);
  expect(alarms).toEqual([
    'not known at present: its value is not used as temp: it is no double',
    'not known at present: its value is bad, mb:exception-4',
    'not known at present: nothing new is heard of it',
    'not known at present',
  ]);
  const row = (path: string) => detail.locator('.values tr', { hasText: path }).textContent();
  expect(await row('Hyd/Temp')).toContain('temp not used as temp: it is no double54,5');
  expect(await row('Hyd/Level')).toContain('level mb:exception-4– bad');
  expect(await row('Oil')).toContain('not used as oil: its unit is [degF], not Cel');
  await looksGood('machine-not-used');
});

it('says of a machine that is offline whether its source is heard, and whether there is one', async () => {
  const lost = { status: 'offline', reason: 'connection_lost', sourceState: null } as const;
  const of = (source: string, ago: number) => ({ path: 'x', source, time: at(ago), at: at(ago) });
  site.machines = [
    machine('back', { ...lost, since: at(60), lastSignal: of('cell-4', 2) }),
    machine('says-so', { status: 'offline', reason: 'avail', sourceState: 'UNAVAILABLE', since: at(60) }),
    machine('gone', { ...lost, since: at(60), lastSignal: of('old-line', 60) }),
  ];
  const detail = page.locator('#detail');
  for (const [id, text] of [
    ['back', 'is heard; what the machine does is known when it says so'],
    ['says-so', 'is heard, and says so'],
    ['gone', 'No source is called old-line now'],
  ] as const) {
    await to(`machines/${id}`);
    await detail.getByText(text).waitFor();
  }
  await looksGood('machine-gone');
});

it('calls a source that waits for its peer listening, and finds it so', async () => {
  site.sources = [...site.sources, pushedSource('gateway-2'), pushedSource('gateway-3', { enabled: false })];
  await to('sources');
  await page.locator('#source-rows tr', { hasText: 'gateway-2' }).getByText('listening').waitFor();
  await page.locator('#source-rows tr', { hasText: 'gateway-3' }).getByText('off').waitFor();
  await press('Listening');
  await eventually(async () => (await page.locator('#source-rows tr').count()) === 1, 'one source to be shown');
});

it('begins every kind of source with what it needs, and names its page', async () => {
  await to('sources/new');
  const detail = page.locator('#detail');
  await detail.getByText('docs/sources/mtconnect.md').waitFor();
  await detail.getByLabel('Kind').selectOption('files');
  await detail.getByText('Its format is csv or json.').waitFor();
  expect(JSON.parse(await detail.locator('textarea').inputValue())).toEqual({
    format: 'csv',
    folder: '',
    machine: 'press-1',
    columns: [{ column: '' }],
  });
  await looksGood('source-form-files');
  await detail.getByLabel('Kind').selectOption('opcua');
  await detail.getByText('docs/sources/opc-ua.md').waitFor();
});

it('names the member that a problem within the settings is about', async () => {
  await to('sources/new');
  const detail = page.locator('#detail');
  await detail.getByLabel('Name').fill('broker-1');
  await detail.locator('textarea').fill('{"uri": "http://agent.example:5000", "heartbeatMs": "soon"}');
  await press('Try and save');
  const problem = detail.locator('[data-name="settings"] .problem');
  await problem.waitFor();
  expect(await problem.textContent()).toBe(
    'settings.url: is missing; it must be text\nsettings.heartbeatMs: must be a number\nsettings.uri: There is no such member.',
  );
  await looksGood('source-problems');
});

it('puts what is wrong where it is wrong', async () => {
  await to('sources/new');
  const detail = page.locator('#detail');
  await detail.getByLabel('Name').fill('cell-5');
  await detail.locator('textarea').fill('{"url": ');
  await press('Try it');
  await detail.getByText('This is not JSON').waitFor();
  site.answers.set('POST /v1/sources', {
    status: 422,
    body: {
      code: 'source_failed',
      detail: 'Nobody answers.',
      errors: [{ path: 'settings.url', detail: 'nobody answers at http://agent.example:5000 (connection refused)' }],
    },
  });
  await detail.locator('textarea').fill('{"url": "http://agent.example:5000"}');
  await press('Try and save');
  await detail.getByText('settings.url: nobody answers at http://agent.example:5000 (connection refused)').waitFor();
  site.answers.clear();
  await press('Save without a try');
  await page.getByText('The source is saved, and runs.').waitFor();
  expect(site.changes.at(-1)).toMatchObject({ body: { try: false } });
});

it('changes settings, switches off and on, and deletes after a question', async () => {
  await to('sources/cell-4');
  await press('Switch off');
  await page.locator('#detail').getByText('off').first().waitFor();
  await press('Switch on');
  await press('Change settings');
  const text = page.locator('#detail textarea');
  await text.waitFor();
  expect(await text.inputValue()).toContain('***');
  await press('Try and save');
  await page.getByText('The settings are saved.').waitFor();
  await press('Delete…');
  await page.locator('#dialog [type="submit"]').click();
  await page.getByText('The source is deleted.').waitFor();
  await eventually(async () => (await page.locator('#source-rows tr').count()) === 2, 'the source to be gone');
});
