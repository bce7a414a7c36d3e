import { hash } from 'node:crypto';
import type { HeldKeyView, Page } from '@millrace/protocol';
import type { CursorSeal, Position } from '../history-api/cursor';
import { timeText } from '../history-api/delivery-view';
import type { PageQuery } from '../history-api/history-query';
import { openCursor } from '../history-api/open-cursor';
import { type HeldKey, heldKeys } from './held-keys';
import type { HeadRow, HeldKeyReader } from './held-keys.store';

/** The keys of an endpoint that one of their deliveries holds back. */
export class HeldKeys {
  constructor(
    private readonly reader: HeldKeyReader,
    private readonly seal: CursorSeal,
  ) {}

  /** Those that have been held longest first; empty for an endpoint of another tenant. */
  async list(tenant: string, endpointId: string, query: PageQuery): Promise<Page<HeldKeyView>> {
    const filter = JSON.stringify(['held-keys', endpointId]);
    const after = openCursor(this.seal, tenant, filter, query.cursor);
    const held = heldKeys(await this.reader.waiting(tenant, endpointId))
      .map((key) => ({ ...key, position: { at: key.since, id: key.head ?? subjectId(key.subject) } }))
      .sort((a, b) => comparePositions(a.position, b.position))
      .filter(({ position }) => after === null || comparePositions(position, after) > 0);
    const shown = held.slice(0, query.limit);
    const heads = await this.reader.heads(
      tenant,
      shown.flatMap(({ head }) => head ?? []),
    );
    const last = shown.at(-1);
    return {
      data: shown.map((key) => heldKeyView(key, heads.get(key.head ?? ''))),
      nextCursor:
        held.length > shown.length && last !== undefined ? this.seal.seal(last.position, tenant, filter) : null,
    };
  }

  /** Whether other deliveries wait for this one. */
  async isHead(tenant: string, endpointId: string, deliveryId: string): Promise<boolean> {
    return heldKeys(await this.reader.waiting(tenant, endpointId)).some(({ head }) => head === deliveryId);
  }
}

/** Short, because it goes into a cursor. */
const subjectId = (subject: string | null): string => hash('sha256', JSON.stringify(subject));

const comparePositions = (a: Position, b: Position): number => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const heldKeyView = (key: HeldKey, head: HeadRow | undefined): HeldKeyView => ({
  key: key.subject,
  headDeliveryId: key.head,
  headStatus: (head?.status as HeldKeyView['headStatus'] | undefined) ?? null,
  attempts: Number(head?.attempts ?? 0),
  heldCount: key.count,
  since: timeText(key.since),
  nextAttemptAt: head === undefined || head.next_attempt_at === '0' ? null : timeText(head.next_attempt_at),
});
