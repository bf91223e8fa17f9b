/**
 * Client assertions as the RFCs have them (RFC 7523 3, SMART App Launch 2.2 "asymmetric"): for the SMART face and for
 * management. Whatever fails is `invalid_client`, and the description names the rule. Owns those rules; which algorithms,
 * addresses and clients there are is handed in.
 */
import type { Problem } from '../../core/problem.ts';
import { decodeJwt, textOf, type DecodedJwt } from './jwt.ts';
import { KeysUnavailable } from './key-sets.ts';
import { oauthError, type Reason } from './oauth-error.ts';
import type { Replay } from './replay.ts';
import { enforce, shownValue, type Rule, type Verdict } from './rules.ts';
import { isSignedBy, selectKey, type SigningAlgorithm, type VerifyingKey } from './signature.ts';

/** One assertion on its way through the rules. `C` is whatever a client is to the caller. */
export interface RfcAssertion<C> {
  readonly text: string;
  readonly algorithms: readonly SigningAlgorithm[];
  /** The addresses of the token endpoint and of the issuer; the first is the one to recommend. */
  readonly audiences: readonly string[];
  readonly replay: Replay;
  readonly now: () => number;
  readonly find: (clientId: string) => C | undefined;
  /** @throws KeysUnavailable */
  readonly keysOf: (client: C, kid: string) => Promise<readonly VerifyingKey[]>;
  /** The registered address of its key set, which a `jku` must equal. */
  readonly keySetUrl: (client: C) => string | undefined;
  jwt?: DecodedJwt;
  client?: C;
  key?: VerifyingKey;
}

/** Seconds. */
const allowance = 10;
const longest = 300;

/** The client that an assertion proves; its `jti` is spent. @throws Problem 401 `invalid_client` */
export async function authenticateByRfcAssertion<C>(state: RfcAssertion<C>): Promise<C> {
  await enforce(rfcAssertionRules as readonly Rule<RfcAssertion<C>>[], state); // they look at no more of C than is handed in
  const { jwt, client, replay, now } = state;
  if (!jwt || client === undefined) throw new Error('the rules passed without finding a client');
  const iss = textOf(jwt.claims, 'iss') ?? '';
  const jti = textOf(jwt.claims, 'jti') ?? '';
  const until = Math.max(Number(jwt.claims.exp) * 1000 + 60_000, now() + 600_000);
  if (!(await replay.claim(iss, jti, until)))
    throw invalidClient('jti was used before', {
      rule: 'jti unused',
      expected: 'a jti not used before',
    });
  return client;
}

/** The refusal of an assertion. */
export function invalidClient(description: string, reason: Reason): Problem {
  return oauthError(401, 'invalid_client', description, reason);
}

type R = Rule<RfcAssertion<unknown>>;
const pass: Verdict = { ok: true };

function fail(description: string, expected: string, found: unknown, corrected?: string): Verdict {
  return {
    ok: false,
    expected,
    found: shownValue(found),
    refuse: (reason) => invalidClient(`client_assertion: ${description}`, reason),
    ...(corrected === undefined ? {} : { corrected }),
  };
}

const decodes: R = {
  name: 'decodes',
  says: 'The assertion is a compact signed JWT.',
  judge(state) {
    const decoded = decodeJwt(state.text);
    if ('fault' in decoded) return fail('no signed JWT', 'a compact signed JWT', decoded.fault);
    state.jwt = decoded;
    return pass;
  },
};

const header: R = {
  name: 'header',
  says: 'The header has an allowed `alg` and a `kid`; a `typ`, where there is one, is JWT (RFC 7519 5.1).',
  judge({ jwt, algorithms }) {
    if (!jwt) return undefined;
    const { alg, typ } = jwt.header;
    const allowed = algorithms.join(' or ');
    if (!algorithms.some((one) => one === alg))
      return fail(`alg must be ${allowed}`, allowed, alg, algorithms[0]);
    if (!textOf(jwt.header, 'kid')) return fail('kid is missing', 'a kid', jwt.header.kid);
    return typ === undefined || textOf(jwt.header, 'typ')?.toUpperCase() === 'JWT'
      ? pass
      : fail('typ must be JWT', 'JWT', typ, 'JWT');
  },
};

const issuer: R = {
  name: 'iss and sub',
  says: 'The claims `iss` and `sub` are both the client id.',
  judge({ jwt }) {
    if (!jwt) return undefined;
    const iss = textOf(jwt.claims, 'iss');
    return iss !== undefined && iss !== '' && iss === textOf(jwt.claims, 'sub')
      ? pass
      : fail(
          'iss and sub must both be the client id',
          'iss and sub, equal',
          `${shownValue(jwt.claims.iss)}, ${shownValue(jwt.claims.sub)}`,
        );
  },
};

const known: R = {
  name: 'client',
  says: 'The client id is known here.',
  judge(state) {
    const iss = state.jwt && textOf(state.jwt.claims, 'iss');
    if (iss === undefined) return undefined;
    state.client = state.find(iss);
    return state.client === undefined
      ? fail('the client is not known', 'a client id of this environment', iss)
      : pass;
  },
};

const keyAddress: R = {
  name: 'jku',
  says: 'A `jku`, where there is one, is exactly the registered address of the key set. It is never fetched.',
  judge({ jwt, client, keySetUrl }) {
    if (!jwt || client === undefined) return undefined;
    const { jku } = jwt.header;
    const url = keySetUrl(client);
    return jku === undefined || (url !== undefined && jku === url)
      ? pass
      : fail('jku is not the registered address', url ?? 'no jku: no address is registered', jku);
  },
};

const expiry: R = {
  name: 'exp',
  says: 'The claim `exp` is a whole number of seconds, in the future, at most 5 minutes ahead.',
  judge({ jwt, now }) {
    if (!jwt) return undefined;
    const { exp } = jwt.claims;
    const seconds = Math.floor(now() / 1000);
    const expected = `${seconds + 1} to ${seconds + longest} (our clock is ${seconds})`;
    const corrected = String(seconds + longest);
    if (!Number.isSafeInteger(exp))
      return fail('exp must be a whole number of seconds', expected, exp, corrected);
    if (Number(exp) <= seconds - allowance) return fail('exp has passed', expected, exp, corrected);
    return Number(exp) <= seconds + longest + allowance
      ? pass
      : fail('exp is more than 5 minutes ahead', expected, exp, corrected);
  },
};

const begun: R = {
  name: 'iat and nbf',
  says: 'The claims `iat` and `nbf`, where there are any, are not in the future.',
  judge({ jwt, now }) {
    if (!jwt) return undefined;
    const seconds = Math.floor(now() / 1000);
    for (const name of ['iat', 'nbf'] as const) {
      const value = jwt.claims[name];
      if (value === undefined || (typeof value === 'number' && value <= seconds + allowance))
        continue;
      return fail(
        `${name} is in the future`,
        `at most ${seconds} (our clock)`,
        value,
        String(seconds),
      );
    }
    return pass;
  },
};

const audience: R = {
  name: 'aud',
  says: 'The claim `aud` is the token address or the issuer, and nobody else.',
  judge({ jwt, audiences }) {
    if (!jwt) return undefined;
    const { aud } = jwt.claims;
    const given: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    const ours =
      given.length > 0 && given.every((one) => typeof one === 'string' && audiences.includes(one));
    return ours
      ? pass
      : fail('aud must be this token endpoint', audiences[0] ?? '', aud, audiences[0]);
  },
};

const identifier: R = {
  name: 'jti unused',
  says: 'There is a `jti`, a text that this client has not used before.',
  async judge({ jwt, replay }) {
    const iss = jwt && textOf(jwt.claims, 'iss');
    if (!jwt || iss === undefined) return undefined;
    const jti = textOf(jwt.claims, 'jti');
    if (jti === undefined || jti === '')
      return fail('jti is missing', 'a unique text', jwt.claims.jti);
    return (await replay.seen(iss, jti))
      ? fail('jti was used before', 'a jti not used before', jti)
      : pass;
  },
};

const key: R = {
  name: 'key',
  says: 'Exactly one registered key has this `kid` and fits the `alg`.',
  async judge(state) {
    const { jwt, client } = state;
    const kid = jwt && textOf(jwt.header, 'kid');
    const alg = state.algorithms.find((one) => one === jwt?.header.alg);
    if (client === undefined || kid === undefined || !alg) return undefined;
    try {
      const keys = await state.keysOf(client, kid);
      const found = selectKey(keys, kid, alg);
      if (!found)
        return fail(
          'no registered key has this kid',
          `one of: ${keys.map((one) => one.kid).join(', ')}`,
          kid,
          keys[0]?.kid,
        );
      state.key = found;
      return pass;
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error;
      return fail(
        `the key set cannot be used: ${error.message}`,
        'a JSON Web Key Set',
        error.message,
      );
    }
  },
};

const signature: R = {
  name: 'signature',
  says: 'The signature is that of the registered key.',
  judge({ jwt, key: found, algorithms }) {
    const alg = algorithms.find((one) => one === jwt?.header.alg);
    if (!jwt || !found || !alg) return undefined;
    return isSignedBy(jwt, found, alg)
      ? pass
      : fail('the signature does not verify', `a signature by ${found.kid}`, 'another signature');
  },
};

/** In this order; the doctor tells all of them. */
export const rfcAssertionRules: readonly R[] = [
  decodes,
  header,
  issuer,
  known,
  keyAddress,
  expiry,
  begun,
  audience,
  identifier,
  key,
  signature,
];
