import { BlockList, isIP } from 'node:net';
import { type AddressClass, classifyAddress } from './address-class';
import type { AllowedDestination, InsecureEndpoints } from './address-policy';

/** Ports of a public destination; an operator's exception adds others. */
export const PUBLIC_PORTS: ReadonlySet<number> = new Set([443, 8443]);

export interface GuardSettings {
  readonly insecure: InsecureEndpoints;
  readonly allowedDestinations?: readonly AllowedDestination[];
  /** See `ClassifyOptions`. */
  readonly allowNat64?: boolean;
}

interface Exception {
  readonly addresses: BlockList;
  readonly port: number | undefined;
}

const readException = ({ cidr, port }: AllowedDestination): Exception => {
  const [network = '', prefix = ''] = cidr.split('/');
  const family = isIP(network);
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || !(length <= (family === 4 ? 32 : 128)))
    throw new TypeError(`'${cidr}' is not a CIDR range such as 10.20.0.0/16.`);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    throw new TypeError(`${port} is not a port.`);
  const addresses = new BlockList();
  addresses.addSubnet(network, length, family === 4 ? 'ipv4' : 'ipv6');
  return { addresses, port };
};

/**
 * Says of an address and a port whether a webhook may go there. Everything is refused but what is named: public unicast
 * on the public ports, an operator's exceptions, and with `insecure: 'allow'` the private classes on any port. Metadata
 * addresses are refused whatever the settings say.
 */
export class AddressGuard {
  private readonly exceptions: readonly Exception[];

  /** Throws a TypeError for an exception that is not a CIDR range. */
  constructor(private readonly settings: GuardSettings) {
    this.exceptions = (settings.allowedDestinations ?? []).map(readException);
  }

  /** Null when the address is allowed, else what it was refused as. */
  refusal(address: string, port: number): AddressClass | 'port' | null {
    const kind = classifyAddress(address, { allowNat64: this.settings.allowNat64 ?? false });
    if (kind === 'metadata' || kind === 'invalid') return kind;
    if (this.settings.insecure === 'allow' && (kind === 'public' || kind === 'private')) return null;
    if (this.isException(address, port)) return null;
    if (kind !== 'public') return kind;
    return PUBLIC_PORTS.has(port) ? null : 'port';
  }

  /** Whether a name could be reached on this port at all; its addresses are judged when they are known. */
  mayUsePort(port: number): boolean {
    return (
      this.settings.insecure === 'allow' ||
      PUBLIC_PORTS.has(port) ||
      this.exceptions.some((exception) => exception.port === undefined || exception.port === port)
    );
  }

  private isException(address: string, port: number): boolean {
    const zone = address.indexOf('%');
    const plain = zone < 0 ? address : address.slice(0, zone);
    const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6';
    return this.exceptions.some(
      (exception) =>
        (exception.port === undefined || exception.port === port) && exception.addresses.check(plain, family),
    );
  }
}
