import { readRunReceiverId, runReceiverId, runUrlOf, secretOwnerOf } from './run-urls';

test.each([
  ['run.completed', '{"webhook_url":"https://a.example/x"}', 'https://a.example/x'],
  ['run.failed', '{"webhook_url":17}', 17],
  ['run.triage_required', '{"webhook_url":""}', ''],
  ['run.completed', '{"webhook_url":null}', undefined],
  ['run.completed', '{}', undefined],
  ['run.completed', '"text"', undefined],
  ['run.completed', 'null', undefined],
  ['run.completed', '{"__proto__":{"webhook_url":"https://a.example"}}', undefined],
  ['run.started', '{"webhook_url":"https://a.example/x"}', undefined],
  ['order.created', '{"webhook_url":"https://a.example/x"}', undefined],
])('%s with %s asks for %s', (type, data, url) => {
  expect(runUrlOf({ type, data })).toBe(url);
});

test('a receiver has an id of its own, from which both its parts can be read', () => {
  const id = runReceiverId('ep_1', 'https://agents.example:8443');
  expect(id).toMatch(/^ep_1\.[A-Za-z0-9_-]+$/);
  expect(readRunReceiverId(id)).toEqual({ endpointId: 'ep_1', origin: 'https://agents.example:8443' });
  expect([secretOwnerOf(id), secretOwnerOf('ep_1')]).toEqual(['ep_1', 'ep_1']);
  expect(readRunReceiverId('ep_1')).toBeNull();
});
