import type { QuarantinedDetailView, QuarantinedView } from '@millrace/protocol';
import type { CursorSeal } from '../history-api/cursor';
import { openCursor } from '../history-api/open-cursor';
import { positionOf, type QuarantineReader, type Sight } from './quarantine.store';
import { readQuarantineId, topicOfList } from './quarantine-id';
import type { QuarantineListQuery } from './quarantine-query';
import { quarantinedDetailView, quarantinedView, type ViewTopics } from './quarantine-view';

export class QuarantineList {
  constructor(
    private readonly reader: QuarantineReader,
    private readonly seal: CursorSeal,
    private readonly topics: ViewTopics,
  ) {}

  async list(
    sight: Sight,
    { cursor, limit, ...query }: QuarantineListQuery,
  ): Promise<{ data: QuarantinedView[]; nextCursor: string | null }> {
    const filter = JSON.stringify(['quarantine', sight.nobodys, Object.entries(query).sort()]);
    const after = openCursor(this.seal, sight.tenant, filter, cursor);
    const topic = query.list === undefined ? undefined : topicOfList(this.topics.names, query.list);
    const rows = await this.reader.list(sight, topic, query, after, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      data: shown.map((row) => quarantinedView(row, this.topics)),
      nextCursor:
        rows.length > limit && last !== undefined ? this.seal.seal(positionOf(last), sight.tenant, filter) : null,
    };
  }

  /** Null for an unknown id and for one that is not theirs. */
  async find(sight: Sight, id: string): Promise<QuarantinedDetailView | null> {
    const place = readQuarantineId(id);
    if (place === null) return null;
    const topic = topicOfList(this.topics.names, place.list);
    const row = await this.reader.find(sight, topic, place.partition, place.offset);
    if (row === undefined) return null;
    return quarantinedDetailView(row, await this.reader.actions(topic, place.partition, place.offset), this.topics);
  }
}
