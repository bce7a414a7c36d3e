import { SourceProblem } from '../source-kind';
import { connectionProblem, SILENT, spokenLoss } from './connection-problem';
import { opcuaSettings } from './opcua-settings';

const settings = (change: object = {}) =>
  opcuaSettings.parse({
    endpointUrl: 'opc.tcp://press:4840',
    machine: 'press-01',
    nodes: [{ nodeId: 'i=2258' }],
    ...change,
  });

describe('what an attempt failed with', () => {
  it.each<[string, object, string, string]>([
    ['connect ECONNREFUSED 10.0.0.1:4840', {}, 'unreachable', 'endpointUrl'],
    ['connect EHOSTUNREACH', {}, 'unreachable', 'endpointUrl'],
    ['getaddrinfo ENOTFOUND press', {}, 'unreachable', 'endpointUrl'],
    ['ERROR in waiting for data on socket(timeout was = 15000 ms)', {}, 'not_this_protocol', 'endpointUrl'],
    [' ServiceResult is BadIdentityTokenRejected (0x80210000)', {}, 'unauthorized', 'user'],
    [' ServiceResult is BadUserAccessDenied (0x801f0000)', {}, 'unauthorized', 'user'],
    [' ServiceResult is BadTooManySessions (0x80560000)', {}, 'busy', 'endpointUrl'],
    [' ServiceResult is BadSecurityPolicyRejected (0x80550000)', {}, 'not_offered', 'securityPolicy'],
    ['BadCertificateUntrusted', {}, 'certificate', 'securityMode'],
    ['socket has been disconnected by third party', {}, 'certificate', 'securityMode'],
    [
      'socket has been disconnected by third party',
      { securityMode: 'None', securityPolicy: 'None' },
      'not_this_protocol',
      'endpointUrl',
    ],
  ])('%s', (message, change, code, path) => {
    const problem = connectionProblem(new Error(message), { settings: settings(change), own: null, now: 0 });
    expect(problem).toMatchObject({ name: 'SourceProblem', code, path });
  });

  it('keeps what is in words already', () => {
    const said = new SourceProblem('not_found', 'which and what to do');
    expect(connectionProblem(said, { settings: settings(), own: null, now: 0 })).toBe(said);
  });
});

describe('why a connection ended', () => {
  it.each([
    ['ClientTCP_transport1: socket has been disconnected by third party', /^The connection broke/],
    [' ServiceResult is BadSessionClosed (0x80260000)', /ended the session/],
    [' ServiceResult is BadNoSubscription (0x80790000)', /dropped the subscriptions/],
    ['the server has ended the subscription: BadTimeout', /dropped the subscriptions \(BadTimeout\)/],
    ['the server has ended the subscription: GoodSubscriptionTransferred', /another client took/],
    ['Transaction has timed out ( timeout = 15000 ms , request = ReadRequest)', new RegExp(`^${SILENT}$`)],
    [' ServiceResult is BadShutdown (0x800c0000)', /answered with BadShutdown/],
  ])('%s', (reason, says) => {
    expect(spokenLoss(reason)).toMatch(says);
  });
});
