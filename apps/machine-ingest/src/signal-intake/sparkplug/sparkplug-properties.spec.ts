import type { Signal } from '@millrace/domain';
import { type EdgeLayout, type EdgeMessage, EdgeSession } from '@millrace/sparkplug';
import fc from 'fast-check';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import type { Outcome } from '../mqtt/mqtt-intake';
import { SparkplugIntake } from './sparkplug-intake';
import { sparkplugSettings } from './sparkplug-settings';

const START = Date.parse('2026-01-05T06:00:00Z');
const layout: EdgeLayout = {
  group: 'G',
  node: 'E',
  aliases: true,
  metrics: [{ name: 'Load', type: 'Int32', value: 0 }],
  devices: { D: [{ name: 'Count', type: 'Int32', value: 0 }] },
};
const settings = sparkplugSettings.parse({ url: 'mqtt://broker', machines: [{ machine: '{device}', device: '+' }] });

/** What may happen between an edge node and the intake; the node answers each rebirth command. */
const happening = fc.oneof(
  { weight: 12, arbitrary: fc.constant('data' as const) },
  { weight: 2, arbitrary: fc.constant('node data' as const) },
  { weight: 2, arbitrary: fc.constant('lost' as const) },
  { weight: 2, arbitrary: fc.constant('twice' as const) },
  { weight: 2, arbitrary: fc.constant('overtaken' as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'garbage',
      'rebirth',
      'restart',
      'quiet restart',
      'reconnect',
      'take-over',
      'device death',
    ),
  },
  { weight: 3, arbitrary: fc.constant('time' as const) },
);

class World {
  now = START;
  readonly signals: Signal[] = [];
  readonly heard: MqttMessage[] = [];
  readonly settled = new Set<MqttMessage>();
  /** Messages of intakes that are gone: the broker would send them again. */
  readonly forgiven = new Set<MqttMessage>();
  readonly said: number[] = [];
  readonly lostValues = new Set<number>();
  readonly rebirths: number[] = [];
  private session = new EdgeSession(layout, 0);
  private will = this.session.death(START);
  private bdSeq = 0;
  private count = 0;
  private overtaking: EdgeMessage | null = null;
  private processes = 0;
  private intake = this.make(null);

  constructor() {
    this.outcome(this.intake.up(this.now, false));
    this.hearAll(this.session.births(this.now));
  }

  happen(what: string): void {
    this.now += 7;
    switch (what) {
      case 'data':
        this.hear(this.data());
        break;
      case 'node data':
        this.hear(this.session.data(null, { Load: this.count }, this.now));
        break;
      case 'lost':
        this.data();
        this.lostValues.add(this.count);
        break;
      case 'twice': {
        const message = this.data();
        this.hear(message);
        this.hear(message);
        break;
      }
      case 'overtaken':
        // The next message goes before it.
        if (this.overtaking === null) this.overtaking = this.data();
        else this.hear(this.data());
        break;
      case 'garbage': {
        const { topic, payload } = this.data();
        this.lostValues.add(this.count);
        this.hear({ topic, payload: payload.subarray(0, payload.length - 2) });
        break;
      }
      case 'rebirth':
        this.hearAll(this.session.births(this.now));
        break;
      case 'restart':
        this.hear(this.will);
        this.renew();
        break;
      case 'quiet restart':
        this.renew();
        break;
      case 'reconnect':
        this.outcome(this.intake.down(this.now));
        this.outcome(this.intake.up(this.now, true));
        break;
      case 'take-over':
        for (const message of this.heard) if (!this.settled.has(message)) this.forgiven.add(message);
        this.intake = this.make(JSON.parse(JSON.stringify(this.intake.cursor())));
        this.outcome(this.intake.up(this.now, true));
        break;
      case 'device death':
        this.hear(this.session.deviceDeath('D', this.now));
        this.hearAll(this.session.births(this.now));
        break;
      case 'time':
        this.pass(1_000);
    }
  }

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 250;
      this.outcome(this.intake.tick(this.now));
    }
  }

  private data(): EdgeMessage {
    this.count++;
    this.said.push(this.count);
    return this.session.data('D', { Count: this.count }, this.now);
  }

  private renew(): void {
    this.bdSeq++;
    this.session = new EdgeSession(
      { ...layout, devices: { D: [{ name: 'Count', type: 'Int32', value: this.count }] } },
      this.bdSeq % 256,
    );
    this.will = this.session.death(this.now);
    this.hearAll(this.session.births(this.now));
  }

  private hearAll(messages: readonly EdgeMessage[]): void {
    for (const message of messages) this.hear(message);
  }

  private hear(message: EdgeMessage): void {
    const qos = message.payload.length % 2 === 0 ? 0 : 1;
    const whole: MqttMessage = {
      ...message,
      qos,
      retain: false,
      dup: false,
      receivedAt: this.now,
      settle: () => undefined,
    };
    this.heard.push(whole);
    this.outcome(this.intake.take(whole));
    const late = this.overtaking;
    this.overtaking = null;
    if (late !== null) this.hear(late);
  }

  private outcome({ signals, settled, publish }: Outcome): void {
    this.signals.push(...signals);
    for (const message of settled) this.settled.add(message);
    if (publish.length === 0) return;
    this.rebirths.push(this.now);
    this.hearAll(this.session.births(this.now));
  }

  private make(cursor: object | null): SparkplugIntake {
    const place = { tenant: 'default', source: 's', proto: 'spb' } as const;
    return new SparkplugIntake(settings, place, 'client', cursor as never, this.now, () => 0.3, `p${this.processes++}`);
  }
}

it('whatever happens: places rise, every message is settled, no value is made up, told twice or lost without a word', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
      const world = new World();
      for (const what of happenings) world.happen(what);
      world.pass(60_000);
      const high = new Map<string, number>();
      for (const { session, seq, machine, path } of world.signals) {
        if (seq === null || path.startsWith('$')) continue;
        expect(seq).toBeGreaterThan(high.get(`${machine} ${session}`) ?? -1);
        high.set(`${machine} ${session}`, seq);
      }
      for (const message of world.heard) expect(world.settled.has(message) || world.forgiven.has(message)).toBe(true);
      const values = world.signals
        .filter(({ path, flags }) => path === 'Count' && !flags.includes('snapshot'))
        .map(({ value }) => value);
      expect(new Set(values).size).toBe(values.length);
      for (const value of values) expect(world.said).toContain(value);
      const gone = world.said.filter((value) => !values.includes(value) && !world.lostValues.has(value));
      const calm = !happenings.some((what) => /take-over|restart|rebirth|death|lost|garbage|reconnect/.test(what));
      if (calm) expect(gone.filter((value) => value !== world.said.at(-1))).toEqual([]);
      for (let n = 1; n < world.rebirths.length; n++)
        expect(world.rebirths[n]! - world.rebirths[n - 1]!).toBeGreaterThanOrEqual(
          happenings.includes('take-over') ? 0 : 10_000,
        );
    }),
    { numRuns: 300 },
  );
});
