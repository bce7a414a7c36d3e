import { BlockList, isIP } from 'node:net';

/**
 * What an address is for, as far as sending a webhook to it is concerned.
 *
 * `public` ordinary unicast, the only class that is a destination without leave · `private` reachable inside a site or a
 * host (loopback, RFC 1918, link-local, CGNAT, ULA, unspecified) · `metadata` the fixed addresses at which clouds hand out
 * credentials, never a destination · `special` everything else with a purpose of its own (documentation, benchmarking,
 * multicast, translation prefixes, reserved) · `invalid` not an IP address.
 */
export type AddressClass = 'public' | 'private' | 'metadata' | 'special' | 'invalid';

const listOf = (...subnets: string[]): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network, length] = subnet.split('/') as [string, string];
    list.addSubnet(network, Number(length), isIP(network) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
};

const METADATA_V4 = listOf('169.254.169.254/32', '168.63.129.16/32', '100.100.100.200/32');

const PRIVATE_V4 = listOf(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
);

const SPECIAL_V4 = listOf(
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', // TEST-NET-1
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relay
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // TEST-NET-2
  '203.0.113.0/24', // TEST-NET-3
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved and broadcast
);

const METADATA_V6 = listOf('fd00:ec2::254/128');
const PRIVATE_V6 = listOf('::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'fec0::/10');
const UNICAST_V6 = listOf('2000::/3');
const SPECIAL_V6 = listOf(
  '2001::/23', // Teredo, ORCHID, benchmarking, …
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
);

const classifyV4 = (ip: string): AddressClass => {
  if (METADATA_V4.check(ip, 'ipv4')) return 'metadata';
  if (PRIVATE_V4.check(ip, 'ipv4')) return 'private';
  return SPECIAL_V4.check(ip, 'ipv4') ? 'special' : 'public';
};

/** The sixteen-bit groups of a valid IPv6 address without zone. */
export const groupsOf = (ip: string): number[] => {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : ip;
  const [head, tail] = text.split('::') as [string, string | undefined];
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = read(head);
  const after = tail === undefined ? [] : read(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
};

const dottedQuad = (high: number, low: number): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;

/**
 * The IPv4 address that an IPv6 address carries in its last 32 bits: v4-mapped (`::ffff:0:0/96`) or NAT64 (`64:ff9b::/96`);
 * null for every other.
 */
const embeddedV4 = (ip: string): { ip: string; by: 'mapped' | 'nat64' } | null => {
  const groups = groupsOf(ip) as [number, number, number, number, number, number, number, number];
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  const inner = dottedQuad(groups[6], groups[7]);
  if (zeros(0, 5) && groups[5] === 0xffff) return { ip: inner, by: 'mapped' };
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zeros(2, 6)) return { ip: inner, by: 'nat64' };
  return null;
};

export interface ClassifyOptions {
  /**
   * Judge `64:ff9b::/96` by the IPv4 address inside it. For IPv6-only networks with DNS64, where every IPv4 host has such
   * an address; elsewhere the whole prefix is `special`.
   */
  readonly allowNat64?: boolean;
}

/** Class of an IP address in any textual form that Node takes; a zone (`fe80::1%eth0`) is ignored. */
export const classifyAddress = (ip: string, options: ClassifyOptions = {}): AddressClass => {
  const zone = ip.indexOf('%');
  const plain = zone < 0 ? ip : ip.slice(0, zone);
  const family = isIP(plain);
  if (family === 0) return 'invalid';
  if (family === 4) return classifyV4(plain);
  const embedded = embeddedV4(plain);
  if (embedded) {
    const inner = classifyV4(embedded.ip);
    if (embedded.by === 'mapped' || options.allowNat64 || inner === 'metadata') return inner;
    return 'special';
  }
  if (METADATA_V6.check(plain, 'ipv6')) return 'metadata';
  if (PRIVATE_V6.check(plain, 'ipv6')) return 'private';
  return UNICAST_V6.check(plain, 'ipv6') && !SPECIAL_V6.check(plain, 'ipv6') ? 'public' : 'special';
};
