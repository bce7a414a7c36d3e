import type { DatatypeName } from '../datatype';
import { encodePayload, type MetricToSend } from '../encode-payload';
import { BDSEQ, REBIRTH } from '../node-control';
import { messageTopic } from '../topic';

export interface EdgeMetric {
  readonly name: string;
  readonly type: DatatypeName;
  readonly value: MetricToSend['value'];
  /** Property `engUnit` of the births. */
  readonly unit?: string;
}

export interface EdgeLayout {
  readonly group: string;
  readonly node: string;
  /** Metrics of the edge node itself, beside bdSeq and the rebirth control. */
  readonly metrics: readonly EdgeMetric[];
  readonly devices: { readonly [device: string]: readonly EdgeMetric[] };
  /** DATA messages carry aliases and no datatype, as the specification recommends; else names and datatypes. */
  readonly aliases: boolean;
}

export interface EdgeMessage {
  readonly topic: string;
  readonly payload: Buffer;
}

/** What an edge node says in one MQTT session: births, numbered data, death. Knows the last value of each metric. */
export class EdgeSession {
  private seq = 0;
  private readonly values = new Map<string, MetricToSend['value']>();
  private readonly aliasOf = new Map<string, number>();

  constructor(
    private readonly layout: EdgeLayout,
    private readonly bdSeq: number,
  ) {
    for (const [device, metrics] of [[null, layout.metrics] as const, ...Object.entries(layout.devices)])
      for (const { name, value } of metrics) {
        this.values.set(keyOf(device, name), value);
        this.aliasOf.set(keyOf(device, name), this.aliasOf.size + 1);
      }
  }

  /** The will: registered with CONNECT, so its stamp lies before the births. */
  death(now: number): EdgeMessage {
    return {
      topic: this.topic('NDEATH'),
      payload: encodePayload({ timestamp: now, metrics: [this.bdSeqMetric(now)] }),
    };
  }

  births(now: number): EdgeMessage[] {
    this.seq = 0;
    const control: MetricToSend = { name: REBIRTH, timestamp: now, type: 'Boolean', value: false };
    return [
      this.numbered('NBIRTH', null, now, [
        this.bdSeqMetric(now),
        control,
        ...this.born(null, this.layout.metrics, now),
      ]),
      ...Object.entries(this.layout.devices).map(([device, metrics]) =>
        this.numbered('DBIRTH', device, now, this.born(device, metrics, now)),
      ),
    ];
  }

  /** A DDATA, or an NDATA where `device` is null. */
  data(device: string | null, values: { readonly [metric: string]: MetricToSend['value'] }, now: number): EdgeMessage {
    const metrics = Object.entries(values).map(([name, value]): MetricToSend => {
      const known = this.metric(device, name);
      this.values.set(keyOf(device, name), value);
      const alias = this.aliasOf.get(keyOf(device, name))!;
      return this.layout.aliases
        ? { alias, timestamp: now, type: known.type, withoutDatatype: true, value }
        : { name, timestamp: now, type: known.type, value };
    });
    return this.numbered(device === null ? 'NDATA' : 'DDATA', device, now, metrics);
  }

  deviceDeath(device: string, now: number): EdgeMessage {
    return this.numbered('DDEATH', device, now, []);
  }

  /** A number that is given and never sent: a message that the network lost. */
  skip(): void {
    this.seq = (this.seq + 1) % 256;
  }

  private metric(device: string | null, name: string): EdgeMetric {
    const all = device === null ? this.layout.metrics : (this.layout.devices[device] ?? []);
    const metric = all.find((one) => one.name === name);
    if (metric === undefined) throw new Error(`${device ?? this.layout.node} has no metric ${name}`);
    return metric;
  }

  private born(device: string | null, metrics: readonly EdgeMetric[], now: number): MetricToSend[] {
    return metrics.map(({ name, type, unit }) => ({
      name,
      ...(this.layout.aliases ? { alias: this.aliasOf.get(keyOf(device, name))! } : {}),
      timestamp: now,
      type,
      value: this.values.get(keyOf(device, name))!,
      ...(unit === undefined ? {} : { unit }),
    }));
  }

  private bdSeqMetric(now: number): MetricToSend {
    return { name: BDSEQ, timestamp: now, type: 'Int64', value: this.bdSeq };
  }

  private numbered(
    type: 'NBIRTH' | 'NDATA' | 'DBIRTH' | 'DDATA' | 'DDEATH',
    device: string | null,
    now: number,
    metrics: readonly MetricToSend[],
  ): EdgeMessage {
    const seq = this.seq;
    this.skip();
    return { topic: this.topic(type, device), payload: encodePayload({ timestamp: now, seq, metrics }) };
  }

  private topic(type: Parameters<typeof messageTopic>[0], device: string | null = null): string {
    const { group, node } = this.layout;
    return device === null ? messageTopic(type, group, node) : messageTopic(type, group, node, device);
  }
}

const keyOf = (device: string | null, name: string): string => `${device ?? ''}\n${name}`;
