import {
  encodeSource,
  encodeSourceState,
  type IncomingMessage,
  type OutgoingMessage,
  type SourceState,
} from '@millrace/protocol';
import { SourceDirectory, SourceStates, unownedSources } from './source-views';

const NOW = 1_000_000;
const incoming = ({ topic, key, value }: OutgoingMessage): IncomingMessage => ({
  topic,
  partition: 0,
  offset: 0n,
  timestamp: 0,
  headers: {},
  key: Buffer.from(key!),
  value,
});
const CREATED = 5;

const unowned = (
  state:
    | (Partial<Pick<SourceState, 'owner' | 'at' | 'createdAt'>> & { connection?: SourceState['connection']['state'] })
    | null,
  { enabled = true, createdAt = CREATED } = {},
): number => {
  const directory = new SourceDirectory();
  const states = new SourceStates();
  const source = { tenant: 'default', name: 'line-1', type: 'mqtt', enabled, version: 1, createdAt, settings: {} };
  directory.apply(incoming(encodeSource('s', source, source)));
  if (state !== null) {
    const { connection = 'connected', ...over } = state;
    const whole: SourceState = {
      v: 1,
      tenant: 'default',
      name: 'line-1',
      createdAt: CREATED,
      version: 1,
      cursor: null,
      connection: { state: connection, since: 0, session: null, reason: null, nextTryAt: null },
      counts: {},
      rate: 0,
      lastSignal: null,
      lastError: null,
      lagMs: null,
      queued: 0,
      owner: 'me',
      at: NOW - 5_000,
      ...over,
    };
    states.apply(incoming(encodeSourceState('t', whole, whole)));
  }
  return unownedSources(directory, states, NOW);
};

test.each<[string, number, ...Parameters<typeof unowned>]>([
  ['that its owner has just told of', 0, {}],
  ['whose owner has said nothing for half a minute', 1, { at: NOW - 31_000 }],
  ['that was given up', 1, { owner: null, connection: 'stopped' }],
  ['that was given up, and is switched off', 0, { owner: null, connection: 'stopped' }, { enabled: false }],
  ['that is a recording at its end', 0, { owner: null, connection: 'finished', at: 0 }],
  ['of which nobody has ever told', 1, null],
  ['that was made a moment ago', 0, null, { createdAt: NOW - 1_000 }],
  ['of whose name there was another one', 1, { createdAt: 4 }],
])('a source %s: %d run by no process', (_what, count, ...of) => {
  expect(unowned(...of)).toBe(count);
});
