/** What the doctor adds in sentences: about clocks, and about addresses that are right somewhere else. */
import type { Environment } from '../catalogue/environments.ts';
import { clockAllowance } from './assertion-terms.ts';
import { textOf, type DecodedJwt } from './jwt.ts';

/** What is known of token endpoints beside the one that is asked about. */
export interface Elsewhere {
  /** The address of this face's token endpoint in another environment; undefined where there is none. */
  readonly tokenAddress: (environment: Environment) => string | undefined;
  /** Whose token address it is, in words: `environment uat, /oauth2`; undefined for nobody's. */
  readonly whose: (address: string) => string | undefined;
}

const longest = 300;

/** @param now milliseconds since the epoch */
export function clockNotes({ claims }: DecodedJwt, now: number): readonly string[] {
  const { iat, exp } = claims;
  const seconds = Math.floor(now / 1000);
  const notes: string[] = [];
  if (typeof exp === 'number' && exp > 1e11)
    notes.push('exp looks like milliseconds; JWTs count seconds since 1970.');
  if (typeof iat !== 'number' || iat > 1e11 || !Number.isFinite(iat)) return notes;
  const ahead = Math.round(iat - seconds);
  if (ahead > clockAllowance) notes.push(`By its iat your clock is ${ahead} s ahead of ours.`);
  if (ahead < -longest)
    notes.push(
      `By its iat it was made ${-ahead} s ago: it is that old, or your clock is behind ours.`,
    );
  if (typeof exp === 'number' && exp - iat > longest)
    notes.push(`exp is ${Math.round(exp - iat)} s after iat; at most ${longest} s are allowed.`);
  return notes;
}

/** What an `aud` that is not accepted is instead. @param audiences those that would be accepted */
export function audienceNotes(
  { claims }: DecodedJwt,
  audiences: readonly string[],
  { whose }: Elsewhere,
  environment: Environment,
): readonly string[] {
  const aud = textOf(claims, 'aud');
  if (aud === undefined || audiences.includes(aud)) return [];
  const other = whose(aud);
  if (other !== undefined)
    return [
      `aud is the token address of ${other}; this was judged for environment ${environment}.`,
    ];
  if (audiences.some((one) => one.endsWith(`://${aud}`)))
    return ['aud lacks the scheme: it must begin with http:// or https://, as the address does.'];
  if (audiences.includes(aud.replace(/\/$/, '')))
    return ['aud has a slash at its end that the address has not.'];
  return [];
}
