import type { DurableProducer, RecordReader } from '@millrace/kafka';
import {
  decodeRejection,
  encodeQuarantineAction,
  type IncomingMessage,
  type QuarantineAction,
  type RedriveManyWish,
  type RedrivenManyView,
  type RedrivenView,
  type RedriveWish,
  UNKNOWN_TENANT,
} from '@millrace/protocol';
import { ApiProblem } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { CallsInTurn } from '../history-api/calls-in-turn';
import { positionOf, type QuarantineReader, type Sight, type StoredQuarantined } from './quarantine.store';
import { readQuarantineId, topicOfList } from './quarantine-id';
import { quarantinedOf, type ViewTopics } from './quarantine-view';
import { AS_IT_CAME, type Correction, decideRedrive, type RedriveDecision } from './redrive-rule';

export interface RedrivePorts {
  readonly reader: QuarantineReader;
  readonly records: Pick<RecordReader, 'fetch'>;
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topics: ViewTopics;
  readonly now: () => number;
  readonly logger: Logger;
}

/** Who asks, and what of the quarantine is theirs. */
export interface QuarantineAsker {
  readonly sight: Sight;
  /** Id of the API key. */
  readonly by: string;
}

const PAGE = 100;

/**
 * Puts records of the quarantine back on their topic. The record goes first and the note of it second, so that a crash in
 * between leaves it open: driven again twice, it has the same id and collapses like every repeat.
 */
export class Redrive {
  private readonly turns = new CallsInTurn(2, {
    detail: 'Another call is driving records of the quarantine again; try again when it is over.',
    retryAfterS: 5,
  });

  constructor(private readonly ports: RedrivePorts) {}

  /** Null for an unknown id and for one that is not theirs. */
  async one(asker: QuarantineAsker, id: string, { value, headers, reason }: RedriveWish): Promise<RedrivenView | null> {
    const row = await this.find(asker.sight, id);
    if (row === null) return null;
    const decision = await this.decide(asker.sight, row, { value: value ?? null, headers: headers ?? {} });
    if (decision.kind === 'refuse') throw new ApiProblem(decision.code, decision.detail);
    const corrected = value !== undefined || headers !== undefined;
    await this.send(asker, row, decision, { corrected, reason: reason ?? null });
    return { id, topic: decision.message.topic };
  }

  async many(asker: QuarantineAsker, wish: RedriveManyWish): Promise<RedrivenManyView> {
    if (wish.dryRun) return this.all(asker, wish);
    return this.turns.run(asker.sight.tenant, () => this.all(asker, wish));
  }

  /** False for an unknown id. */
  async discard(asker: QuarantineAsker, id: string, reason: string | null): Promise<boolean> {
    const row = await this.find(asker.sight, id);
    if (row === null) return false;
    await this.note(asker, row, { action: 'discarded', to: null, corrected: false, reason });
    return true;
  }

  private async all(asker: QuarantineAsker, wish: RedriveManyWish): Promise<RedrivenManyView> {
    const { reader, topics } = this.ports;
    const topic = topicOfList(topics.names, wish.list);
    const query = {
      state: 'open' as const,
      code: wish.code,
      from: wish.from === undefined ? undefined : Date.parse(wish.from),
      to: wish.to === undefined ? undefined : Date.parse(wish.to),
    };
    const refused: Array<RedrivenManyView['refused'][number]> = [];
    let [matched, redriven, more] = [0, 0, true];
    let after: ReturnType<typeof positionOf> | null = null;
    while (more && matched < wish.limit) {
      const size: number = Math.min(PAGE, wish.limit - matched);
      const rows: StoredQuarantined[] = await reader.list(asker.sight, topic, query, after, size + 1, 'ASC');
      more = rows.length > size;
      for (const row of rows.slice(0, size)) {
        matched++;
        after = positionOf(row);
        const decision = await this.decide(asker.sight, row, AS_IT_CAME);
        if (decision.kind === 'refuse') {
          const { code, detail } = decision;
          refused.push({ id: quarantinedOf(row, topics).id, code, detail });
        } else if (!wish.dryRun) {
          await this.send(asker, row, decision, { corrected: false, reason: wish.reason ?? null });
          redriven++;
        }
      }
    }
    return { matched, redriven, refused, dryRun: wish.dryRun, more };
  }

  private async find(sight: Sight, id: string): Promise<StoredQuarantined | null> {
    const place = readQuarantineId(id);
    if (place === null) return null;
    const topic = topicOfList(this.ports.topics.names, place.list);
    return (await this.ports.reader.find(sight, topic, place.partition, place.offset)) ?? null;
  }

  private async decide(sight: Sight, row: StoredQuarantined, correction: Correction): Promise<RedriveDecision> {
    const read = await this.original(row);
    const item = quarantinedOf(row, this.ports.topics);
    // A misspelt tenant is nobody: the operator may correct it to the one that was meant.
    const whose = sight.nobodys && row.code === UNKNOWN_TENANT ? { ...item, tenant: null } : item;
    return decideRedrive(whose, read.message, read.whole, correction, this.ports.topics);
  }

  /** The record as it first came, from the quarantine's topic, which has more of it than the table. */
  private async original(row: StoredQuarantined): Promise<{ message: IncomingMessage; whole: boolean }> {
    const offset = BigInt(row.record_offset);
    const { messages } = await this.ports.records
      .fetch(row.topic, row.partition, offset)
      .catch(() => ({ messages: [] }));
    const kept = messages.find((message) => message.offset === offset);
    const decoded = kept === undefined ? null : decodeRejection(kept);
    if (decoded === null)
      throw new ApiProblem('not_redrivable', 'The topic no longer has the record; only what is shown of it is left.');
    const { rejection, value } = decoded;
    return {
      whole: rejection.originalNull || value.length === rejection.originalBytes,
      message: {
        topic: rejection.origin.topic,
        partition: rejection.origin.partition,
        offset: BigInt(rejection.origin.offset),
        timestamp: rejection.origin.timestamp,
        key: rejection.originalKey === null ? null : Buffer.from(rejection.originalKey, 'base64'),
        value: rejection.originalNull ? null : value,
        headers: Object.fromEntries(
          Object.entries(rejection.originalHeaders).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
        ),
      },
    };
  }

  private async send(
    asker: QuarantineAsker,
    row: StoredQuarantined,
    decision: Extract<RedriveDecision, { kind: 'send' }>,
    how: { readonly corrected: boolean; readonly reason: string | null },
  ): Promise<void> {
    await this.ports.producer.send([decision.message]);
    await this.note(asker, row, { action: 'redriven', to: decision.message.topic, ...how });
  }

  private async note(
    { by, sight }: QuarantineAsker,
    row: StoredQuarantined,
    what: Pick<QuarantineAction, 'action' | 'to' | 'corrected' | 'reason'>,
  ): Promise<void> {
    const { producer, topics, now, logger } = this.ports;
    const of = { partition: row.partition, offset: row.record_offset };
    await producer.send([encodeQuarantineAction(row.topic, { v: 1, of, by, at: now(), ...what })]);
    const { id } = quarantinedOf(row, topics);
    logger.info({ id, by, tenant: sight.tenant, action: what.action, corrected: what.corrected }, 'quarantine');
  }
}
