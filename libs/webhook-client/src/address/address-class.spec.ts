import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { type AddressClass, classifyAddress, groupsOf } from './address-class';

describe('classifyAddress', () => {
  it.each<[AddressClass, string[]]>([
    [
      'public',
      ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0'],
    ],
    ['public', ['192.0.1.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15', '11.0.0.0']],
    ['public', ['2606:4700:4700::1111', '2a00:1450:4001:82b::200e', '2001:200::1', '::ffff:8.8.8.8', '::ffff:808:808']],
    ['private', ['0.0.0.0', '0.1.2.3', '10.0.0.5', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.0.1']],
    [
      'private',
      ['172.16.0.1', '172.31.255.255', '192.168.1.1', '::', '::1', 'fc00::1', 'fd12::1', 'fe80::1', 'fe80::1%eth0'],
    ],
    ['private', ['fec0::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:10.0.0.1', '::FFFF:192.168.0.1']],
    ['metadata', ['169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '::ffff:169.254.169.254']],
    ['metadata', ['::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '64:ff9b::169.254.169.254', 'fd00:0ec2:0:0:0:0:0:254']],
    [
      'special',
      ['192.0.0.1', '192.0.2.1', '192.31.196.1', '192.52.193.1', '192.88.99.1', '192.175.48.1', '198.18.0.1'],
    ],
    [
      'special',
      ['198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
    ],
    ['special', ['::7f00:1', '::127.0.0.1', '2002:7f00:1::', '2001::1', '2001:1ff::1', '2001:db8::1', '3fff::1']],
    [
      'special',
      ['64:ff9b::8.8.8.8', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1', '100:0:0:1::1', '5f00::1', 'ff02::1'],
    ],
    ['special', ['2620:4f:8000::1', '4000::1', '::ffff:0:7f00:1']],
    ['invalid', ['', 'localhost', '256.1.1.1', '1.2.3', ':::', '0x7f.1', 'example.com']],
  ])('%s: %s', (expected, addresses) => {
    expect(addresses.map((address) => [address, classifyAddress(address)])).toEqual(
      addresses.map((address) => [address, expected]),
    );
  });

  it('judges NAT64 addresses by the address inside them where that is asked for', () => {
    const classes = ['64:ff9b::8.8.8.8', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b::c000:201'].map((address) =>
      classifyAddress(address, { allowNat64: true }),
    );
    expect(classes).toEqual(['public', 'private', 'metadata', 'special']);
  });

  it('agrees with ipaddr.js about which IPv4 addresses are ordinary unicast', () => {
    const special = ['168.63.129.16', '192.31.196.0', '192.52.193.0', '192.175.48.0'];
    const near = fc.constantFrom(
      ...[
        '0',
        '10',
        '100.64',
        '100.100.100.200',
        '127',
        '169.254',
        '172.16',
        '172.32',
        '192.0.0',
        '192.0.2',
        '192.88.99',
      ],
      ...['192.168', '198.18', '198.51.100', '203.0.113', '224', '240', '255.255.255.255', '1.1', '8.8.8.8', '93'],
    );
    const octet = fc.integer({ min: 0, max: 255 });
    const address = fc.oneof(
      fc.ipV4(),
      fc
        .tuple(near, octet, octet, octet)
        .map(([start, ...rest]) => [...start.split('.'), ...rest].slice(0, 4).join('.')),
    );
    fc.assert(
      fc.property(address, (ip) => {
        fc.pre(!special.some((known) => ip === known || ip.startsWith(known.slice(0, -1))));
        const ordinary = ipaddr.IPv4.parse(ip).range() === 'unicast';
        expect(classifyAddress(ip) === 'public').toBe(ordinary);
        expect(classifyAddress(`::ffff:${ip}`)).toBe(classifyAddress(ip));
      }),
      { numRuns: 2000 },
    );
  });

  it('lets no IPv6 address be public that ipaddr.js finds special, nor any outside 2000::/3', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const head = fc.constantFrom(
      '0',
      '64:ff9b',
      '100',
      '2001',
      '2001:db8',
      '2002',
      '2620:4f:8000',
      '3fff',
      '5f00',
      'fc00',
      'fe80',
      'ff02',
      '2606',
      '2a00',
      '3000',
    );
    const address = fc.oneof(
      fc.ipV6(),
      fc
        .tuple(head, fc.array(group, { minLength: 8, maxLength: 8 }))
        .map(([start, rest]) => [...start.split(':'), ...rest].slice(0, 8).join(':')),
    );
    fc.assert(
      fc.property(address, (ip) => {
        if (classifyAddress(ip) !== 'public') return;
        const parsed = ipaddr.IPv6.parse(ip);
        if (parsed.isIPv4MappedAddress()) return;
        expect(parsed.range()).toBe('unicast');
        expect(parsed.parts[0]! >> 13).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads the groups of an IPv6 address as the URL parser does', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const canonical = new URL(`http://[${ip}]/`).hostname.slice(1, -1);
        expect(groupsOf(ip)).toEqual(ipaddr.IPv6.parse(canonical).parts);
      }),
    );
  });
});
