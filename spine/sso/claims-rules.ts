/**
 * The claims that both shapes of a cross-organisation token have in common: from whom, for whom, when and why. Owns their
 * rules; system, organisation and people are parties-rules.ts's.
 */
import { lifetime, reasons, type Reason } from './claims.ts';
import { foundOf, plainAddress, plainWord, TokenRefused } from './token-refused.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Seconds by which two clocks may differ. */
const skew = 10;

const known: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'act'],
  ...['reason_for_request', 'requested_scope', 'scope'],
  ...['requesting_system', 'requesting_organization', 'requesting_user', 'requesting_patient'],
  ...['requesting_device', 'requesting_practitioner'],
]);

/** Nothing is in it that no rule looks at. */
export function checkMembers(claims: Claims): void {
  const other = Object.keys(claims).find((name) => !known.has(name));
  if (other === undefined) return;
  const found = plainWord.test(other.replaceAll('_', '-')) ? other : 'another claim';
  throw new TokenRefused('claims', `none but ${[...known].join(', ')}`, found);
}

export function readIssuer({ iss }: Claims): string {
  if (typeof iss === 'string' && /^[\x21-\x7e]{1,500}$/.test(iss)) return iss;
  throw new TokenRefused('iss', 'the address of the requesting system', foundOf(iss));
}

/** @param expected addresses of the API; a slash at the end makes no difference */
export function readAudience({ aud }: Claims, expected: readonly string[]): string {
  const bare = (text: string) => text.replace(/\/$/, '');
  if (typeof aud === 'string' && expected.some((one) => bare(one) === bare(aud))) return aud;
  throw new TokenRefused('aud', expected.slice(0, 3).join(' or '), foundOf(aud, plainAddress));
}

/** Seconds of `iat`. @param now milliseconds */
export function readTimes({ iat, exp }: Claims, now: number): number {
  const seconds = Math.floor(now / 1000);
  if (!isWhole(iat)) throw new TokenRefused('iat', 'a whole number of seconds', foundOf(iat));
  if (!isWhole(exp)) throw new TokenRefused('exp', 'a whole number of seconds', foundOf(exp));
  if (exp !== iat + lifetime)
    throw new TokenRefused('exp', `iat + ${lifetime}: ${iat + lifetime}`, String(exp));
  if (iat > seconds + skew) throw new TokenRefused('iat', `at most ${seconds}`, String(iat));
  if (exp < seconds - skew) throw new TokenRefused('exp', `at least ${seconds}`, String(exp));
  return iat;
}

export function readReason({ reason_for_request: reason }: Claims): Reason {
  const found = reasons.find((one) => one === reason);
  if (found) return found;
  throw new TokenRefused('reason_for_request', reasons.join(' or '), foundOf(reason, plainWord));
}

/**
 * @param only whether there must be exactly one
 * @param named those of an interface that has scopes of its own, of which there must be exactly one
 */
export function readScopes(
  { scope, requested_scope: requested }: Claims,
  only: boolean,
  named?: readonly string[],
): string[] {
  const rule = requested === undefined ? 'scope' : 'requested_scope';
  if (scope !== undefined && requested !== undefined && scope !== requested)
    throw new TokenRefused('scope', 'the same as requested_scope', 'another');
  const text = requested ?? scope;
  const words = typeof text === 'string' && text.length <= 1000 ? text.split(' ') : [];
  const isOne = only || named !== undefined;
  const expected = named
    ? named.join(' or ')
    : `${only ? 'one of' : 'some of'} patient, organization or user, each with /*.read or /*.write`;
  const isGood = (word: string) => (named ? named.includes(word) : form.test(word));
  if (words.length === 0 || !words.every(isGood) || (isOne && words.length > 1))
    throw new TokenRefused(rule, expected, foundOf(text, plainWord));
  return words;
}

const form = /^(patient|organization|user)\/\*\.(read|write)$/;

/** A call that writes needs a scope that lets it, and one that reads one for reading. */
export function checkAccess(scopes: readonly string[], access: 'read' | 'write' | undefined): void {
  if (access === undefined || scopes.some((scope) => scope.endsWith(`.${access}`))) return;
  const found = scopes.join(' ');
  throw new TokenRefused('access', `a scope for ${access}`, found, 'ACCESS_DENIED');
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
