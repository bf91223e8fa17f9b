/**
 * The address of a caller behind proxies: what the outermost trusted one says it was reached from. A header of anybody
 * else is not looked at. Owns reading X-Forwarded-For; who is trusted is configuration.
 */
import { isIP } from 'node:net';

/** The trusted addresses of a setting, as sockets tell them. */
export function trustedIn(setting: string): ReadonlySet<string> {
  return new Set(
    setting
      .split(',')
      .map((one) => plain(one.trim()))
      .filter((one) => one !== ''),
  );
}

/**
 * @param socket the address of the connection.
 * @param forwarded the field as sent; the last entry was added by the nearest proxy.
 */
export function callerAddress(
  socket: string,
  forwarded: string | undefined,
  trusted: ReadonlySet<string>,
): string {
  if (forwarded === undefined || !trusted.has(plain(socket))) return socket;
  const hops = forwarded.slice(-2000).split(',');
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = plain((hops[i] ?? '').trim());
    if (isIP(hop) === 0) return socket; // what stands further left was added by nobody we know
    if (!trusted.has(hop)) return hop;
  }
  return socket;
}

/** Whether the address of a socket is a trusted one. */
export function isTrusted(address: string, trusted: ReadonlySet<string>): boolean {
  return trusted.has(plain(address));
}

/** IPv4 as IPv4, also when a socket of both families tells it in the form of IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
