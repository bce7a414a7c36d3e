import type { Signal } from '@millrace/domain';
import {
  asksForRebirth,
  decodePayload,
  type EdgeLayout,
  type EdgeMessage,
  EdgeSession,
  encodePayload,
} from '@millrace/sparkplug';
import { randomFrom } from '@millrace/test-environment';
import { CURSOR_BYTES, jsonBytes } from '../cursor-room';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import type { Outcome } from '../mqtt/mqtt-intake';
import { SparkplugIntake } from './sparkplug-intake';
import { type SparkplugSettings, sparkplugSettings } from './sparkplug-settings';

const START = Date.parse('2026-01-05T06:00:00Z');
const layout: EdgeLayout = {
  group: 'G',
  node: 'E',
  aliases: true,
  metrics: [{ name: 'Load', type: 'Int32', value: 3 }],
  devices: {
    D: [
      { name: 'State', type: 'String', value: 'HALT' },
      { name: 'Count', type: 'Int32', value: 0, unit: 'mm' },
    ],
  },
};

/** An edge node and an intake that hears it, with a clock that only the test moves. */
class Scene {
  now = START;
  readonly signals: Signal[] = [];
  readonly refused: string[] = [];
  readonly published: Array<{ readonly topic: string; readonly payload: Buffer; readonly retain: boolean }> = [];
  readonly settled: MqttMessage[] = [];
  readonly settings: SparkplugSettings;
  intake: SparkplugIntake;
  private processes = 0;

  constructor(
    more: object = {},
    private readonly random = 0.5,
  ) {
    this.settings = sparkplugSettings.parse({
      url: 'mqtt://broker',
      machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }],
      ...more,
    });
    this.intake = this.make(null);
    this.outcome(this.intake.up(this.now, false));
  }

  make(cursor: object | null): SparkplugIntake {
    const place = { tenant: 'default', source: 's', proto: 'spb' } as const;
    return new SparkplugIntake(
      this.settings,
      place,
      'client',
      cursor as never,
      this.now,
      () => this.random,
      `p${this.processes++}`,
    );
  }

  takeOver(): void {
    this.intake = this.make(JSON.parse(JSON.stringify(this.intake.cursor())));
    this.outcome(this.intake.up(this.now, true));
  }

  outcome({ signals, refused, publish, settled }: Outcome): void {
    this.signals.push(...signals);
    this.refused.push(...refused.map(({ code }) => code));
    this.published.push(...publish);
    this.settled.push(...settled);
  }

  hear(message: EdgeMessage, more: Partial<MqttMessage> = {}): MqttMessage {
    const whole: MqttMessage = {
      ...message,
      qos: 0,
      retain: false,
      dup: false,
      receivedAt: this.now,
      settle: () => undefined,
      ...more,
    };
    this.outcome(this.intake.take(whole));
    return whole;
  }

  hearAll(messages: readonly EdgeMessage[]): void {
    for (const message of messages) this.hear(message);
  }

  /** Time passes, looked at each 250 ms. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 250);
      this.outcome(this.intake.tick(this.now));
    }
  }

  session(bdSeq: number): EdgeSession {
    return new EdgeSession(layout, bdSeq);
  }

  values(path: string): unknown[] {
    return this.signals
      .filter((signal) => signal.path === path && !signal.flags.includes('snapshot'))
      .map(({ value }) => value);
  }

  words(): unknown[] {
    return this.signals
      .filter(({ path, value }) => path === '$lifecycle' && value !== 'alive')
      .map(({ value }) => value);
  }

  gaps(): unknown[] {
    return this.signals.filter(({ path }) => path === '$gap').map(({ value }) => value);
  }

  rebirths(): number {
    return this.published.filter(({ payload }) => {
      const read = decodePayload(payload);
      return read.kind === 'payload' && asksForRebirth(read.payload);
    }).length;
  }
}

describe('an edge node that is born', () => {
  it('gives a snapshot, then data by aliases without datatypes', () => {
    const scene = new Scene();
    const node = scene.session(4);
    scene.hearAll(node.births(scene.now));
    scene.hear(node.data('D', { Count: -12, State: 'RUN' }, scene.now));
    scene.hear(node.data(null, { Load: 7 }, scene.now));
    expect(scene.signals.map(({ path, value, flags, seq }) => [path, value, flags.join(), seq])).toEqual([
      ['$lifecycle', 'connected', '', null],
      ['node:Load', 3, 'snapshot', 3],
      ['$lifecycle', 'birth', '', 65_536],
      ['State', 'HALT', 'snapshot', 65_537],
      ['Count', 0, 'snapshot', 65_538],
      ['Count', -12, '', 131_073],
      ['State', 'RUN', '', 131_074],
      ['node:Load', 7, '', 196_609],
    ]);
    expect(scene.signals.find(({ path }) => path === 'Count')).toMatchObject({
      machine: 'm',
      session: expect.stringMatching(`^G/E/4/${START}/p0\\.`),
      unit: 'mm',
      type: 'int64',
      quality: 'good',
      sourceTs: '2026-01-05T06:00:00.000Z',
      raw: { proto: 'spb', ref: 'DBIRTH#1:Int32' },
    });
    expect(scene.settled).toHaveLength(4);
  });

  it('is each machine that a template makes of it, with the metrics of the node as it was born', () => {
    const scene = new Scene({
      machines: [
        { machine: '{node}-{device}', device: '+' },
        { machine: 'gateway', group: 'G', node: 'E' },
      ],
    });
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    expect(scene.signals.filter(({ path }) => /Load/.test(path)).map(({ machine, path }) => [machine, path])).toEqual([
      ['gateway', 'Load'],
      ['E-D', 'node:Load'],
    ]);
    scene.hear(node.data(null, { Load: 8 }, scene.now));
    expect(scene.signals.slice(-2).map(({ machine, path, value }) => [machine, path, value])).toEqual([
      ['gateway', 'Load', 8],
      ['E-D', 'node:Load', 8],
    ]);
  });

  it('of another group, or a device that nobody named, is nothing', () => {
    const scene = new Scene();
    const other = new EdgeSession({ ...layout, group: 'X' }, 0);
    scene.hearAll(other.births(scene.now));
    const more = new EdgeSession({ ...layout, devices: { ...layout.devices, Other: [] } }, 0);
    scene.hearAll(more.births(scene.now));
    expect(new Set(scene.signals.map(({ machine }) => machine))).toEqual(new Set(['m']));
    expect(scene.intake.counts()).toMatchObject({ unmapped: 3, refused: 0 });
  });
});

describe('death', () => {
  it('of the node is the death of its machines, once, and its return a birth', () => {
    const scene = new Scene();
    const node = scene.session(1);
    const will = node.death(scene.now);
    scene.hearAll(node.births(scene.now));
    scene.hear(will);
    scene.hear(will);
    expect(scene.words()).toEqual(['connected', 'birth', 'death']);
    expect(scene.signals.at(-1)).toMatchObject({ qualityCode: 'spb:NDEATH', session: `G/E/1/${START}/death` });
    scene.now += 1_000;
    scene.hearAll(scene.session(2).births(scene.now));
    expect(scene.words()).toEqual(['connected', 'birth', 'death', 'birth']);
  });

  it('of another bdSeq is that of an older session, and ignored', () => {
    const scene = new Scene();
    const old = scene.session(1);
    const will = old.death(scene.now);
    scene.hearAll(old.births(scene.now));
    scene.now += 5_000;
    scene.hearAll(scene.session(2).births(scene.now));
    scene.hear(will);
    expect(scene.words()).toEqual(['connected', 'birth']);
    expect(scene.intake.counts()).toMatchObject({ lateDeaths: 1, deaths: 0 });
  });

  describe('with a bdSeq that the node uses again', () => {
    const begin = (role: string) => {
      const scene = new Scene({ role });
      const first = scene.session(0);
      const firstWill = first.death(scene.now);
      scene.hearAll(first.births(scene.now + 10));
      scene.hear(first.data('D', { Count: 1 }, scene.now + 500));
      scene.now += 20_000;
      const second = scene.session(0);
      const secondWill = second.death(scene.now);
      scene.hearAll(second.births(scene.now + 10));
      return { scene, second, firstWill, secondWill };
    };

    it('comes late after the new birth, and is ignored; the death of the new session is not', () => {
      const { scene, second, firstWill, secondWill } = begin('passive');
      scene.hear(firstWill);
      scene.hear(second.data('D', { Count: 2 }, scene.now));
      expect(scene.words()).toEqual(['connected', 'birth']);
      expect(scene.values('Count')).toEqual([1, 2]);
      scene.hear(secondWill);
      expect(scene.words()).toEqual(['connected', 'birth', 'death']);
    });

    it('is believed after all when the node, asked, says nothing', () => {
      const { scene, firstWill } = begin('active');
      scene.hear(firstWill);
      scene.pass(25_000);
      expect(scene.rebirths()).toBe(1);
      expect(scene.words()).toEqual(['connected', 'birth']);
      scene.pass(10_000);
      expect(scene.words()).toEqual(['connected', 'birth', 'death']);
    });
  });

  it('of the node after a rebirth that was asked for is its own', () => {
    const scene = new Scene();
    const node = scene.session(0);
    const will = node.death(scene.now);
    scene.hearAll(node.births(scene.now));
    scene.now += 1_000;
    scene.hear({
      topic: 'spBv1.0/G/NCMD/E',
      payload: encodePayload({ metrics: [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }] }),
    });
    scene.now += 100;
    scene.hearAll(node.births(scene.now));
    expect(scene.words()).toEqual(['connected', 'birth']);
    scene.hear(will);
    expect(scene.words()).toEqual(['connected', 'birth', 'death']);
  });

  it('of the device leaves the node alive', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.hear(node.deviceDeath('D', scene.now));
    expect(scene.signals.at(-1)).toMatchObject({ value: 'death', qualityCode: 'spb:DDEATH' });
    scene.hear(node.data(null, { Load: 9 }, scene.now));
    expect(scene.values('node:Load')).toEqual([9]);
  });

  it('is that of a device which is not born again after its node', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.now += 1_000;
    const [nodeBirth] = node.births(scene.now);
    scene.hear(nodeBirth!);
    scene.pass(9_000);
    expect(scene.words()).toEqual(['connected', 'birth']);
    scene.pass(2_000);
    expect(scene.words()).toEqual(['connected', 'birth', 'death']);
  });
});

describe('the sequence', () => {
  it('wraps without a loss, and messages that change places are put in order', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const random = randomFrom(7);
    const messages = Array.from({ length: 1_500 }, (_, n) => node.data('D', { Count: n }, scene.now + n));
    // Each stays within five places of where it belongs.
    const shuffled = messages.map((message, n) => ({ message, at: n + random() * 5 })).sort((a, b) => a.at - b.at);
    for (const { message } of shuffled) scene.hear(message);
    expect(scene.values('Count')).toEqual(Array.from({ length: 1_500 }, (_, n) => n));
    expect(scene.gaps()).toEqual([]);
  });

  it('with a hole waits, then its machines are out of sight since it was heard last, until the birth that is asked for', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const heard = new Date(scene.now).toISOString();
    scene.now += 5_000;
    node.data('D', { State: 'RUN' }, scene.now);
    node.skip();
    const waiting = scene.hear(node.data('D', { Count: 5 }, scene.now), { qos: 1 });
    scene.pass(1_500);
    expect([scene.values('Count'), scene.settled.includes(waiting)]).toEqual([[], false]);
    scene.pass(1_000);
    expect(scene.gaps()).toEqual([{ from: 2, to: 3, lost: 2 }]);
    expect(scene.signals.slice(-2).map(({ path, value, receiveTs, at }) => [path, value, receiveTs, at])).toEqual([
      ['$gap', { from: 2, to: 3, lost: 2 }, heard, heard],
      ['$lifecycle', 'disconnected', heard, heard],
    ]);
    scene.hear(node.data('D', { Count: 6 }, scene.now));
    scene.pass(2_000);
    expect([scene.values('Count'), scene.settled.includes(waiting), scene.rebirths()]).toEqual([[], false, 1]);
    const before = scene.signals.length;
    scene.hearAll(node.births(scene.now));
    scene.hear(node.data('D', { Count: 7 }, scene.now));
    expect(
      scene.signals
        .slice(before)
        .filter(({ path }) => path !== 'node:Load')
        .map(({ path, value, flags }) => [path, value, flags.join()]),
    ).toEqual([
      ['$lifecycle', 'connected', ''],
      ['Count', 5, 'late'],
      ['Count', 6, 'late'],
      ['State', 'RUN', 'snapshot'],
      ['Count', 6, 'snapshot'],
      ['Count', 7, ''],
    ]);
    expect(scene.settled.includes(waiting)).toBe(true);
  });

  it.each([
    ['passive', 0, [{ from: 2, to: 2, lost: 1 }], ['connected', 'birth']],
    ['active', 21_000, [{ from: 2, to: 2, lost: 1 }], ['connected', 'birth', 'disconnected', 'connected']],
  ])('with a hole goes on in role %s, where no birth comes, as it is', (role, after, gaps, words) => {
    const scene = new Scene({ role });
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    node.skip();
    scene.hear(node.data('D', { Count: 5 }, scene.now));
    scene.pass(2_500);
    scene.hear(node.data('D', { Count: 6 }, scene.now));
    scene.pass(after);
    scene.hear(node.data('D', { Count: 7 }, scene.now));
    const counts = scene.signals.filter(({ path, flags }) => path === 'Count' && !flags.includes('snapshot'));
    expect(counts.map(({ value, flags, seq }) => [value, flags.join(), seq! >> 16])).toEqual([
      [5, '', 3],
      [6, '', 4],
      [7, '', 5],
    ]);
    expect([scene.gaps(), scene.words(), scene.refused]).toEqual([gaps, words, []]);
  });

  it('has a message that comes after its gap was told, flagged late', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const late = node.data('D', { Count: 1 }, scene.now + 1);
    scene.hear(node.data('D', { Count: 2 }, scene.now + 2));
    scene.pass(3_000);
    scene.hear(late);
    scene.hear(late);
    const { flags, seq, value } = scene.signals.findLast(({ path }) => path === 'Count')!;
    expect([flags, seq, value]).toEqual([['late'], null, 1]);
    expect(scene.intake.counts()).toMatchObject({ late: 1, duplicates: 1 });
  });

  it('counts a frame that cannot be read as one that is missing', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const { topic, payload } = node.data('D', { Count: 1 }, scene.now);
    scene.hear({ topic, payload: payload.subarray(0, payload.length - 3) });
    scene.hear(node.data('D', { Count: 2 }, scene.now));
    scene.pass(3_000);
    expect(scene.refused).toEqual(['decode_error']);
    expect(scene.gaps()).toEqual([{ from: 2, to: 2, lost: 1 }]);
    scene.hearAll(node.births(scene.now));
    expect(scene.values('Count')).toEqual([2]);
  });

  it('tells a long outage from messages that come late', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    for (let n = 0; n < 180; n++) node.skip();
    scene.pass(1_000);
    scene.hear(node.data('D', { Count: 1 }, scene.now));
    scene.pass(3_000);
    scene.hearAll(node.births(scene.now));
    expect([scene.values('Count'), scene.gaps()]).toEqual([[1], [{ from: 2, to: 181, lost: 180 }]]);
  });
});

describe('joining in the middle', () => {
  it('is asked when the source begins, where the settings name it and it says nothing', () => {
    const scene = new Scene();
    scene.pass(1_900);
    expect(scene.published).toEqual([]);
    scene.pass(30_000);
    expect(scene.published.map(({ topic }) => topic)).toEqual(['spBv1.0/G/NCMD/E']);
    scene.hearAll(scene.session(0).births(scene.now));
    expect(scene.signals.filter(({ path }) => path === 'State').map(({ value }) => value)).toEqual(['HALT']);
    const heard = new Scene();
    heard.hearAll(heard.session(0).births(heard.now));
    heard.pass(30_000);
    expect(heard.published).toEqual([]);
    expect(new Scene({ machines: [{ machine: '{node}', group: 'G', device: '+' }] }).published).toEqual([]);
  });

  it('holds data, asks once, and tells them as late before the snapshot', () => {
    const scene = new Scene();
    const node = scene.session(3);
    node.births(scene.now);
    const held = [1, 2, 3].map((n) => scene.hear(node.data('D', { Count: n }, scene.now + n), { qos: 1 }));
    scene.hear(node.data(null, { Load: 4 }, scene.now + 4));
    expect([scene.values('Count'), scene.settled]).toEqual([[], []]);
    scene.pass(3_000);
    expect(scene.rebirths()).toBe(1);
    scene.hearAll(node.births(scene.now));
    const count = scene.signals.filter(({ path }) => path === 'Count');
    expect(count.map(({ value, flags }) => [value, flags.join()])).toEqual([
      [1, 'late'],
      [2, 'late'],
      [3, 'late'],
      [3, 'snapshot'],
    ]);
    expect(scene.values('node:Load')).toEqual([4]);
    expect(held.every((message) => scene.settled.includes(message))).toBe(true);
    scene.pass(60_000);
    expect(scene.rebirths()).toBe(1);
  });

  it('knows data of the millisecond of the birth, by their numbers, for what came before it', () => {
    const scene = new Scene();
    const node = scene.session(0);
    node.births(scene.now);
    scene.now += 1_000;
    for (let n = 1; n <= 3; n++) {
      if (n === 2) scene.now++;
      scene.hear(node.data('D', { Count: n }, scene.now));
    }
    scene.hearAll(node.births(scene.now));
    for (let n = 4; n <= 8; n++) scene.hear(node.data('D', { Count: n }, ++scene.now));
    scene.pass(5_000);
    expect([scene.values('Count'), scene.gaps()]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], []]);
  });

  it('is an error of the source where it speaks on and answers no request', () => {
    const scene = new Scene();
    const node = scene.session(3);
    node.births(scene.now);
    scene.pass(60_000);
    expect([scene.rebirths(), scene.intake.lastError()]).toEqual([1, null]);
    const speak = (times: number) => {
      for (let n = 0; n < times; n++) {
        scene.hear(node.data('D', { Count: n }, scene.now));
        scene.pass(1_000);
      }
    };
    speak(5);
    expect([scene.rebirths(), scene.intake.lastError()]).toEqual([2, null]);
    speak(10);
    expect(scene.intake.lastError()?.detail).toBe(
      'G/E has not answered 3 requests for a rebirth: may this account publish to spBv1.0/G/NCMD/E?',
    );
    const told = scene.intake.lastError();
    scene.hearAll(node.births(scene.now));
    scene.pass(60_000);
    speak(3);
    expect(scene.intake.lastError()).toEqual(told);
  });

  it('asks no more often than the interval, whatever the reasons, and then refuses', () => {
    const scene = new Scene();
    const node = scene.session(3);
    node.births(scene.now);
    for (let n = 0; n < 120; n++) {
      scene.hear(node.data('D', { Count: n }, scene.now));
      scene.pass(500);
    }
    const asked = scene.rebirths();
    expect(asked).toBeGreaterThanOrEqual(5);
    expect(asked).toBeLessThanOrEqual(6);
    expect(scene.refused.length).toBeGreaterThan(70);
    expect(new Set(scene.refused)).toEqual(new Set(['no_birth']));
  });

  it('holds no more than a thousand, and of QoS 1 messages half of what may be in flight', () => {
    const scene = new Scene({ inFlight: 100 });
    const node = scene.session(3);
    node.births(scene.now);
    for (let n = 0; n < 1_100; n++) scene.hear(node.data('D', { Count: n }, scene.now));
    expect([scene.intake.held(), scene.refused.length]).toEqual([1_000, 100]);
    const other = new Scene({ inFlight: 100 });
    for (let n = 0; n < 60; n++) other.hear(node.data('D', { Count: n }, other.now), { qos: 1 });
    expect(other.refused.length).toBe(50);
    expect(other.settled.length).toBe(50);
  });

  it.each([0, 0.9])(
    'keeps what is held at QoS 1, where nothing more comes, until the birth that it asks for (random %d)',
    (random) => {
      const scene = new Scene({}, random);
      const node = scene.session(0);
      node.births(scene.now);
      scene.now += 1_000;
      for (let n = 0; n < 12; n++) scene.hear(node.data('D', { Count: n }, ++scene.now), { qos: 1 });
      while (scene.rebirths() === 0) scene.pass(250);
      scene.pass(2_000);
      expect([scene.refused, scene.settled.length]).toEqual([[], 0]);
      for (const message of node.births(scene.now)) scene.hear(message, { qos: 1 });
      expect([scene.refused, scene.values('Count')]).toEqual([[], Array.from({ length: 12 }, (_, n) => n)]);
    },
  );

  it('lets a broker go on that sends no more, since so much is held, once a birth was asked for, and then holds half as much for a while', () => {
    const scene = new Scene();
    const node = scene.session(0);
    node.births(scene.now);
    const data = (times: number) => {
      for (let n = 0; n < times; n++) scene.hear(node.data('D', { Count: n }, ++scene.now), { qos: 1 });
    };
    data(20);
    scene.pass(3_500);
    expect([scene.rebirths(), scene.settled.length]).toEqual([1, 0]);
    scene.pass(1_000);
    expect([scene.settled.length, scene.refused]).toEqual([20, Array(20).fill('no_birth')]);
    data(9);
    expect(scene.settled.length).toBe(20);
    data(1);
    expect(scene.settled.length).toBe(30);
    for (const message of node.births(++scene.now)) scene.hear(message, { qos: 1 });
    data(30);
    expect([scene.settled.length, scene.values('Count').length]).toEqual([62, 30]);
    scene.hear(scene.session(0).death(scene.now));
    scene.pass(20_000);
    const settled = scene.settled.length;
    data(15);
    expect([scene.settled.length, scene.refused.length]).toEqual([settled, 30]);
  });

  it('never writes in role passive', () => {
    const scene = new Scene({ role: 'passive' });
    const node = scene.session(3);
    node.births(scene.now);
    scene.hear(node.data('D', { Count: 1 }, scene.now));
    scene.pass(60_000);
    expect([scene.published, scene.refused]).toEqual([[], ['no_birth']]);
  });

  it('takes data that overtook their birth in a cluster of brokers for what they are', () => {
    const scene = new Scene();
    const node = scene.session(3);
    const [nodeBirth, deviceBirth] = node.births(scene.now);
    scene.hear(deviceBirth!);
    scene.hear(node.data('D', { Count: 1 }, scene.now + 5));
    scene.hear(nodeBirth!);
    expect(
      scene.signals.filter(({ path }) => path === 'Count').map(({ value, flags }) => [value, flags.join()]),
    ).toEqual([
      [0, 'snapshot'],
      [1, ''],
    ]);
    scene.pass(5_000);
    expect([scene.rebirths(), scene.gaps()]).toEqual([0, []]);
  });
});

describe('a value', () => {
  const born = () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const say = (metrics: Parameters<typeof encodePayload>[0]['metrics'], seq = 2) =>
      scene.hear({ topic: 'spBv1.0/G/DDATA/E/D', payload: encodePayload({ timestamp: scene.now, seq, metrics }) });
    return { scene, node, say };
  };

  it('of another datatype than at birth is taken as it is, and flagged', () => {
    const { scene, say } = born();
    say([
      { name: 'Count', type: 'Float', value: 11.5 },
      { name: 'Count', type: 'Float', value: 12 },
      { name: 'New', type: 'Int64', value: '9007199254740993' },
    ]);
    expect(
      scene.signals
        .slice(-3)
        .map(({ path, value, type, flags, quality }) => [path, value, type, flags.join(), quality]),
    ).toEqual([
      ['Count', 11.5, 'float', 'type_changed', 'good'],
      ['Count', 12, 'int64', 'type_changed', 'good'],
      ['New', '9007199254740993', 'int64', '', 'good'],
    ]);
  });

  it('that is none is bad, and never 0', () => {
    const { scene, say } = born();
    say([
      { alias: 3, type: 'Int32', value: null },
      { alias: 3, type: 'Double', value: Number.NaN },
      { alias: 3, type: 'String', withoutDatatype: true, value: '12' },
      { alias: 2, type: 'String', value: 'x'.repeat(70_000) },
    ]);
    expect(
      scene.signals.slice(-4).map(({ path, value, quality, qualityCode }) => [path, value, quality, qualityCode]),
    ).toEqual([
      ['Count', null, 'bad', 'spb:null'],
      ['Count', null, 'bad', 'spb:not_finite'],
      ['Count', null, 'bad', 'spb:misfit'],
      ['State', null, 'bad', 'spb:too_large'],
    ]);
  });

  it('of history is flagged, and one of an alias that no birth knows waits for one', () => {
    const { scene, node, say } = born();
    say([
      { alias: 3, type: 'Int32', historical: true, timestamp: START - 60_000, value: 4 },
      { alias: 99, type: 'Int32', withoutDatatype: true, value: 1 },
    ]);
    expect(scene.signals.at(-1)).toMatchObject({
      value: 4,
      flags: ['historical'],
      sourceTs: '2026-01-05T05:59:00.000Z',
    });
    scene.pass(3_000);
    expect(scene.rebirths()).toBe(1);
    scene.hearAll(node.births(scene.now));
    expect(scene.refused).toEqual(['unknown_metric']);
    expect(scene.settled).toHaveLength(5);
  });
});

describe('what is malformed', () => {
  it.each<[string, string, Buffer, string]>([
    ['an empty payload', 'spBv1.0/G/DDATA/E/D', Buffer.alloc(0), 'malformed'],
    ['a payload without anything', 'spBv1.0/G/NDATA/E', Buffer.from('f80700', 'hex'), 'malformed'],
    ['an NDATA with a device', 'spBv1.0/G/NDATA/E/D', encodePayload({ seq: 2, metrics: [] }), 'malformed'],
    ['JSON', 'spBv1.0/G/DDATA/E/D', Buffer.from('{"a":1}'), 'decode_error'],
    ['a type that is none', 'spBv1.0/G/XDATA/E', Buffer.from('x'), 'malformed'],
  ])('%s is refused and changes nothing', (_title, topic, payload, code) => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const before = scene.signals.length;
    scene.hear({ topic, payload });
    expect([scene.refused, scene.signals.length]).toEqual([[code], before]);
    scene.hear(node.data('D', { Count: 2 }, scene.now));
    expect(scene.values('Count')).toEqual([2]);
  });

  it('ten thousand mutated frames: what is right between them is unaffected', () => {
    const random = randomFrom(3);
    const wide = new Scene({ machines: [{ machine: '{node}', device: '+' }] });
    const node = wide.session(0);
    const other = new EdgeSession({ ...layout, node: 'F' }, 0);
    const victims = [...other.births(START), other.data('D', { Count: 1 }, START), other.death(START)];
    const mutate = ({ topic, payload }: EdgeMessage): EdgeMessage => {
      const bytes = Buffer.from(payload);
      for (let n = 0; n < 1 + random() * 6; n++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return { topic, payload: random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes };
    };
    wide.hearAll(node.births(wide.now));
    for (let n = 0; n < 10_000; n++) {
      wide.hear(mutate(victims[n % victims.length]!));
      if (n % 100 === 0) {
        wide.hear(node.data('D', { Count: n }, wide.now));
        wide.pass(250);
      }
    }
    const right = wide.signals.filter(
      ({ machine, path, flags }) => machine === 'E' && path === 'Count' && flags.length === 0,
    );
    expect(right.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, n) => n * 100));
    expect(wide.signals.filter(({ machine, path }) => machine === 'E' && path === '$gap')).toEqual([]);
    expect(wide.refused.length).toBeGreaterThan(1_000);
  });
});

describe('the broker', () => {
  it('comes back: machines are told, and nodes are asked unless they were born again by themselves', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.outcome(scene.intake.down(scene.now));
    scene.now += 60_000;
    scene.outcome(scene.intake.up(scene.now, false));
    expect(scene.words()).toEqual(['connected', 'birth', 'disconnected', 'connected']);
    scene.hearAll(scene.session(1).births(scene.now));
    scene.pass(10_000);
    expect(scene.rebirths()).toBe(0);
    scene.outcome(scene.intake.down(scene.now));
    scene.outcome(scene.intake.up(scene.now, true));
    scene.pass(10_000);
    expect(scene.rebirths()).toBe(1);
    expect(scene.words().filter((word) => word === 'birth' || word === 'death')).toEqual(['birth']);
  });

  it.each([
    ['active', ['connected', 'birth', 'disconnected', 'connected', 'death']],
    ['passive', ['connected', 'birth', 'disconnected', 'connected']],
  ])('comes back without our session, and a node stays silent: in role %s it is not alive', (role, words) => {
    const scene = new Scene({ role });
    scene.hearAll(scene.session(0).births(scene.now));
    scene.outcome(scene.intake.down(scene.now));
    scene.outcome(scene.intake.up(scene.now, false));
    const before = scene.signals.length;
    scene.pass(60_000);
    expect(scene.words()).toEqual(words);
    expect(scene.signals.slice(before).filter(({ value }) => value === 'alive')).toEqual([]);
  });

  it('was away, and so was Kafka: a node and its device that are both given up at one look die once', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.hear(node.births(scene.now + 1)[0]!);
    scene.outcome(scene.intake.down(scene.now));
    scene.outcome(scene.intake.up(scene.now, false));
    scene.now += 60_000;
    scene.outcome(scene.intake.tick(scene.now));
    expect(scene.words().filter((word) => word === 'death')).toEqual(['death']);
  });

  it('is there and the machine has nothing to say: alive, every ten seconds, and not after its death', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const alive = () => scene.signals.filter(({ value }) => value === 'alive').length;
    scene.pass(35_000);
    expect(alive()).toBe(3);
    scene.hear(node.death(scene.now));
    scene.pass(30_000);
    expect(alive()).toBe(3);
  });
});

describe('a successor', () => {
  it('knows the aliases, drops what was done with, and counts on what is sent again as before', () => {
    const scene = new Scene();
    const node = scene.session(0);
    const born = node.births(scene.now);
    for (const message of born) scene.hear(message, { qos: 1 });
    const done = node.data('D', { Count: 1 }, scene.now);
    scene.hear(done, { qos: 1 });
    const unacknowledged = node.data('D', { Count: 2 }, scene.now);
    const cursorBefore = scene.intake.cursor();
    scene.hear(unacknowledged, { qos: 1 });
    const first = scene.signals.at(-1)!;
    scene.intake = scene.make(JSON.parse(JSON.stringify(cursorBefore)));
    const before = scene.signals.length;
    // A broker sends them before it has answered the subscription.
    for (const message of [...born, done]) scene.hear(message, { qos: 1, dup: true });
    expect(scene.signals.slice(before)).toEqual([]);
    scene.hear(unacknowledged, { qos: 1, dup: true });
    scene.outcome(scene.intake.up(scene.now, true));
    const again = scene.signals.filter(({ path, value }) => path === 'Count' && value === 2).at(-1)!;
    expect([again.session, again.seq]).toEqual([first.session, first.seq]);
    scene.hear(node.data('D', { Count: 3 }, scene.now), { qos: 1 });
    const next = scene.signals.at(-1)!;
    expect([next.session, next.seq, next.value]).toEqual([first.session, first.seq! + 65_536, 3]);
    expect(scene.gaps()).toEqual([]);
  });

  it('numbers what came at QoS 0 by itself: what its predecessor heard of it, and it has not, cannot be known', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.hear(node.data('D', { Count: 1 }, scene.now));
    const before = scene.signals.at(-1)!;
    scene.takeOver();
    scene.hear(node.data('D', { Count: 2 }, scene.now));
    const after = scene.signals.at(-1)!;
    expect([before.session, after.session]).toEqual([
      expect.stringMatching(`^G/E/0/${START}/p0\\.`),
      `G/E/0/${START}/p1`,
    ]);
    scene.pass(20_000);
    expect([scene.rebirths(), scene.gaps()]).toEqual([0, []]);
  });

  it('whose broker has lost the session counts by itself too', () => {
    const scene = new Scene();
    const node = scene.session(0);
    for (const message of node.births(scene.now)) scene.hear(message, { qos: 1 });
    scene.intake = scene.make(JSON.parse(JSON.stringify(scene.intake.cursor())));
    scene.outcome(scene.intake.up(scene.now, false));
    for (let n = 0; n < 256; n++) node.skip();
    scene.hear(node.data('D', { Count: 5 }, scene.now), { qos: 1 });
    expect(scene.signals.at(-1)).toMatchObject({ value: 5, session: `G/E/0/${START}/p1` });
  });

  it('holds again what its predecessor held, and tells once what was told of it', () => {
    const scene = new Scene();
    const stranger = new EdgeSession(
      { ...layout, devices: { ...layout.devices, X: [{ name: 'Length', type: 'Int32', value: 0 }] } },
      0,
    );
    const [nodeBirth, deviceBirth] = stranger.births(scene.now);
    for (const message of [nodeBirth!, deviceBirth!]) scene.hear(message, { qos: 1 });
    stranger.skip();
    const held = encodePayload({
      timestamp: scene.now,
      seq: 2,
      metrics: [
        { alias: 3, timestamp: scene.now, type: 'Int32', withoutDatatype: true, value: 4 },
        { alias: 99, timestamp: scene.now, type: 'Int32', withoutDatatype: true, value: 7 },
      ],
    });
    const unexplained = { topic: 'spBv1.0/G/DDATA/E/D', payload: held };
    scene.hear(unexplained, { qos: 1 });
    for (let n = 0; n < 300; n++) scene.hear(stranger.data('D', { Count: n }, scene.now), { qos: 1 });
    scene.takeOver();
    const before = scene.signals.length;
    const again = scene.hear(unexplained, { qos: 1, dup: true });
    scene.hear(stranger.data('D', { Count: 300 }, scene.now), { qos: 1 });
    expect(scene.settled.includes(again)).toBe(false);
    expect(scene.signals.slice(before).map(({ path, value }) => [path, value])).toEqual([
      ['$lifecycle', 'connected'],
      ['Count', 300],
    ]);
    scene.pass(5_000);
    expect([scene.rebirths(), scene.gaps()]).toEqual([1, []]);
  });

  it('knows who has died, and asks whether it has come back meanwhile', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    scene.hear(node.death(scene.now));
    const before = scene.signals.length;
    scene.takeOver();
    scene.pass(60_000);
    expect([scene.signals.slice(before), scene.rebirths()]).toEqual([[], 1]);
    scene.hearAll(scene.session(1).births(scene.now));
    expect(scene.words()).toEqual(['connected', 'birth', 'death', 'birth']);
  });

  it('of any node there is asks those that it knows, whatever the broker has kept', () => {
    const scene = new Scene({ machines: [{ machine: '{node}-{device}', device: '+' }] });
    const nodes = ['A', 'B', 'C'].map((node) => new EdgeSession({ ...layout, node }, 0));
    for (const node of nodes) scene.hearAll(node.births(scene.now));
    scene.hear(nodes[2]!.death(scene.now));
    scene.intake = scene.make(JSON.parse(JSON.stringify(scene.intake.cursor())));
    scene.outcome(scene.intake.up(scene.now, false));
    scene.pass(5_000);
    expect(scene.published.map(({ topic }) => topic).sort()).toEqual([
      'spBv1.0/G/NCMD/A',
      'spBv1.0/G/NCMD/B',
      'spBv1.0/G/NCMD/C',
    ]);
  });

  it('that missed messages says since when, asks at once, and believes nothing before the birth', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const heard = new Date(scene.now).toISOString();
    const before = scene.signals.length;
    scene.now += 10_000;
    node.data('D', { State: 'RUN', Count: 2 }, scene.now);
    scene.takeOver();
    scene.hear(node.data('D', { Count: 3 }, scene.now));
    scene.pass(1_250);
    expect(scene.rebirths()).toBe(1);
    // Its successor knows that it has not been born again, and when it was asked.
    scene.takeOver();
    scene.hear(node.data('D', { Count: 4 }, scene.now));
    scene.pass(8_500);
    expect(scene.rebirths()).toBe(1);
    scene.pass(4_000);
    expect(scene.rebirths()).toBe(2);
    scene.hearAll(node.births(scene.now));
    const after = scene.signals.slice(before);
    expect(after.map(({ path, value, flags }) => [path, value, flags.join()])).toEqual([
      ['$gap', { from: null, to: null, lost: null }, ''],
      ['$lifecycle', 'disconnected', ''],
      ['$lifecycle', 'connected', ''],
      ['node:Load', 3, 'snapshot'],
      ['Count', 4, 'late'],
      ['State', 'RUN', 'snapshot'],
      ['Count', 4, 'snapshot'],
    ]);
    expect(after.slice(0, 2).map(({ receiveTs, at }) => [receiveTs, at])).toEqual([
      [heard, heard],
      [heard, heard],
    ]);
  });

  it('knows that a death may be that of an elder, and that a node is in doubt', () => {
    const scene = new Scene();
    const first = scene.session(0);
    const will = first.death(scene.now);
    scene.hearAll(first.births(scene.now));
    scene.now += 1_000;
    // Nobody has asked for it.
    scene.hearAll(scene.session(0).births(scene.now));
    scene.takeOver();
    scene.hear(will);
    expect(scene.words()).toEqual(['connected', 'birth']);
    scene.takeOver();
    scene.pass(31_000);
    expect(scene.words()).toEqual(['connected', 'birth', 'death']);
  });

  it('that missed none says that it is there, and goes on', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const before = scene.signals.length;
    scene.takeOver();
    expect(scene.signals.slice(before)).toEqual([]);
    scene.hear(node.data('D', { Count: 1 }, scene.now));
    expect(scene.signals.slice(before).map(({ path, value }) => [path, value])).toEqual([
      ['$lifecycle', 'connected'],
      ['Count', 1],
    ]);
  });

  it('gives no place twice to what is new after two take-overs from one cursor', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    const cursor = JSON.parse(JSON.stringify(scene.intake.cursor()));
    let count = 0;
    for (let life = 0; life < 3; life++) {
      scene.now += 15_000;
      scene.intake = scene.make(cursor);
      scene.outcome(scene.intake.up(scene.now, true));
      for (let n = 0; n < 500; n++) scene.hear(node.data('D', { Count: ++count }, scene.now));
      scene.hearAll(node.births(scene.now));
    }
    const counts = scene.signals.filter(({ path, flags }) => path === 'Count' && !flags.includes('snapshot'));
    expect(counts.length).toBeGreaterThan(1_000);
    expect(new Set(counts.map(({ session, seq }) => `${session} ${seq}`)).size).toBe(counts.length);
  });

  it('asks who says nothing: what it has said meanwhile came to nobody, and may have been its last word', () => {
    const scene = new Scene();
    const node = scene.session(0);
    scene.hearAll(node.births(scene.now));
    node.data('D', { State: 'RUN' }, scene.now);
    scene.takeOver();
    scene.pass(5_000);
    expect(scene.rebirths()).toBe(1);
    scene.hearAll(node.births(scene.now));
    scene.pass(60_000);
    expect(scene.signals.filter(({ path }) => path === 'State').map(({ value }) => value)).toEqual(['HALT', 'RUN']);
    expect(scene.rebirths()).toBe(1);
  });

  it('has a cursor that fits in bytes, whatever nodes and groups are called', () => {
    const groups = Array.from({ length: 200 }, (_, n) => `${n}${'漢'.repeat(60)}`);
    const scene = new Scene({
      machines: groups.map((group, n) => ({ machine: `m${n}-{node}`, group, node: '+', device: 'D' })),
    });
    for (const [n, group] of groups.entries())
      scene.hearAll(new EdgeSession({ ...layout, group, node: `${n}${'字'.repeat(60)}` }, 0).births(scene.now));
    const cursor = scene.intake.cursor();
    expect(jsonBytes(cursor)).toBeLessThan(CURSOR_BYTES);
    expect((cursor['nodes'] as unknown[]).length).toBeGreaterThan(20);
  });

  it('has a cursor that fits, however many nodes there are; names that do not fit are asked for', () => {
    const machines = [{ machine: '{node}-{device}', device: '+' }];
    const scene = new Scene({ machines });
    const metrics = Array.from({ length: 200 }, (_, n) => ({
      name: `Folder ${n % 7}/Some metric ${n * 7_919}`,
      type: 'Double' as const,
      value: n,
    }));
    const nodes = Array.from(
      { length: 150 },
      (_, n) => new EdgeSession({ ...layout, node: `N${n}`, devices: { D: metrics } }, 0),
    );
    for (const node of nodes) scene.hearAll(node.births(scene.now));
    const cursor = JSON.stringify(scene.intake.cursor());
    expect(cursor.length).toBeLessThan(65_536);
    scene.takeOver();
    for (const node of nodes) scene.hear(node.data('D', { [metrics[0]!.name]: 5 }, scene.now));
    scene.pass(5_000);
    const asked = scene.rebirths();
    expect(asked).toBeGreaterThan(50);
    expect(asked).toBeLessThan(150);
    expect(scene.values(metrics[0]!.name)).toHaveLength(150 - asked);
  });
});

describe('a primary host', () => {
  it('says online after the subscriptions, with the stamp of its will, and takes back a late offline', () => {
    const scene = new Scene({ role: 'primary', hostId: 'millrace' });
    const topic = 'spBv1.0/STATE/millrace';
    const will = scene.intake.will(scene.now)!;
    expect([will.topic, JSON.parse(String(will.payload)), will.retain, will.qos]).toEqual([
      topic,
      { online: false, timestamp: START },
      true,
      1,
    ]);
    scene.outcome(scene.intake.up(scene.now, true));
    expect(JSON.parse(String(scene.published.at(-1)!.payload))).toEqual({ online: true, timestamp: START });
    const said = scene.published.length;
    scene.hear({ topic, payload: Buffer.from('{"online":true,"timestamp":1}') }, { retain: true });
    scene.hear({ topic: 'spBv1.0/STATE/other', payload: Buffer.from('{"online":false}') });
    expect(scene.published).toHaveLength(said);
    scene.hear({ topic, payload: Buffer.from('{"online":false,"timestamp":1}') });
    expect(JSON.parse(String(scene.published.at(-1)!.payload))).toMatchObject({ online: true });
    expect(scene.intake.filters).toEqual(['spBv1.0/G/#', topic]);
  });
});

describe('settings', () => {
  const right = { url: 'mqtt://broker', machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }] };
  it.each<[string, object, string]>([
    [
      'a fixed machine for several devices',
      { machines: [{ machine: 'm', group: 'G', node: 'E', device: '+' }] },
      'of several',
    ],
    ['a template without its device', { machines: [{ machine: '{device}' }] }, 'names no device'],
    ['a place that is none', { machines: [{ machine: '{x}' }] }, 'none of its places'],
    ['a primary without a name', { role: 'primary' }, 'needed in role primary'],
    ['a name without a primary', { hostId: 'h' }, 'not used in role active'],
  ])('with %s are refused', (_title, wrong, words) => {
    const result = sparkplugSettings.safeParse({ ...right, ...wrong });
    expect(JSON.stringify(result.error?.issues)).toContain(words);
  });
  it('have defaults', () => {
    expect(sparkplugSettings.parse(right)).toMatchObject({
      role: 'active',
      rebirthMinIntervalMs: 10_000,
      reorderTimeoutMs: 2_000,
    });
  });
});
