import { randomBytes } from 'node:crypto';
import type { DurableProducer } from '@millrace/kafka';
import { encodeEvent, type OutgoingMessage } from '@millrace/protocol';
import { monotonicMicros } from '../receiving/monotonic';
import { numberedId } from '../receiving/series';

/** Bytes of the body that a receiver gets. */
export const BODY_BYTES = 1_024;
/** Of those, what is not padding. */
const ENVELOPE_BYTES = 150;
const CALL = 1_000;

/** Where event number `n` belongs. */
export interface EventPlan {
  readonly series: string;
  readonly type: string;
  /** Events of one subject stay in one partition, in order. */
  readonly subject?: string;
}

/** What became of sending at a steady pace. */
export interface Sent {
  readonly sent: number;
  /** Ms that the slowest turn of the sender was behind its schedule. */
  readonly latestMs: number;
}

/** Writes events as a domain module would, numbered and with the time of their sending in their ids. */
export class Publisher {
  constructor(
    private readonly producer: DurableProducer,
    private readonly topic: string,
  ) {}

  /** Events `from` to before `to`, acknowledged. */
  async backlog(from: number, to: number, plan: (n: number) => EventPlan): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    for (let at = from; at < to; at += CALL) {
      const next = this.send(at, Math.min(to, at + CALL), plan);
      await last;
      last = next;
    }
    await last;
  }

  /** So many a second, whatever becomes of them. */
  async steadily(perSecond: number, seconds: number, plan: (n: number) => EventPlan): Promise<Sent> {
    const total = Math.round(perSecond * seconds);
    const sends: Promise<void>[] = [];
    let latestMs = 0;
    const began = performance.now();
    for (let sent = 0; sent < total; await pause(1)) {
      const passed = performance.now() - began;
      const due = Math.min(total, Math.floor((passed * perSecond) / 1_000));
      if (due <= sent) continue;
      latestMs = Math.max(latestMs, passed - ((sent + 1) * 1_000) / perSecond);
      sends.push(this.send(sent, due, plan));
      sent = due;
    }
    await Promise.all(sends);
    return { sent: total, latestMs };
  }

  private send(from: number, to: number, plan: (n: number) => EventPlan): Promise<void> {
    const sentAt = monotonicMicros();
    return this.producer.send(
      Array.from({ length: to - from }, (_each, index) => this.event(from + index, plan(from + index), sentAt)),
    );
  }

  private event(number: number, { series, type, subject }: EventPlan, sentAt: number): OutgoingMessage {
    const sourceId = numberedId({ series, number, sentAt });
    return encodeEvent(this.topic, {
      id: sourceId,
      key: '',
      sourceId,
      tenant: 'default',
      type,
      source: '/bench',
      subject: subject ?? null,
      time: new Date().toISOString(),
      data: `{"padding":"${padding()}"}`,
      traceparent: null,
    });
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Random text: padding that repeats would flatter every codec. */
const padding = (): string =>
  randomBytes(BODY_BYTES)
    .toString('base64')
    .slice(0, BODY_BYTES - ENVELOPE_BYTES);
