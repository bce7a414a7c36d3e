import { messageTopic, parseTopic, stateTopic } from './topic';

describe('a topic', () => {
  it.each([
    ['spBv1.0/G/NBIRTH/E', { kind: 'message', type: 'NBIRTH', group: 'G', node: 'E', device: null }],
    ['spBv1.0/G/DDATA/E/D 1', { kind: 'message', type: 'DDATA', group: 'G', node: 'E', device: 'D 1' }],
    ['spBv1.0/STATE/host', { kind: 'state', host: 'host' }],
    [messageTopic('DCMD', 'G', 'E', 'D'), { kind: 'message', type: 'DCMD', device: 'D' }],
    [stateTopic('scada'), { kind: 'state', host: 'scada' }],
  ])('%s', (topic, expected) => {
    expect(parseTopic(topic)).toMatchObject(expected);
  });

  it.each([
    'spAv1.0/G/NBIRTH/E',
    'spBv1.0/G/NDATA/E/D',
    'spBv1.0/G/DDATA/E',
    'spBv1.0/G/DDATA/E/',
    'spBv1.0/G/DDATA/E/D/x',
    'spBv1.0/G/NBIRTH/',
    'spBv1.0//NBIRTH/E',
    'spBv1.0/G/BIRTH/E',
    'spBv1.0/G',
    'spBv1.0/STATE/host/x',
    'spBv1.0/STATE/',
    '',
  ])('%s is none', (topic) => {
    expect(parseTopic(topic)).toMatchObject({ kind: 'malformed', detail: expect.any(String) });
  });
});
