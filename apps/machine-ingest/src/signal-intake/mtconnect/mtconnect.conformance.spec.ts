import { type AgentDevice, MtconnectAgent } from '@millrace/test-environment';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { mtconnectSourceKind } from './mtconnect.kind';
import { type MtconnectSettings, mtconnectSettings } from './mtconnect-settings';

const SAW: AgentDevice = {
  name: 'SAW-1',
  uuid: 'saw-uuid',
  items: [
    { id: 'x1', name: 'load', category: 'SAMPLE', type: 'LOAD', units: 'PERCENT' },
    { id: 'c1', name: 'parts', category: 'EVENT', type: 'PART_COUNT' },
  ],
};

const agentPeer = (mode: 'stream' | 'poll'): SourcePeer<MtconnectSettings> => {
  let agent: MtconnectAgent | null = null;
  let port = 0;
  let instanceId = 1_000;
  return {
    path: 'parts',
    settings: () =>
      mtconnectSettings.parse({
        url: `http://127.0.0.1:${port}`,
        devices: [{ device: 'SAW-1', machine: 'SAW-1' }],
        mode,
        intervalMs: 20,
        count: 100,
        heartbeatMs: 200,
        timeoutMs: 500,
      }),
    start: async () => {
      if (agent !== null) return;
      agent = await MtconnectAgent.start({ devices: [SAW], instanceId: ++instanceId, port });
      port = agent.port;
      agent.observe([{ device: 'SAW-1', item: 'c1', value: '0' }]);
    },
    kill: async () => {
      await agent?.stop();
      agent = null;
    },
    say: async (values) =>
      agent!.observe(values.map((value) => ({ device: 'SAW-1', item: 'c1', value: String(value) }))),
    repeat: async () => agent!.repeat(1),
    garbage: { send: async () => agent!.answerGarbage('doctype'), refused: true },
    freeze: {
      begin: async () => agent!.freeze(),
      end: async () => agent!.thaw(),
      noticedWithinMs: 5_000,
    },
    keepsForAbsent: true,
  };
};

describe.each(['stream', 'poll'] as const)('an MTConnect agent, %s', (mode) => {
  itConforms({
    kind: mtconnectSourceKind,
    makePeer: () => agentPeer(mode),
    folder: () => '',
    // one answer
    outage: { values: 500, queues: 1, mostQueued: 100 },
  });
});
