import { gist, webhookLine } from './webhook-line';

describe('gist', () => {
  it.each([
    ['machine.status_changed', { previous: 'idle', current: 'running' }, 'idle → running'],
    ['machine.alarm', { status: 'raised', code: 'E217', text: 'Strip tension lost' }, 'raised E217 Strip tension lost'],
    ['machine.alarm', { status: 'cleared', code: 'E217', text: '' }, 'cleared E217'],
    ['production.run_completed', { parts: 7, program: 'U-PANEL', durationSeconds: 8.4 }, '7 panels of U-PANEL in 8 s'],
    ['production.run_completed', { parts: 1, program: null, durationSeconds: 3.2 }, '1 panel in 3 s'],
    ['production.run_completed', { parts: 0, program: 'U-PANEL', durationSeconds: 3 }, '0 panels of U-PANEL in 3 s'],
    ['production.run_completed', { parts: null, program: null, durationSeconds: 1 }, 'in 1 s'],
    ['production.run_completed', { parts: null, program: 'P-7', durationSeconds: null }, 'P-7'],
    ['production.run_completed', { parts: null, endedBy: 'status' }, '{"parts":null,"endedBy":"status"}'],
    ['machine.status_changed', { previous: null, current: 'running' }, 'running'],
    [
      'bundle.completed',
      { BundleCode: '12345-01', TotalQty: 5, ToolingCode: 'U-PANEL', GoodIn: 720, ScrapIn: 40, TotalLbs: 118.8 },
      '12345-01: 5 panels of U-PANEL, 60 ft, 40 in of scrap, 118.8 lb',
    ],
    ['bundle.completed', { BundleCode: '12345-01' }, '12345-01'],
    ['bundle.completed', { BundleCode: '12345-01', TotalQty: 1, Complete: false }, '12345-01: incomplete, 1 panel'],
    ['bundle.completed', { BundleCode: '12345-01', ToolingCode: 'PBR', Complete: true }, '12345-01: PBR'],
    ['bundle.completed', { GoodIn: 'much', TotalQty: 5, ScrapIn: null, TotalLbs: '' }, '5 panels'],
    ['bundle.corrected', { GoodIn: '720', TotalLbs: [], ScrapIn: {} }, '60 ft'],
    ['bundle.completed', { Pieces: 4 }, '{"Pieces":4}'],
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
