import { realpath } from 'node:fs/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isAbsolute, normalize, sep } from 'node:path';
import { DEFAULT_TENANT } from '@millrace/domain';
import { type AddressClass, classifyAddress } from '@millrace/webhook-client';
import type { SourceReach } from '../signal-intake/source-kind';

export interface ReachSettings {
  /** Ranges that sources may reach and no others, `10.20.0.0/16`; null: every public address. */
  readonly addresses: readonly string[] | null;
  /** Private addresses and this host too, where `addresses` says nothing. */
  readonly insecure: 'allow' | 'deny';
  /** Where Millrace's own parts are: `host:port`, or `host` for all of its ports. */
  readonly own: readonly string[];
  /** Folders below which sources of a tenant may read files; of one that lies in another, the inner one says whose it is. */
  readonly folders: readonly SourceFolder[];
}

export interface SourceFolder {
  readonly tenant: string;
  /** Absolute path. */
  readonly folder: string;
}

export type Reachability =
  | { readonly kind: 'allowed' }
  /** May not be reached, whoever asks; `detail` says why and what to do. */
  | { readonly kind: 'refused'; readonly path: string; readonly detail: string }
  /** The name leads nowhere now; another time it may. */
  | { readonly kind: 'unknown'; readonly path: string; readonly detail: string };

/** All addresses of a name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The names of the metadata services, refused by name as well as by address. */
const METADATA_NAMES: ReadonlySet<string> = new Set(['metadata.google.internal', 'instance-data.ec2.internal']);

interface OwnPlace {
  readonly host: string;
  /** Null: all of them. */
  readonly port: number | null;
}

const ALLOWED: Reachability = { kind: 'allowed' };

/**
 * Says what a source of a tenant may lead to. A source is a way into the network that the service stands in, so what is not
 * named is refused: by the class of every address that a name has, not by the name. Millrace's own parts and the metadata
 * addresses of clouds are refused whatever the settings say.
 */
export class ReachGuard {
  private readonly ranges: BlockList | null;
  private readonly own: readonly OwnPlace[];

  /** Throws a TypeError for a range that is none. */
  constructor(
    private readonly settings: ReachSettings,
    private readonly resolve: Resolve,
  ) {
    this.ranges = settings.addresses === null ? null : blockListOf(settings.addresses);
    this.own = settings.own.map(placeOf);
  }

  /** The first of the places that may not be reached, or that is not known now; `allowed` when there is none. */
  async judge(tenant: string, reaches: readonly SourceReach[]): Promise<Reachability> {
    for (const reach of reaches) {
      const judged = reach.kind === 'peer' ? await this.judgePeer(reach) : await this.judgeFolder(tenant, reach);
      if (judged.kind !== 'allowed') return judged;
    }
    return ALLOWED;
  }

  /**
   * For the connections of one source: a name is judged again each time it is looked up, since what it leads to can change
   * from one connection to the next.
   */
  lookupFor(reaches: readonly SourceReach[]): LookupFunction {
    const ports = reaches.flatMap((reach) => (reach.kind === 'peer' ? [reach.port] : []));
    return (hostname, options, callback) => {
      this.addressesOf(hostname).then(
        async (addresses) => {
          for (const address of addresses)
            for (const port of ports) {
              const why = await this.refusal(hostname, address, port);
              if (why !== null) return callback(Object.assign(new Error(why), { code: 'EACCES' }), [], 0);
            }
          const family = options.family === 4 || options.family === 6 ? options.family : null;
          const found = addresses
            .map((address) => ({ address, family: isIP(address) }))
            .filter((one) => family === null || one.family === family);
          if (found.length === 0)
            return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), [], 0);
          if (options.all) callback(null, found);
          else callback(null, found[0]!.address, found[0]!.family);
        },
        (error: Error) => callback(error, [], 0),
      );
    };
  }

  private async judgePeer({ host, port, path }: SourceReach & { kind: 'peer' }): Promise<Reachability> {
    if (METADATA_NAMES.has(host.toLowerCase())) return { kind: 'refused', path, detail: `${host} may not be reached.` };
    if (this.own.some((own) => own.host === host.toLowerCase() && (own.port === null || own.port === port)))
      return { kind: 'refused', path, detail: ownDetail(host, port) };
    let addresses: readonly string[];
    try {
      addresses = await this.addressesOf(host);
    } catch {
      return { kind: 'unknown', path, detail: `The name ${host} has no address; check it, or the DNS of the service.` };
    }
    for (const address of addresses) {
      const why = await this.refusal(host, address, port);
      if (why !== null) return { kind: 'refused', path, detail: why };
    }
    return ALLOWED;
  }

  private async judgeFolder(tenant: string, { folder, path }: SourceReach & { kind: 'folder' }): Promise<Reachability> {
    const refused = (detail: string): Reachability => ({ kind: 'refused', path, detail });
    if (!isAbsolute(folder)) return refused(`'${folder}' is not an absolute path.`);
    const { folders } = this.settings;
    if (!folders.some((one) => one.tenant === tenant)) return refused(noFoldersDetail(tenant));
    // Of links it is what they lead to that counts, on both sides.
    const real = await Promise.all(
      folders.map(async (one) => ({ ...one, folder: await realpath(one.folder).catch(() => normalize(one.folder)) })),
    );
    try {
      if (isOf(tenant, await realpath(folder), real)) return ALLOWED;
    } catch {
      // What is not there is told of a tenant's own folders alone: of others nothing is told.
      const named = folders.map((one) => ({ ...one, folder: normalize(one.folder) }));
      if (isOf(tenant, normalize(folder), [...real, ...named]))
        return {
          kind: 'unknown',
          path,
          detail: `There is no '${folder}' on the host of the service, or it may not be read.`,
        };
    }
    return refused(`'${folder}' is not below a folder that MILLRACE_SOURCE_FOLDERS names for the tenant ${tenant}.`);
  }

  /** Why an address may not be reached on a port; null when it may. */
  private async refusal(host: string, address: string, port: number): Promise<string | null> {
    if (await this.isOwn(address, port)) return ownDetail(host, port);
    const kind = classifyAddress(address);
    const where = host === address ? address : `${host} (${address})`;
    if (kind === 'metadata' || kind === 'invalid') return `${where} may not be reached.`;
    if (this.ranges !== null)
      return this.ranges.check(plain(address), isIP(plain(address)) === 4 ? 'ipv4' : 'ipv6')
        ? null
        : `${where} is in no range of MILLRACE_SOURCE_ADDRESSES.`;
    if (kind === 'public' || (kind === 'private' && this.settings.insecure === 'allow')) return null;
    return `${where} is ${NAMED[kind]}; MILLRACE_SOURCE_ADDRESSES names ranges that sources may reach.`;
  }

  private async isOwn(address: string, port: number): Promise<boolean> {
    for (const own of this.own) {
      if (own.port !== null && own.port !== port) continue;
      const addresses = await this.addressesOf(own.host).catch(() => [] as readonly string[]);
      if (addresses.includes(plain(address))) return true;
    }
    return false;
  }

  private async addressesOf(host: string): Promise<readonly string[]> {
    return isIP(plain(host)) === 0 ? this.resolve(host) : [plain(host)];
  }
}

/** Whether the nearest of the folders above a place is of the tenant. */
const isOf = (tenant: string, place: string, folders: readonly SourceFolder[]): boolean => {
  const below = ({ folder }: SourceFolder) =>
    place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  const above = folders.filter(below);
  const nearest = Math.max(...above.map(({ folder }) => folder.length));
  return above.some((one) => one.folder.length === nearest && one.tenant === tenant);
};

const noFoldersDetail = (tenant: string): string =>
  `Sources of the tenant ${tenant} may read no files here; \`${
    tenant === DEFAULT_TENANT ? '' : `${tenant}=`
  }/a/folder\` in MILLRACE_SOURCE_FOLDERS lets them.`;

const ownDetail = (host: string, port: number): string => `${host}:${port} is a part of Millrace itself.`;

const NAMED: { readonly [kind in Exclude<AddressClass, 'public' | 'metadata' | 'invalid'>]: string } = {
  private: 'a private address',
  special: 'an address with a purpose of its own',
};

/** Without brackets and zone, and of a v4-mapped address the v4: a socket treats them alike. */
const plain = (address: string): string => {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped?.[1] ?? bare;
};

const blockListOf = (ranges: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix = ''] = range.split('/');
    const family = isIP(network);
    const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (family === 0 || !(length <= (family === 4 ? 32 : 128)))
      throw new TypeError(`'${range}' is not a range of addresses such as 10.20.0.0/16.`);
    list.addSubnet(network, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
};

const placeOf = (text: string): OwnPlace => {
  const [, host, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(text) ?? [];
  return isIP(text) === 6
    ? { host: text, port: null }
    : { host: (host ?? text).toLowerCase(), port: port === undefined ? null : Number(port) };
};

/** Whether a text of MILLRACE_SOURCE_ADDRESSES is a range at all. */
export const isAddressRange = (text: string): boolean => {
  try {
    blockListOf([text]);
    return true;
  } catch {
    return false;
  }
};
