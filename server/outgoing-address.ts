/**
 * Which addresses may be called when a user gave them: the form of the URL, and the IP addresses that its name leads to.
 * Owns judging and resolving; the call itself is in outgoing-call.ts.
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { inNetworks, placeOf } from './gateway/backends/ip-ranges.ts';
import { OutgoingFault } from './outgoing-fault.ts';

/** All IP addresses of a name, as text. Rejects or gives none when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface AddressRules {
  /** A development setting: http, loopback and any port are allowed. Other addresses that are not public stay refused. */
  readonly allowLocal: boolean;
  /** The ports that may be called. */
  readonly ports: readonly number[];
  /** Networks whose addresses may be called though they are not public. */
  readonly networks?: readonly string[];
}

const longestUrl = 2048;

/**
 * The URL that a user gave, as the WHATWG parser reads it: odd spellings of IPv4 (hexadecimal, octal, one number) are
 * dotted quads from here on. @throws OutgoingFault
 */
export function checkUrl(text: string, { allowLocal, ports }: AddressRules): URL {
  if (text.length > longestUrl)
    throw new OutgoingFault('url', `The address is longer than ${longestUrl} characters`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new OutgoingFault('url', 'The address is no absolute URL');
  if (url.protocol !== 'https:' && !(allowLocal && url.protocol === 'http:'))
    throw new OutgoingFault('scheme', 'The address must begin with https://');
  if (url.username !== '' || url.password !== '')
    throw new OutgoingFault('user-info', 'The address must have no user name or password in it');
  if (url.hostname.endsWith('.'))
    throw new OutgoingFault('url', 'The host name must be written without a dot at its end');
  if (!allowLocal && !ports.includes(portOf(url)))
    throw new OutgoingFault('port', `The port must be one of ${ports.join(', ')}`);
  url.hash = '';
  return url;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/**
 * The addresses to connect to, asked for once; if a single one may not be called, none is. Whoever connects must take
 * these and not ask again (DNS rebinding). @throws OutgoingFault
 */
export async function checkedAddresses(
  url: URL,
  { allowLocal, networks = [] }: AddressRules,
  resolve: Resolve,
): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host) === 0 ? await answersFor(host, resolve) : [host];
  if (found.length === 0) throw new OutgoingFault('dns', `The name ${host} has no address`);
  const isListed = inNetworks(networks);
  const mayBeCalled = (ip: string) =>
    isPublicUnicast(ip) || (allowLocal && isLoopback(ip)) || isListed(ip);
  if (!found.every(mayBeCalled))
    throw new OutgoingFault(
      'address',
      `${host} leads to an address that may not be called: only public ones are allowed`,
    );
  return found;
}

/** `localhost` is this machine whatever the DNS says (RFC 6761 6.3). */
async function answersFor(host: string, resolve: Resolve): Promise<readonly string[]> {
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  try {
    return await resolve(host);
  } catch {
    return [];
  }
}

/**
 * Asks the DNS itself: unlike the system's look-up this occupies no thread of the pool that files share, so that a slow
 * name server of a stranger slows down nothing else. Names from the hosts file are not known here.
 */
export async function resolveByDns(host: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** Whether an IP address is one of the public internet, also inside an IPv6 address. Anything that is no IP address is not. */
export function isPublicUnicast(ip: string): boolean {
  return placeOf(innerIpv4(ip) ?? ip) === 'public';
}

/** Whether an IP address is this machine's own: 127/8, `::1`, and the former inside an IPv6 address. */
export function isLoopback(ip: string): boolean {
  return placeOf(innerIpv4(ip) ?? ip) === 'loopback';
}

/** The IPv4 address in an IPv4-mapped one (RFC 4291 2.5.5.2) or in one for translation (RFC 6052 2.1). */
function innerIpv4(ip: string): string | undefined {
  if (isIP(ip) !== 6 || ip.includes('%')) return undefined;
  const groups = groupsOf(ip);
  const prefix = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  if (prefix !== '0:0:0:0:0:ffff' && prefix !== '64:ff9b:0:0:0:0') return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight numbers of an IPv6 address. The URL parser brings it into its one canonical spelling first. */
function groupsOf(ip: string): readonly number[] {
  const [head = '', tail = ''] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [numbers(head), numbers(tail)];
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}
