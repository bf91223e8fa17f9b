/**
 * The id_token that an app exchanges (RFC 8693, national "separate" sign-in). Owns its rules in the published order, and
 * ours beside them: it must be an id_token, of a provider of this environment, issued to this very app.
 */
import { Problem } from '../../core/problem.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { SignedIn } from './families.ts';
import { decodeJwt, textOf, type DecodedJwt } from './jwt.ts';
import { oauthError } from './oauth-error.ts';
import type { IdentityProvider } from './providers.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { enforce, shownValue, type Rule, type Verdict } from './rules.ts';
import { isSignedBy, selectKey, type SigningAlgorithm, type VerifyingKey } from './signature.ts';
import { toSignedIn } from './signed-in.ts';
import { digest } from './tokens.ts';

export interface SubjectParts {
  /** The providers of this face and environment. */
  readonly providers: () => readonly IdentityProvider[];
  readonly keys: ProviderKeys;
  /** The client ids under which a provider may have issued a token to this app. */
  readonly audiences: (client: Client, provider: IdentityProvider) => readonly string[];
  readonly now: () => number;
}

export interface Subject {
  readonly user: SignedIn;
  /** Names this id_token. */
  readonly key: string;
  /** When the token ends, milliseconds since the epoch. */
  readonly ends: number;
}

export interface SubjectState {
  readonly text: string;
  /** The client ids at a provider that the token may be for; absent when nobody is known. */
  readonly audiences: ((provider: IdentityProvider) => readonly string[]) | undefined;
  readonly parts: Pick<SubjectParts, 'providers' | 'keys' | 'now'>;
  /** Where in the request it stood: `subject_token`, or `act.sub` within it. */
  readonly place: 'subject_token' | 'act.sub';
  jwt?: DecodedJwt;
  provider?: IdentityProvider;
  keys?: readonly VerifyingKey[];
  key?: VerifyingKey;
}

/** Who signed in. @throws Problem with the published row of the first rule that fails. */
export async function judgeSubjectToken(
  text: string,
  client: Client,
  parts: SubjectParts,
): Promise<Subject> {
  const state: SubjectState = {
    text,
    audiences: (provider) => parts.audiences(client, provider),
    parts,
    place: 'subject_token',
  };
  await enforce(subjectRules, state);
  const { jwt, provider } = state;
  if (!jwt || !provider) throw new Error('the rules passed without finding a person');
  const actor = await judgeDelegation(jwt.claims, (one) => parts.audiences(client, one), parts);
  const signedIn = toSignedIn(provider, jwt.claims);
  const roles = provider.rolesOf?.(signedIn.subject);
  return {
    user: {
      ...signedIn,
      ...(roles ? { roles } : {}),
      ...(actor === undefined ? {} : { actor }),
    },
    key: textOf(jwt.claims, 'jti') ?? digest(text),
    ends: Number(jwt.claims.exp) * 1000,
  };
}

/**
 * NHS login delegation (RFC 8693 4.1): the token is about a person for whom somebody else acts, and `act.sub` is that
 * one's own JWT, verified like the token it stands in. Gives the NHS number of who acts, or the provider's name for them
 * where it tells no number; undefined without delegation.
 * @throws Problem 401 for one that proves nothing.
 */
export async function judgeDelegation(
  claims: Readonly<Record<string, unknown>>,
  audiences: (provider: IdentityProvider) => readonly string[],
  parts: Pick<SubjectParts, 'providers' | 'keys' | 'now'>,
): Promise<string | undefined> {
  const { act } = claims;
  if (act === undefined) return undefined;
  const inner =
    typeof act === 'object' && act !== null ? (act as Record<string, unknown>).sub : undefined; // an object that JSON.parse made
  const text = typeof inner === 'string' ? inner : '';
  const state: SubjectState = { text, audiences, parts, place: 'act.sub' };
  try {
    await enforce(subjectRules, state);
  } catch (error) {
    // Whatever is wrong with it: a forged delegation is no proof.
    const { code = 'invalid_request', message } = Problem.from(error);
    throw oauthError(401, code, message, { rule: 'delegation in act.sub' });
  }
  const { provider, jwt } = state;
  const actor = provider && jwt && toSignedIn(provider, jwt.claims);
  const name = actor?.nhsNumber ?? actor?.subject ?? '';
  // Without a name it would be taken for the person's own sign-in.
  if (name === '') throw oauthError(401, 'invalid_request', `Missing 'sub' claim in act.sub JWT`);
  return name;
}

const algorithms: readonly SigningAlgorithm[] = ['RS256', 'RS512'];
const allowance = 10;
const pass: Verdict = { ok: true };

type R = Rule<SubjectState>;

function fail(
  status: number,
  description: (place: string) => string,
  expected: string,
  found: unknown,
  state: SubjectState,
  error = 'invalid_request',
): Verdict {
  return {
    ok: false,
    expected,
    found: shownValue(found),
    refuse: (reason) => oauthError(status, error, description(`in ${state.place} JWT`), reason),
  };
}

const decodes: R = {
  name: 'decodes',
  says: 'The id_token is a compact signed JWT.',
  judge(state) {
    const decoded = decodeJwt(state.text);
    if ('fault' in decoded)
      return fail(
        400,
        () => `Malformed JWT in ${state.place}`,
        'a compact signed JWT',
        decoded.fault,
        state,
      );
    state.jwt = decoded;
    return pass;
  },
};

const kid: R = {
  name: 'kid',
  says: 'The header has a `kid`.',
  judge: (state) =>
    state.jwt &&
    (textOf(state.jwt.header, 'kid')
      ? pass
      : fail(400, (x) => `Missing 'kid' header ${x}`, 'a kid', state.jwt.header.kid, state)),
};

const typ: R = {
  name: 'typ',
  says: 'The header `typ` is JWT: no access token (`at+jwt`), no logout token.',
  judge: (state) =>
    state.jwt &&
    (textOf(state.jwt.header, 'typ')?.toUpperCase() === 'JWT'
      ? pass
      : fail(
          400,
          (x) => `Invalid 'typ' header ${x} - must be 'JWT'`,
          'JWT',
          state.jwt.header.typ,
          state,
        )),
};

const alg: R = {
  name: 'alg there',
  says: 'The header has an `alg`.',
  judge: (state) =>
    state.jwt &&
    (textOf(state.jwt.header, 'alg')
      ? pass
      : fail(
          400,
          (x) => `Missing 'alg' header ${x}`,
          algorithms.join(' or '),
          state.jwt.header.alg,
          state,
        )),
};

const exp: R = {
  name: 'exp',
  says: 'The claim `exp` is a whole number of seconds and lies in the future.',
  judge(state) {
    if (!state.jwt) return undefined;
    const value = state.jwt.claims.exp;
    const now = Math.floor(state.parts.now() / 1000);
    if (value === undefined)
      return fail(400, (x) => `Missing 'exp' claim ${x}`, 'seconds since 1970', value, state);
    if (!Number.isSafeInteger(value))
      return fail(
        400,
        (x) => `Invalid 'exp' claim ${x} - must be an integer`,
        'a whole number',
        value,
        state,
      );
    return Number(value) > now - allowance
      ? pass
      : fail(
          400,
          (x) => `Invalid 'exp' claim ${x} - JWT has expired`,
          `after ${now} (our clock)`,
          value,
          state,
        );
  },
};

const iss: R = {
  name: 'iss',
  says: 'The claim `iss` is an identity provider of this environment.',
  judge(state) {
    if (!state.jwt) return undefined;
    const issuer = textOf(state.jwt.claims, 'iss');
    if (issuer === undefined)
      return fail(400, (x) => `Missing 'iss' claim ${x}`, 'an issuer', state.jwt.claims.iss, state);
    const providers = state.parts.providers();
    const provider = providers.find((one) => one.issuer === issuer);
    if (!provider)
      return fail(
        400,
        (x) => `Missing or non-matching 'iss' claim ${x}`,
        providers.map((one) => one.issuer).join(' or ') ||
          'no provider is configured in this environment',
        issuer,
        state,
      );
    state.provider = provider;
    return { ok: true, found: () => provider.name };
  },
};

const aud: R = {
  name: 'aud',
  says: 'The claim `aud` (and `azp`, where there is one) is a client id that this app has at the provider.',
  judge(state) {
    const { jwt, audiences, provider } = state;
    if (!jwt) return undefined;
    const value = jwt.claims.aud;
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
      return fail(401, (x) => `Missing 'aud' claim ${x}`, 'a client id of this app', value, state);
    if (!audiences || !provider) return undefined;
    const own = audiences(provider);
    const given: readonly unknown[] = Array.isArray(value) ? value : [value];
    const { azp } = jwt.claims;
    const ours = (one: unknown) => typeof one === 'string' && own.includes(one);
    return given.every(ours) && (azp === undefined || ours(azp))
      ? pass
      : fail(
          401,
          (x) => `Missing or invalid 'aud' claim ${x}`,
          own.join(' or ') || `a registered client id of the app at ${provider.name}`,
          azp === undefined ? value : `${shownValue(value)}, azp ${shownValue(azp)}`,
          state,
        );
  },
};

const marks: R = {
  name: 'is an id_token',
  says: 'The token bears the marks of an id_token of its provider, and no `scope`.',
  judge(state) {
    const { jwt, provider } = state;
    if (!jwt || !provider) return undefined;
    const lacking = provider.marks.filter(
      (group) => !group.some((name) => Object.hasOwn(jwt.claims, name)),
    );
    const scope = Object.hasOwn(jwt.claims, 'scope');
    return lacking.length === 0 && !scope
      ? pass
      : fail(
          400,
          () => `Malformed JWT in ${state.place}`,
          lacking.map((group) => group.join(' or ')).join(', ') || 'no scope claim',
          scope ? 'a scope claim: an access token' : 'no such claim',
          state,
        );
  },
};

const keyFound: R = {
  name: 'kid found',
  says: 'The provider publishes a key with this `kid`.',
  async judge(state) {
    const { jwt, provider } = state;
    const named = jwt && textOf(jwt.header, 'kid');
    if (!jwt || !provider || named === undefined) return undefined;
    const noKey = (found: string) =>
      fail(
        401,
        (x) => `Invalid 'kid' header ${x} - no matching public key`,
        `a key of ${provider.issuer}`,
        found,
        state,
      );
    const given = jwt.header.alg;
    const algorithm = algorithms.find((one) => one === given);
    try {
      state.keys = await state.parts.keys.keysOf(provider, named);
    } catch {
      return noKey('the key set of the provider cannot be read');
    }
    const key = selectKey(state.keys, named, algorithm ?? 'RS256');
    if (!key) return noKey(named);
    state.key = key;
    return pass;
  },
};

const signature: R = {
  name: 'signature',
  says: 'The signature, RS256 or RS512, is that of the key.',
  judge(state) {
    const { jwt, key } = state;
    if (!jwt || !key) return undefined;
    const algorithm = algorithms.find((one) => one === jwt.header.alg);
    return algorithm && isSignedBy(jwt, key, algorithm)
      ? pass
      : fail(
          401,
          () => 'JWT signature verification failed',
          `a signature by ${key.kid} with ${algorithms.join(' or ')}`,
          algorithm ? 'another signature' : jwt.header.alg,
          state,
          'public_key error',
        );
  },
};

/** In the published order, ours last among those that need no key. */
export const subjectRules: readonly R[] = [
  decodes,
  kid,
  typ,
  alg,
  exp,
  iss,
  aud,
  marks,
  keyFound,
  signature,
];
