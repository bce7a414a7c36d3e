import { connect, isIPv6 } from 'node:net';

/** An address as it stands in a URL; an IPv4 one that is mapped into IPv6 as what it is. */
export const inUrl = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(address) ? `[${address.replace(/%.*$/, '')}]` : address;
};

/** The address that this machine has on the way to the site: the one by which the site can reach it, if nothing stands between. */
export const localAddressTowards = (site: URL, timeoutMs = 5_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const port = Number(site.port) || (site.protocol === 'https:' ? 443 : 80);
    const socket = connect({ host: site.hostname.replace(/^\[|\]$/g, ''), port });
    const end = (act: () => void) => {
      socket.destroy();
      act();
    };
    socket.setTimeout(timeoutMs, () => end(() => reject(new Error(`no connection within ${timeoutMs} ms`))));
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('connect', () => {
      const address = socket.localAddress ?? '127.0.0.1';
      end(() => resolve(address));
    });
  });
