import { z } from 'zod';
import { machinesOf, opcuaSettings, peerOf } from './opcua-settings';

const least = {
  endpointUrl: 'opc.tcp://press.example:4840/ua',
  machine: 'press-01',
  nodes: [{ nodeId: 'ns=2;s=Speed' }],
};
const problemsOf = (input: unknown): string => {
  const read = opcuaSettings.safeParse(input);
  return read.success ? '' : z.prettifyError(read.error);
};

describe('settings of an OPC UA source', () => {
  it('are secured unless they say otherwise', () => {
    expect(opcuaSettings.parse(least)).toMatchObject({
      securityMode: 'SignAndEncrypt',
      securityPolicy: 'Basic256Sha256',
      user: 'anonymous',
      serverCertificate: null,
      publishingIntervalMs: 500,
      keepAliveMs: 5_000,
    });
  });

  it.each<[string, object, RegExp]>([
    ['an address of another protocol', { endpointUrl: 'http://press:4840' }, /opc\.tcp:\/\/host:4840/],
    ['a user in the address', { endpointUrl: 'opc.tcp://me:secret@press:4840' }, /"user"/],
    ['a mode without a policy', { securityMode: 'None' }, /None goes with None only/],
    ['a policy that is no more', { securityPolicy: 'Basic128Rsa15' }, /Basic256Sha256/],
    ['a node id that is none', { nodes: [{ nodeId: 'Speed' }] }, /ns=2;s=Line\.Speed/],
    ['nothing to read', { nodes: [] }, /at least one node/],
    ['a name of no machine', { machine: 'press 01' }, /no name of a machine/],
    [
      'a thumbprint that is too short',
      { serverCertificate: { thumbprint: 'AB12' } },
      /64 hexadecimal digits|first-use/,
    ],
    ['a pace that no server has', { publishingIntervalMs: 1 }, /below 50 ms/],
    ['a member that is not known', { node: [] }, /node/],
    ['a key that is no PEM', { user: { certificate: 'x', key: 'y' } }, /PEM/],
  ])('refuse %s, and say what to write', (_, change, says) => {
    expect(problemsOf({ ...least, ...change })).toMatch(says);
  });

  it('can be shown as JSON Schema', () => {
    expect(z.toJSONSchema(opcuaSettings, { io: 'input' })).toMatchObject({
      type: 'object',
      required: ['endpointUrl', 'machine'],
      properties: { securityMode: { default: 'SignAndEncrypt' }, keepAliveMs: { minimum: 1_000 } },
    });
  });

  it('take node ids of each kind', () => {
    for (const nodeId of ['i=2258', 'ns=2;i=7', 'ns=4;s=a.b|c;d', 'nsu=urn:vendor:line;s=Speed', 'ns=1;b=AQID'])
      expect(problemsOf({ ...least, nodes: [{ nodeId }] })).toBe('');
  });

  it('name the machines that something is read for', () => {
    const nodes = [{ nodeId: 'i=1', machine: 'b' }, { nodeId: 'i=2' }, { nodeId: 'i=3', machine: 'b' }];
    expect(machinesOf(opcuaSettings.parse({ ...least, nodes }))).toEqual(['press-01', 'b']);
    expect(machinesOf(opcuaSettings.parse({ ...least, nodes: nodes.slice(0, 1) }))).toEqual(['b']);
  });

  it.each([
    ['opc.tcp://press', 'press', 4840],
    ['opc.tcp://10.0.0.7:48010/x', '10.0.0.7', 48010],
    ['opc.tcp://[fe80::1]:4841', 'fe80::1', 4841],
  ])('lead to a host and a port: %s', (endpointUrl, host, port) => {
    expect(peerOf({ endpointUrl })).toEqual({ host, port });
  });
});
