import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import {
  atRest,
  beforeTheShift,
  nextStep,
  type Said,
  type Shift,
} from '../../../../../deploy/local/simulated-line/roll-former';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { sparkplugSourceKind } from './sparkplug.source-kind';
import { sparkplugSettings } from './sparkplug-settings';

/**
 * The simulated line goes on while nobody listens to its broker, and what it says at QoS 0 comes to nobody. Whatever is
 * told of its bundles is right, or says that somebody did not look.
 */
const LINE = { group: 'PlantA', node: 'RollForm', device: 'Line1' } as const;
const MAPPING = readFileSync(join(process.cwd(), 'deploy/local/simulated-line/roll-former.yaml'), 'utf8');

const leftBehind: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const remove of leftBehind.splice(0).reverse()) await remove();
});

/** How many data messages the broker has passed on to somebody else. */
const passingBy = async (url: string): Promise<() => number> => {
  const other = await connectAsync(url, { reconnectPeriod: 0 });
  leftBehind.push(() => other.endAsync(true));
  let count = 0;
  other.on('message', () => count++);
  await other.subscribeAsync('spBv1.0/+/DDATA/#');
  return () => count;
};

interface Made {
  readonly code: string;
  readonly tooling: unknown;
  good: number;
}

/** The line with its gateway; knows what was really made. */
class Line {
  readonly made: Made[] = [];
  said: Said = atRest;
  private shift: Shift = beforeTheShift(12_345);

  constructor(private readonly edge: SparkplugEdge) {}

  get total(): number {
    return Number(this.said['Length/Good']) - Number(atRest['Length/Good']);
  }

  async step(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const { shift, says } = nextStep(this.shift, () => 0);
      const good = Number(this.said['Length/Good']);
      this.shift = shift;
      this.said = { ...this.said, ...says };
      if ('Bundle/Number' in says)
        this.made.push({
          code: `${this.said['Job/OrdId']}-${String(this.said['Bundle/Number']).padStart(2, '0')}`,
          tooling: this.said['Job/ToolingCode'],
          good: 0,
        });
      const current = this.made.at(-1);
      if (current !== undefined) current.good += Number(this.said['Length/Good']) - good;
      await this.edge.say(LINE.device, says);
    }
  }

  /** To just after the end of a bundle. */
  async finish(): Promise<void> {
    do await this.step(1);
    while (this.shift.phase !== 'told');
  }
}

interface ToldBundle {
  readonly BundleCode: string;
  readonly ToolingCode: string;
  readonly Complete: boolean;
  readonly GoodIn: number;
  readonly integrity: {
    readonly gaps: ReadonlyArray<{ readonly from: string; readonly to: string }>;
    readonly closedUnseen: boolean;
    readonly violations: readonly unknown[];
  };
}

const bundlesOf = (signals: readonly Signal[]) => {
  const read = readMapping(MAPPING);
  if (read.kind !== 'mapping') throw new Error(JSON.stringify(read));
  const heard = signals.map((signal) => ({ ...signal, source: 'roll-forming-line' }));
  const { events, states } = dryRun(read.machines, heard, { tenant: 'default' });
  return {
    told: events.flatMap(({ event: { type, data } }) =>
      type.startsWith('bundle.') ? [JSON.parse(data) as ToldBundle] : [],
    ),
    unbundled: (states['roll-former-1']!.rules['bundle'] as unknown as { unbundled: { good: string } }).unbundled.good,
    types: new Set(events.map(({ event }) => event.type)),
  };
};

// a bundle is 8 steps: loaded, runs, 4 panels, complete, told
it.each([
  ['loaded and nothing made of it', 1, 10, ['12345-01', '12345-02']],
  ['running and nothing made of it', 2, 8, ['12345-01', '12345-02']],
  ['in the middle of a bundle', 4, 7, ['12345-01', '12345-02']],
  ['in the middle of a bundle, and still in it', 4, 1, ['12345-01']],
  ['in the middle of a bundle, into another order', 4, 27, ['12345-01', '12346-01']],
  ['at the end of a bundle', 7, 4, ['12345-01', '12345-02']],
])('a line that is lost while %s has no length in a wrong bundle', async (_when, before, unheard, codes) => {
  const broker = await MosquittoBroker.start();
  leftBehind.push(() => broker.remove());
  const sink = new MemorySink();
  const settings = sparkplugSettings.parse({
    url: broker.url,
    rebirthMinIntervalMs: 300,
    machines: [{ machine: 'roll-former-1', ...LINE }],
  });
  const listen = async (): Promise<OpenSource> => {
    const source = openOn(sparkplugSourceKind, settings, sink, '');
    leftBehind.push(() => source.stop());
    await eventually(() => source.health().connection.state === 'connected', 'the source to be connected');
    return source;
  };
  const first = await listen();
  const edge = new SparkplugEdge({
    url: broker.url,
    group: LINE.group,
    node: LINE.node,
    aliases: true,
    metrics: [],
    devices: {
      [LINE.device]: Object.entries(atRest).map(([name, value]) => {
        const type = typeof value === 'boolean' ? 'Boolean' : typeof value === 'string' ? 'String' : 'Double';
        return { name, type, value };
      }),
    },
  });
  leftBehind.push(() => edge.kill());
  await edge.start();
  const line = new Line(edge);
  const heard = () =>
    Object.entries(line.said).every(
      ([name, value]) => sink.appended.findLast(({ path }) => path === name)?.value === value,
    );
  await line.step(before);
  await eventually(heard, 'all that was said');
  await first.stop();
  const lostAt = Date.now();
  const passed = await passingBy(broker.url);
  await line.step(unheard);
  await eventually(() => passed() === unheard, 'what nobody hears to have gone by');
  await listen();
  const backAt = Date.now();
  const words = () => sink.lifecycle().filter((word) => word !== 'alive');
  await line.step(1);
  await eventually(() => words().slice(-2).join() === 'disconnected,connected' && heard(), 'the birth');
  await line.finish();
  await line.finish();
  await eventually(heard, 'all that was said in the end');
  // the window after the end of the last one
  await line.step(1);
  await eventually(heard, 'the next one');

  const { told, unbundled } = bundlesOf(sink.appended);
  expect(told.map(({ BundleCode }) => BundleCode).slice(0, codes.length)).toEqual(codes);
  for (const bundle of told) {
    const truth = line.made.find(({ code }) => code === bundle.BundleCode)!;
    expect(bundle.ToolingCode).toBe(truth.tooling);
    expect(bundle.integrity.violations).toEqual([]);
    expect(bundle.GoodIn).toBeLessThanOrEqual(truth.good);
    const { gaps } = bundle.integrity;
    if (gaps.length === 0) expect(bundle).toMatchObject({ GoodIn: truth.good, Complete: true });
    else {
      expect(gaps).toHaveLength(1);
      expect(Date.parse(gaps[0]!.from)).toBeLessThanOrEqual(lostAt);
      expect(Date.parse(gaps[0]!.to)).toBeGreaterThanOrEqual(backAt);
    }
  }
  // None but the ones at the edges of the outage are touched by it.
  expect(told.filter(({ integrity: { gaps } }) => gaps.length > 0).map(({ BundleCode }) => BundleCode)).toEqual(codes);
  expect(told.reduce((sum, { GoodIn }) => sum + GoodIn, 0) + Number(unbundled)).toBe(line.total);
  expect(told.at(-1)).toMatchObject({ Complete: true, integrity: { gaps: [] } });
});
