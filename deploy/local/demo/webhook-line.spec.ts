import { gist, webhookLine } from './webhook-line';

describe('gist', () => {
  it.each([
    ['machine.status_changed', { previous: 'idle', current: 'running' }, 'idle → running'],
    ['machine.alarm', { status: 'raised', code: 'E217', text: 'Strip tension lost' }, 'raised E217 Strip tension lost'],
    ['machine.alarm', { status: 'cleared', code: 'E217', text: '' }, 'cleared E217'],
    ['production.run_completed', { parts: 7, program: 'U-PANEL', durationSeconds: 8.4 }, '7 panels of U-PANEL in 8 s'],
    ['production.run_completed', { parts: null, program: null, durationSeconds: 1 }, '? panels of  in 1 s'],
    [
      'bundle.completed',
      { BundleCode: '12345-01', TotalQty: 5, ToolingCode: 'U-PANEL', GoodIn: 720, ScrapIn: 40, TotalLbs: 118.8 },
      '12345-01: 5 panels of U-PANEL, 60 ft, 40 in of scrap, 118.8 lb',
    ],
    ['machine.greeting', { text: 'hello' }, '{"text":"hello"}'],
  ])('%s %j -> %s', (type, data, expected) => {
    expect(gist(type, data)).toBe(expected);
  });

  it('shortens what it does not know', () => {
    expect(gist('machine.other', { text: 'x'.repeat(100) })).toHaveLength(60);
  });
});

it('says plainly when a signature is wrong', () => {
  const webhook = { arrivedAt: new Date(), type: 'machine.alarm', data: { machine: 'rf-1' }, ageMs: 12.4 };
  expect(webhookLine({ ...webhook, refused: 'No signature fits.' })).toContain('✗ signature');
  expect(webhookLine({ ...webhook, refused: null })).toMatch(/✓ signature {2}machine\.alarm.* 12 ms$/);
});
