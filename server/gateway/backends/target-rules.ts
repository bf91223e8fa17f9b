/**
 * Where back ends may be. A sandbox reaches this machine and nothing else; other environments reach public addresses,
 * this machine when that is allowed, and the networks that are listed. Asked of the definition when it is deployed and put
 * in service, and of every address that a name leads to when a connection is made, so that a name which changes its
 * answer afterwards gains nothing. Owns these rules; the ranges are in ip-ranges.ts.
 */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Environment } from '../../catalogue/environments.ts';
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { TargetRules } from '../backend.ts';
import { inNetworks, placeOf } from './ip-ranges.ts';

/** The longest deadline a back end may have, in milliseconds. */
const longestTimeout = 300_000;
const mostConnections = 1024;

/** What is wrong with a back end in that environment, in sentences; nothing when it may be called. Asks no name server. */
export function targetFaults(
  definition: HttpBackend,
  environment: Environment,
  rules: TargetRules,
): readonly string[] {
  const { url, security, timeout = 1000, connections = 1, healthcheck = '/' } = definition;
  const faults = addressFaults('url', url, environment, rules);
  if (/[?#]/.test(url)) faults.push('url: a query or fragment cannot be in it');
  if (security?.kind === 'oauth')
    faults.push(...addressFaults('tokenUrl', security.tokenUrl, environment, rules));
  if (security?.kind === 'mtls' && !/^https:/i.test(url))
    faults.push('url: must begin with https:// where a client certificate is shown');
  if (security?.kind === 'key' && unfitHeaders.has(security.header.toLowerCase()))
    faults.push(`security: the header ${security.header} cannot carry a key`);
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > longestTimeout)
    faults.push(`timeout: must be a whole number from 1 to ${longestTimeout} milliseconds`);
  if (!Number.isInteger(connections) || connections < 1 || connections > mostConnections)
    faults.push(`connections: must be a whole number from 1 to ${mostConnections}`);
  if (!/^\/[\x21-\x22\x24-\x7e]*$/.test(healthcheck))
    faults.push('healthcheck: must begin with a slash and hold printable characters only');
  return faults;
}

/** Whether an IP address may be called. */
export type AddressJudge = (ip: string) => boolean;

/** @param secure whether TLS is spoken: without it only this machine and listed networks are reached. */
export function addressJudge(
  environment: Environment,
  rules: TargetRules,
  secure: boolean,
): AddressJudge {
  const listed = inNetworks(rules.networks);
  return (ip) => {
    const place = placeOf(ip);
    if (environment === 'sandbox') return place === 'loopback';
    if (place === 'loopback') return rules.allowLocal;
    return place !== 'never' && ((place === 'public' && secure) || listed(ip));
  };
}

/** Stands in for the DNS of a socket: gives only addresses that may be called, and fails when a name leads to another. */
export function guardedLookup(
  judge: AddressJudge,
  resolve: Resolve = systemLookup,
): LookupFunction {
  return (host, { all }, answer) => {
    const tell = (addresses: readonly Found[]) => {
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => judge(address)))
        answer(new TargetRefused(host), '', 0);
      else if (all) answer(null, [...addresses]);
      else answer(null, first.address, first.family);
    };
    if (isLocalName(host)) {
      tell(ownAddresses);
      return;
    }
    resolve(host, { all: true }, (error, addresses) => {
      if (error) answer(error, '', 0);
      else tell(addresses);
    });
  };
}

/** A name led to an address that may not be called. Holds the name and no address. */
export class TargetRefused extends Error {
  readonly code = 'TARGET_REFUSED';

  constructor(host: string) {
    super(`${host} leads to an address that back ends of this environment may not have`);
    this.name = 'TargetRefused';
  }
}

/** The system's look-up, which knows the hosts file: names of neighbouring containers stand there. */
export type Resolve = (
  host: string,
  options: { readonly all: true },
  answer: (error: NodeJS.ErrnoException | null, addresses: Found[]) => void,
) => void;

interface Found {
  readonly address: string;
  readonly family: number;
}

const ownAddresses: readonly Found[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** `localhost` is this machine whatever the DNS says (RFC 6761 6.3). */
function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Fields that frame a message or name a host. */
const unfitHeaders: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-type'],
  ...['upgrade', 'expect', 'te', 'trailer', 'via'],
]);

function addressFaults(
  where: string,
  text: string,
  environment: Environment,
  rules: TargetRules,
): string[] {
  const url = text.length <= 2000 && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:\/\//i.test(text)) return [`${where}: must be an http or https address`];
  const faults: string[] = [];
  if (url.username !== '' || url.password !== '')
    faults.push(`${where}: must have no user name or password in it; name a secret`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const fault = hostFault(host, url.protocol === 'https:', environment, rules);
  if (fault !== undefined) faults.push(`${where}: ${fault}`);
  return faults;
}

/** A name can be judged here only where the sandbox's rule makes it needless to ask where it leads. */
function hostFault(
  host: string,
  secure: boolean,
  environment: Environment,
  rules: TargetRules,
): string | undefined {
  const local = isLocalName(host) || placeOf(host) === 'loopback';
  if (environment === 'sandbox')
    return local
      ? undefined
      : 'a sandbox may reach this machine only: 127.0.0.1, [::1] or localhost';
  if (local) return rules.allowLocal ? undefined : 'this machine itself may not be a back end here';
  if (isIP(host) === 0)
    return secure || rules.networks.length > 0
      ? undefined
      : 'must begin with https:// outside of listed networks';
  if (!addressJudge(environment, rules, true)(host))
    return 'this address may not be called: it is neither public nor in a listed network';
  return addressJudge(environment, rules, secure)(host)
    ? undefined
    : 'must begin with https:// outside of listed networks';
}
