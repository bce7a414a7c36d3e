import { randomBytes } from 'node:crypto';
import { isSortableId } from '../configuration/sortable-id';
import { PageCursors } from '../paging/page-cursor';
import { auditEntry, viewOfAuditEntry } from './audit-entry';
import { auditLogPage } from './audit-log-page';

const AT = Date.UTC(2026, 4, 1, 6, 30);
const tools = (atMs: number) => ({ random: randomBytes, now: () => atMs });
const entryOf = (n: number) =>
  auditEntry(tools(AT + n), { actor: 'k1' }, { action: 'door.opened', object: `D-${n}`, key: `key ${n}` });

test('an entry has who did it, when and what; its id sorts by the time', () => {
  const made = entryOf(1);
  expect(made).toEqual({
    id: expect.any(String),
    at: new Date(AT + 1),
    actor: 'k1',
    action: 'door.opened',
    object: 'D-1',
    key: 'key 1',
  });
  expect(isSortableId('au', made.id)).toBe(true);
  expect(made.id < entryOf(2).id).toBe(true);
});

test('an entry is shown in one order of its members, with nothing that a service does not add', () => {
  const entry = { tenant: 'acme', ...entryOf(1), id: 'au_1' };
  expect(JSON.stringify(viewOfAuditEntry(entry))).toBe(
    '{"id":"au_1","at":"2026-05-01T06:30:00.001Z","actor":"k1","action":"door.opened","object":"D-1"}',
  );
});

describe('pages', () => {
  const entries = [5, 4, 3, 2, 1].map(entryOf);
  const cursors = new PageCursors(randomBytes(32));
  const auditLog = {
    list: async (tenant: string, before: string | null, limit: number) =>
      entries.filter(({ id }) => tenant === 'acme' && (before === null || id < before)).slice(0, limit),
  };
  const page = (tenant: string, query: { limit: number; cursor?: string }) =>
    auditLogPage({ auditLog, cursors }, tenant, query, (entry) => ({ ...viewOfAuditEntry(entry), key: entry.key }));

  test.each([1, 2, 4, 5, 6])('of %i show every entry once, newest first', async (limit) => {
    const shown: string[] = [];
    let cursor: string | null | undefined;
    do {
      const { data, nextCursor } = await page('acme', { limit, ...(cursor == null ? {} : { cursor }) });
      expect(data.length).toBeLessThanOrEqual(limit);
      shown.push(...data.map(({ key }) => key));
      cursor = nextCursor;
    } while (cursor !== null);
    expect(shown).toEqual([5, 4, 3, 2, 1].map((n) => `key ${n}`));
  });

  test('a cursor is its tenant’s and this list’s', async () => {
    const { nextCursor } = await page('acme', { limit: 1 });
    const foreign = cursors.write('acme', 'endpoints', entries[0]!.id);
    for (const [tenant, cursor] of [
      ['other', nextCursor!],
      ['acme', foreign],
      ['acme', 'made up'],
    ] as const)
      await expect(page(tenant, { limit: 1, cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});
