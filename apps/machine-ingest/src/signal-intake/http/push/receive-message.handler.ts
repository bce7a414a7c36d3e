import { createHash } from 'node:crypto';
import type { Signal } from '@millrace/domain';
import type { DataCheck } from '@millrace/event-schema';
import { ProduceFailed } from '@millrace/kafka';
import {
  encodeRejection,
  encodeSignal,
  type MessageReceipt,
  type OutgoingMessage,
  type Problem,
  problem,
} from '@millrace/protocol';
import type { IdempotencyKeys } from '../../../idempotency/idempotency-keys';
import { repeatableSession } from '../accept-signals.handler';
import { readSignalRequest } from '../read-signal-request';
import { LARGER_THAN_THE_BROKER_TAKES, valueTooLarge } from '../value-size';
import { readBundleMessage } from './bundle-message';
import type { HttpSource } from './http-source-directory';
import { readJsonMessage } from './json-message';
import { isSignedByMes, readMesMessage } from './mes-message';
import { type MessageReading, refusedMessage } from './message-reading';
import type { TakenMessages } from './taken-messages';

/**
 * One message of a peer that calls us: verified, read, stored, and answered after Kafka has acknowledged it. What can never be
 * read goes to the quarantine with its bytes; what is not signed as it has to be leaves no trace but a count, since its
 * bytes are a stranger's.
 */
export interface ReceiveMessagePorts {
  readonly publisher: { publish(messages: readonly OutgoingMessage[]): Promise<void> };
  readonly clock: () => number;
  readonly keys: IdempotencyKeys;
  readonly topics: { readonly signals: string; readonly signalsRejected: string };
  /** Of the event type `bundle.completed`. */
  readonly checkBundle: DataCheck;
  /** Counts for the source what Kafka has acknowledged. */
  readonly taken: Pick<TakenMessages, 'stored' | 'refused'>;
  readonly told: {
    /** `kind` and `origin` are of the format and never of a source, of which there may be thousands: they are labels. */
    received(kind: string, signals: readonly Signal[], rejected: number): void;
    refused(origin: string, code: string, detail: string): void;
    unfit(source: string, path: string, detail: string): void;
    unavailable(tenant: string, reason: string): void;
  };
}

export interface ReceivedMessage {
  readonly source: HttpSource;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly signature: string | undefined;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | null;
}

export type MessageAnswer =
  | { readonly kind: 'received'; readonly body: MessageReceipt }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterSeconds?: number };

type NotStored = Extract<MessageAnswer, { kind: 'problem' }>;

/** Seconds after which a peer may try again while Kafka does not answer. */
const RETRY_AFTER_SECONDS = 2;
/** Bytes kept of a refused message. */
const KEPT_BYTES = 64 * 1024;
/** Refused messages that are remembered, so that a peer that repeats one for a month fills no quarantine. */
const REMEMBERED = 1_000;

export class ReceiveMessageHandler {
  private readonly quarantined = new Set<string>();

  constructor(private readonly ports: ReceiveMessagePorts) {}

  async receive(message: ReceivedMessage): Promise<MessageAnswer> {
    const { ports } = this;
    const { source, idempotencyKey } = message;
    if (!isSigned(message)) return { kind: 'unsigned' };
    const fingerprint = hashOf(message.body);
    const receivedAt = ports.clock();
    // the keys of one source say nothing about those of another; a hash, for a key may be as long as a header
    const key = idempotencyKey === null ? null : hashOf(JSON.stringify([source.name, idempotencyKey]));
    if (key !== null) {
      const first = ports.keys.remember(source.tenant, key, {
        fingerprint,
        acceptedAt: new Date(receivedAt).toISOString(),
      });
      if (first.fingerprint !== fingerprint)
        return {
          kind: 'problem',
          problem: problem(
            'idempotency_conflict',
            'This Idempotency-Key came with another body before; use a new key.',
          ),
        };
    }
    const read = this.readWithinLimits(message, receivedAt, key === null ? null : repeatableSession(key, fingerprint));
    if (read.kind === 'refused') {
      if (key !== null) ports.keys.forget(source.tenant, key);
      return this.refuse(message, read.problem, fingerprint, receivedAt);
    }
    const stored = await this.store(
      message,
      read.signals.map((signal) => encodeSignal(ports.topics.signals, signal, message.traceparent)),
    );
    if (stored?.problem.code === 'too_large') {
      if (key !== null) ports.keys.forget(source.tenant, key);
      return this.refuse(message, stored.problem, fingerprint, receivedAt);
    }
    if (stored !== null) return stored;
    ports.taken.stored(source, read.signals);
    ports.told.received(kindOf(source), read.signals, read.rejected.length);
    for (const { path, detail } of read.warnings) ports.told.unfit(source.name, path, detail);
    return {
      kind: 'received',
      body: {
        accepted: read.signals.length,
        rejected: [...read.rejected],
        ...(read.warnings.length === 0 ? {} : { warnings: [...read.warnings] }),
      },
    };
  }

  private readWithinLimits(...parts: Parameters<ReceiveMessageHandler['read']>): MessageReading {
    const read = this.read(...parts);
    if (read.kind === 'refused') return read;
    const [{ body }] = parts;
    for (const { path, value } of read.signals) {
      const large = valueTooLarge(value, body.length);
      if (large !== null) return refusedMessage('too_large', `The value of ${path} ${large}.`);
    }
    return read;
  }

  private read(
    { source, body, contentType }: ReceivedMessage,
    receivedAt: number,
    repeatable: string | null,
  ): MessageReading {
    const { settings, tenant, name } = source;
    const context = { tenant, source: name, receivedAt };
    switch (settings.format) {
      case 'eclipse-bundle':
        return readBundleMessage(body, settings, context, this.ports.checkBundle);
      case 'mes-events':
        return readMesMessage(body, settings, context);
      case 'json':
        return readJsonMessage(body, settings, { ...context, repeatable });
      case 'signals': {
        const read = readSignalRequest(
          { body, contentType },
          { tenant, receivedAt, repeatable, source: name, machine: settings.machine },
        );
        return read.kind === 'problem' ? { ...read, kind: 'refused' } : { ...read, warnings: [] };
      }
    }
  }

  /** Null when Kafka has acknowledged. */
  private async store(message: ReceivedMessage, messages: readonly OutgoingMessage[]): Promise<NotStored | null> {
    try {
      await this.ports.publisher.publish(messages);
      return null;
    } catch (error) {
      if (error instanceof ProduceFailed && error.tooLarge)
        return { kind: 'problem', problem: problem('too_large', LARGER_THAN_THE_BROKER_TAKES) };
      this.ports.told.unavailable(message.source.tenant, (error as Error).name);
      return {
        kind: 'problem',
        problem: problem('unavailable', 'Kafka has not acknowledged the message. Send it again.'),
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      };
    }
  }

  private async refuse(
    message: ReceivedMessage,
    why: Problem,
    fingerprint: string,
    at: number,
  ): Promise<MessageAnswer> {
    const { tenant, name } = message.source;
    const identity = `${tenant}/${name}/${fingerprint.slice(0, 32)}`;
    if (!this.quarantined.has(identity)) {
      const origin = {
        topic: `${name}/${fingerprint.slice(0, 32)}`,
        partition: 0,
        offset: 0n,
        timestamp: at,
        key: null,
        value: message.body.subarray(0, KEPT_BYTES),
        headers: {},
      };
      const stored = await this.store(message, [
        encodeRejection(
          this.ports.topics.signalsRejected,
          origin,
          { code: why.code, detail: why.detail, tenant, originalBytes: message.body.length },
          at,
        ),
      ]);
      if (stored !== null) return stored;
      this.remember(identity);
      this.ports.taken.refused(message.source);
      this.ports.told.refused(kindOf(message.source), why.code, `${tenant}/${name}: ${why.detail}`);
    }
    return { kind: 'problem', problem: why };
  }

  private remember(identity: string): void {
    this.quarantined.add(identity);
    if (this.quarantined.size > REMEMBERED) this.quarantined.delete(this.quarantined.values().next().value!);
  }
}

const hashOf = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

const kindOf = ({ settings }: HttpSource): string => `http:${settings.format}`;

/** Peers with a token were known before their body was read. */
const isSigned = ({ source, body, signature }: ReceivedMessage): boolean => {
  const { settings } = source;
  if (settings.format !== 'mes-events') return true;
  return settings.secret !== null && isSignedByMes(body, signature, settings.secret);
};
