import type { SourceState } from '@millrace/protocol';
import { SourceRegistry } from '../signal-intake/source-registry';
import { SourceViews } from './source-view';

const source = {
  tenant: 'default',
  name: 'line-1',
  type: 'gone',
  enabled: true,
  version: 1,
  settings: {},
  tried: false,
  claim: null,
  createdAt: new Date(1),
  updatedAt: new Date(1),
};
const lost = (nextTryAt: number | null): SourceState => ({
  v: 1,
  tenant: 'default',
  name: 'line-1',
  createdAt: 1,
  version: 1,
  cursor: null,
  connection: { state: 'disconnected', since: 1_000, session: null, reason: 'refused', nextTryAt },
  counts: { received: 3, refused: 1, gaps: 2, sessionsLost: 2 },
  rate: 0,
  lastSignal: null,
  lastError: null,
  lagMs: null,
  queued: 0,
  owner: 'me',
  at: 5_000,
});
const shown = (state: SourceState) =>
  new SourceViews(new SourceRegistry([]), { get: () => state }, Buffer.alloc(32), () => 10_000).of(source).state;

test('the next try of a source is to come; while one is under way there is none', () => {
  expect(shown(lost(10_001)).nextTryAt).toBe('1970-01-01T00:00:10.001Z');
  for (const at of [10_000, 4_000, null]) expect(shown(lost(at)).nextTryAt).toBeNull();
});

test('when something was refused last is told, where something was', () => {
  expect(shown(lost(null)).lastRefusedAt).toBeNull();
  expect(shown({ ...lost(null), lastRefusedAt: 4_000 }).lastRefusedAt).toBe('1970-01-01T00:00:04.000Z');
});

test('what every kind counts stands apart from what this kind does', () => {
  expect(shown(lost(null))).toMatchObject({ received: 3, refused: 1, gaps: 2, counts: { sessionsLost: 2 } });
});
