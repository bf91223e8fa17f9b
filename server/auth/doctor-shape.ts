/**
 * What a text that somebody asks about looks like: which kind of token, and what of it may be shown again. Owns guessing
 * and showing; whether the token is good, the rules of its kind say.
 */
import { decodeJwt, textOf, type DecodedJwt } from './jwt.ts';
import { withoutJwt } from './refusals.ts';
import type { Finding } from './rules.ts';

export const tokenKinds = ['client_assertion', 'id_token', 'access_token'] as const;

export type TokenKind = (typeof tokenKinds)[number];

export interface Guess {
  readonly kind: TokenKind;
  /** Why, in words. */
  readonly because: string;
}

/** The kind that a text looks like. */
export function guessKind(text: string): Guess {
  if (!text.includes('.'))
    return { kind: 'access_token', because: 'it has no dots, so it is no JWT' };
  const jwt = decodeJwt(text);
  if ('fault' in jwt) return { kind: 'client_assertion', because: 'it has dots, as a JWT has' };
  return guessJwt(jwt);
}

/** Claims that only a person's sign-in has. */
const signInClaims = ['vot', 'nonce', 'auth_time', 'identity_proofing_level', 'tokenName', 'sid'];

function guessJwt({ header, claims }: DecodedJwt): Guess {
  const iss = textOf(claims, 'iss');
  if (iss !== undefined && iss === textOf(claims, 'sub'))
    return { kind: 'client_assertion', because: 'it is a JWT whose iss and sub are the same' };
  if (textOf(header, 'typ')?.toLowerCase() === 'at+jwt' || Object.hasOwn(claims, 'scope'))
    return { kind: 'access_token', because: 'it is a JWT that calls itself an access token' };
  const sign = signInClaims.find((name) => Object.hasOwn(claims, name));
  if (sign !== undefined)
    return { kind: 'id_token', because: `it is a JWT with the claim ${sign}, of a sign-in` };
  if (iss !== undefined && /^https?:\/\//.test(iss))
    return { kind: 'id_token', because: 'it is a JWT whose iss is an address, as of a provider' };
  return { kind: 'client_assertion', because: 'it is a JWT without the marks of a sign-in' };
}

/** The kinds as one says them. */
export const kindWords: Readonly<Record<TokenKind, string>> = {
  client_assertion: 'a client assertion',
  id_token: 'an id_token',
  access_token: 'an access token',
};

export type Members = Readonly<Record<string, unknown>>;

/** Header or claims as they may be shown to whoever sent them: without JWTs within, whose signatures would be whole. */
export function shownMembers(members: Members): Members {
  const replaced = JSON.stringify(members, (_name, value: unknown) =>
    typeof value === 'string' ? withoutJwt(value) : value,
  );
  return JSON.parse(replaced) as Members; // an object became text and comes back as one
}

/** What a check of one token found; the doctor adds what all have in common. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** A header and claims that would pass, where the caller or a provider can make them. */
  readonly corrected?: Corrected | undefined;
  /** What else is worth knowing, in sentences. */
  readonly notes: readonly string[];
}

export interface Corrected {
  readonly header: Members;
  readonly claims: Members;
}
