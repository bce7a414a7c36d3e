import { asyncApiDocument } from './asyncapi';

describe('the AsyncAPI document', () => {
  const document = asyncApiDocument('1.2.3', { prefix: 'site.', modules: ['mes', 'order'] });

  it('names the topics that modules publish to, and the webhook', () => {
    const channels = document['channels'] as { [name: string]: { address: string | null } };
    expect(Object.values(channels).map((channel) => channel.address)).toEqual([
      'site.events.mes',
      'site.events.order',
      null,
    ]);
  });

  it('resolves every reference', () => {
    for (const [, target] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g))
      expect(document).toHaveProperty(target!.split('/'));
  });
});
