/**
 * Addresses that a registration holds: redirect URIs, origins, the launch URL, the key set's URL. Owns what they must look
 * like; that the address of a key set is a public one is judged when it is fetched.
 */
import { Problem } from '../../core/problem.ts';

/** Each list of addresses. */
export const mostAddresses = 10;
/** In characters. */
const longestAddress = 512;

/**
 * A redirect URI: https anywhere, http on this machine, or a scheme of an app's own (RFC 8252 7). It is compared byte for
 * byte later, so it must be in its normal form now. @throws Problem `invalid` with the rule that failed.
 */
export function checkRedirectUri(uri: string): void {
  const what = 'a redirect URI';
  checkText(what, uri);
  if (isOwnScheme(uri)) return;
  const url = parsed(what, uri);
  if (url.protocol !== 'https:' && !isLoopback(url))
    refuse(
      what,
      'must be https, http on localhost, 127.0.0.1 or [::1], or a scheme with a dot such as com.example.app:/callback',
    );
}

/** Where an EHR opens the app: as a redirect URI, without schemes of an app's own. @throws Problem `invalid` */
export function checkLaunchUrl(address: string): void {
  const what = 'a launch URL';
  checkText(what, address);
  const url = parsed(what, address);
  if (url.protocol !== 'https:' && !isLoopback(url))
    refuse(what, 'must be https, or http on localhost, 127.0.0.1 or [::1]');
}

/** A web origin as browsers send it: scheme, host, port (RFC 6454 7). @throws Problem `invalid` */
export function checkOrigin(origin: string): void {
  const what = 'an origin';
  checkText(what, origin);
  const url = parsed(what, origin);
  if (url.protocol !== 'https:' && !isLoopback(url))
    refuse(what, 'must be https, or http on localhost, 127.0.0.1 or [::1]');
  if (url.origin !== origin) refuse(what, 'must be scheme, host and port without a path');
}

/**
 * Where a key set is read from. @throws Problem `invalid`
 * @param allowLocal whether http and this machine's own names will do: only where developers run it.
 */
export function checkKeySetUrl(address: string, allowLocal: boolean): void {
  const what = 'the address of a key set';
  checkText(what, address);
  const url = parsed(what, address);
  if (allowLocal) return;
  if (url.protocol !== 'https:') refuse(what, 'must be https');
  if (namesThisMachine(url)) refuse(what, 'must not be this machine');
}

function checkText(what: string, text: string): void {
  if (text.length > longestAddress) refuse(what, `has at most ${longestAddress} characters`);
  if (!/^[\x21-\x7e]+$/.test(text)) refuse(what, 'holds visible ASCII characters only');
  if (/[\\*<>"]/.test(text)) refuse(what, 'holds no wildcard, backslash, quotation mark, < or >');
  if (text.includes('#')) refuse(what, 'has no fragment');
}

/** An absolute http or https URL without user-info, in the form that parsing gives it back. */
function parsed(what: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return refuse(what, 'must be an absolute https address');
  if (url.username !== '' || url.password !== '' || text.includes('@'))
    refuse(what, 'holds no user name');
  // It stands in the security policy of pages, where ; and , would begin another rule.
  if (!/^([a-z0-9._-]+|\[[0-9a-f:]+\])$/.test(url.hostname))
    refuse(what, 'has a host of letters, digits, dots, hyphens and underscores');
  if (url.href !== text && url.href !== `${text}/`)
    refuse(what, `must be in its normal form, which is ${url.href}`);
  return url;
}

/** A private-use scheme: it bears a dot, as a reversed domain name does (RFC 8252 7.1), and one slash follows. */
function isOwnScheme(uri: string): boolean {
  const scheme = uri.slice(0, uri.indexOf(':'));
  if (!scheme.includes('.') || !/^[a-z][a-z0-9.-]*[a-z0-9]$/.test(scheme)) return false;
  const rest = uri.slice(scheme.length + 1);
  return rest.startsWith('/') && !rest.startsWith('//') && !rest.includes('/..');
}

function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

function namesThisMachine({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname.startsWith('127.') ||
    hostname === '[::1]'
  );
}

function refuse(what: string, rule: string): never {
  throw new Problem('invalid', `${what[0]?.toUpperCase() ?? ''}${what.slice(1)} ${rule}`);
}
