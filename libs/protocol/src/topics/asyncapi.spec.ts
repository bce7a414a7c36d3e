import * as asyncApi from '@asyncapi/specs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { BUILT_IN_EVENT_TYPES } from '../catalogue/catalogue';
import { asyncApiDocument } from './asyncapi';
import { moduleOfType } from './event-routing';
import { EVENT_MODULES } from './topics';

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

  it('is valid AsyncAPI 3.0', () => {
    const ajv = addFormats(new Ajv({ strict: false, meta: false, validateSchema: false }));
    const validate = ajv.compile((asyncApi.schemas as { [version: string]: object })['3.0.0']!);
    for (const modules of [EVENT_MODULES, ['mes', 'weighing']])
      expect([validate(asyncApiDocument('1.2.3', { prefix: 'site.', modules })), validate.errors]).toEqual([
        true,
        null,
      ]);
    expect(validate({ ...asyncApiDocument('1.2.3', { prefix: '', modules: [] }), channels: [] })).toBe(false);
  });

  it('shows every built-in type on the topic of its module, with its schema and an example', () => {
    const whole = asyncApiDocument('1.2.3', { prefix: 'site.', modules: EVENT_MODULES });
    for (const { name, schema, example } of BUILT_IN_EVENT_TYPES) {
      expect(whole).toHaveProperty(['channels', `events-${moduleOfType(name)}`, 'messages', name], {
        $ref: `#/components/messages/${name}`,
      });
      expect(whole).toHaveProperty(
        ['components', 'messages', name, 'examples'],
        [{ name: 'example', payload: example }],
      );
      const { $schema: _, ...rest } = schema;
      expect(whole).toHaveProperty(['components', 'schemas', name], rest);
    }
  });
});
