/**
 * `network`: from which networks a Proxy is reached: from the internet, from the private health network, or both (R112),
 * and lists of addresses on top. Judged by the address of the connection, or what a listed proxy told, never by a
 * header of the caller. Stands before any credential is looked at.
 */
import { isIP } from 'node:net';
import type { Connection, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { inNetworks } from '../backends/ip-ranges.ts';
import type { PolicyKind } from '../policy.ts';

export interface NetworkConfig {
  readonly exposure: 'both' | 'internet' | 'hscn';
  readonly hscn: readonly string[];
  readonly allow?: readonly string[];
  readonly deny: readonly string[];
}

const networks = { type: 'array', items: { type: 'string', maxLength: 50 }, maxItems: 1000 };

export const network: PolicyKind<NetworkConfig> = {
  phase: 'authenticate',
  summary:
    'Takes calls from some networks only, before any credential is looked at. Others are refused with 403 that names the list and the address the call came from.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      exposure: {
        enum: ['both', 'internet', 'hscn'],
        description:
          'Whether calls come from the internet, from the private health network that `hscn` lists, or from both.',
        default: 'both',
      },
      hscn: {
        ...networks,
        description: 'The networks (CIDR) from which calls of the private health network arrive.',
        default: [],
      },
      allow: {
        ...networks,
        minItems: 1,
        description: 'Networks (CIDR) that alone may call; absent: all.',
      },
      deny: {
        ...networks,
        description: 'Networks (CIDR) that may not call, whatever else is allowed.',
        default: [],
      },
    },
  },
  check: (config) => faultsOf(config),
  create: (config) => policyOf(config),
};

function faultsOf({ exposure, hscn, allow = [], deny }: NetworkConfig): string[] {
  return [
    ...(exposure !== 'both' && hscn.length === 0
      ? [`exposure ${exposure} needs the networks of the private health network in hscn`]
      : []),
    ...[...hscn, ...allow, ...deny].filter((one) => !isNetwork(one)).map(noNetwork),
  ];
}

function noNetwork(text: string): string {
  return `"${text}" is no network: write an address, a slash and a length, such as 192.0.2.0/24, and IPv4 as IPv4`;
}

function isNetwork(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  const family = isIP(address);
  if (family === 0 || plain(address) !== address.toLowerCase() || text.split('/').length !== 2)
    return false;
  return /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

function policyOf({ exposure, hscn, allow, deny }: NetworkConfig): Policy {
  const [inHscn, inDeny] = [inNetworks(hscn), inNetworks(deny)];
  const inAllow = allow && inNetworks(allow);
  const refusalOf = (address: string): string | undefined => {
    if (isIP(address) === 0) return 'it is not known from where it comes';
    if (inDeny(address)) return 'the address is on the list of those that may not call';
    if (exposure === 'hscn' && !inHscn(address))
      return 'this API is for the private health network alone';
    if (exposure === 'internet' && inHscn(address)) return 'this API is for the internet alone';
    if (inAllow && !inAllow(address))
      return 'the address is not on the list of those that may call';
    return undefined;
  };
  // A connection brings many calls, and its address stays.
  const known = new WeakMap<Connection, string | undefined>();
  return (next) => (exchange) => {
    const { peer } = exchange;
    if (!known.has(peer)) known.set(peer, refusalOf(plain(peer.address)));
    const refusal = known.get(peer);
    if (refusal === undefined) return next(exchange);
    throw new Problem(
      'forbidden',
      `The call from ${isIP(plain(peer.address)) === 0 ? 'an unknown address' : plain(peer.address)} is refused: ${refusal}`,
      { code: 'NETWORK' },
    );
  };
}

/** IPv4 as IPv4, also where it is told in a form of IPv6; without the zone of a link-local address. */
function plain(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%', 1);
  if (isIP(bare) !== 6 || !bare.includes('ffff:')) return bare;
  // The shortest form has but one spelling (RFC 5952).
  const shortest = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest);
  if (!mapped) return bare;
  return [mapped[1], mapped[2]]
    .map((group = '') => Number.parseInt(group, 16))
    .map((group) => `${group >> 8}.${group & 255}`)
    .join('.');
}
