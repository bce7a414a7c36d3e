import { type SourceKind } from '../source-kind';
import { ShdrSource } from './shdr.source';
import { type ShdrSettings, shdrSettings } from './shdr-settings';
import { tryAdapter } from './try-adapter';

export const shdrSourceKind: SourceKind<ShdrSettings> = {
  type: 'shdr',
  says: 'An MTConnect adapter that speaks SHDR: lines of text over TCP, straight from one machine without an agent.',
  settings: shdrSettings,
  secrets: [],
  machines: ({ machine }) => [machine],
  reaches: ({ host, port }) => [{ kind: 'peer', host, port, path: 'host' }],
  tryOnce: tryAdapter,
  open: (settings, context) => new ShdrSource(settings, context),
};
