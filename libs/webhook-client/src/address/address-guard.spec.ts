import { AddressGuard } from './address-guard';

describe('AddressGuard', () => {
  const deny = new AddressGuard({ insecure: 'deny' });
  const allow = new AddressGuard({ insecure: 'allow' });
  const plant = new AddressGuard({
    insecure: 'deny',
    allowedDestinations: [
      { cidr: '10.20.0.0/16' },
      { cidr: 'fd12:3456::/48', port: 9000 },
      { cidr: '0.0.0.0/0', port: 9443 },
    ],
  });
  const METADATA = ['169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '::ffff:169.254.169.254'];

  it.each([
    [deny, '93.184.216.34', 443, null],
    [deny, '93.184.216.34', 8443, null],
    [deny, '93.184.216.34', 22, 'port'],
    [deny, '127.0.0.1', 443, 'private'],
    [deny, '203.0.113.1', 443, 'special'],
    [deny, 'nonsense', 443, 'invalid'],
    [allow, '127.0.0.1', 3000, null],
    [allow, '192.168.0.7', 80, null],
    [allow, '93.184.216.34', 8081, null],
    [allow, '224.0.0.1', 80, 'special'],
    [plant, '10.20.3.4', 1234, null],
    [plant, '::ffff:10.20.3.4', 1234, null],
    [plant, '10.21.0.1', 443, 'private'],
    [plant, 'fd12:3456::7', 9000, null],
    [plant, 'fd12:3456::7', 9001, 'private'],
  ] as const)('%#: %s %s port %s -> %s', (guard, address, port, expected) => {
    expect(guard.refusal(address, port)).toBe(expected);
  });

  it.each(METADATA)('refuses the metadata address %s under every setting', (address) => {
    const open = new AddressGuard({
      insecure: 'allow',
      allowedDestinations: [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }, { cidr: `${address}/32` }],
    });
    expect(open.refusal(address, 80)).toBe('metadata');
    expect(plant.refusal(address, 9443)).toBe('metadata');
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', 'plant/8', '10.0.0.0/-1', '10.0.0.0/1e1'])(
    'does not start with the exception %s',
    (cidr) => {
      expect(() => new AddressGuard({ insecure: 'deny', allowedDestinations: [{ cidr }] })).toThrow(TypeError);
    },
  );

  it('does not start with a port that is none', () => {
    expect(
      () => new AddressGuard({ insecure: 'deny', allowedDestinations: [{ cidr: '10.0.0.0/8', port: 70_000 }] }),
    ).toThrow(TypeError);
  });
});
