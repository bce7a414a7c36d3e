import { connect } from 'node:net';
import { beforeTheShift, everything, nextStep, type Shift } from './roll-former';
import { startSimulatedLine } from './shdr-adapter';

const play = (steps: number, chance: () => number) => {
  let shift: Shift = beforeTheShift;
  const said: string[] = [];
  for (let n = 0; n < steps; n++) {
    const step = nextStep(shift, chance);
    expect(step.waitMs).toBeGreaterThan(0);
    shift = step.shift;
    said.push(...step.says);
  }
  return { shift, said };
};

describe('the roll former', () => {
  it('makes the panels of a job one by one, and counts the last after its end', () => {
    const { said } = play(6, () => 0);
    expect(said.filter((line) => !line.startsWith('strip_length'))).toEqual([
      'program|U-PANEL-29-RED-1001',
      'execution|READY',
      'execution|ACTIVE',
      'part_count|1',
      'part_count|2',
      'part_count|3',
      'execution|PROGRAM_COMPLETED',
      'part_count|4',
    ]);
  });

  it('jams once in every third job, and goes on', () => {
    const { said, shift } = play(60, () => 0.5);
    const faults = said.filter((line) => line.startsWith('decoiler|Fault'));
    expect(faults).toHaveLength(Math.floor(shift.job / 3));
    expect(said.filter((line) => line === 'decoiler|Normal||||').length).toBe(faults.length);
  });

  it.each(['off', 'ready', 'forming', 'jammed', 'done'] as const)('tells a newcomer everything while %s', (phase) => {
    const lines = everything({ ...beforeTheShift, phase });
    expect(lines.map((line) => line.split('|')[0])).toEqual([
      'avail',
      'program',
      'part_count',
      'execution',
      'decoiler',
    ]);
    expect(lines[4]!.split('|')).toHaveLength(6);
  });
});

describe('its adapter', () => {
  it('answers pings, is silent until it begins, then tells everything with a time stamp', async () => {
    const line = await startSimulatedLine(0, () => 0);
    const client = connect(line.port, '127.0.0.1');
    const lines: string[] = [];
    let waiting = () => {};
    client.setEncoding('utf8').on('data', (text) => {
      lines.push(...String(text).split('\n').filter(Boolean));
      waiting();
    });
    const received = (count: number) =>
      new Promise<void>((resolve) => {
        waiting = () => (lines.length >= count ? resolve() : undefined);
        waiting();
      });
    client.write('* PI');
    client.write('NG\n');
    await received(1);
    expect(lines).toEqual(['* PONG 10000']);
    line.begin();
    await received(6);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\|avail\|AVAILABLE$/);
    client.destroy();
    await line.close();
  });
});
