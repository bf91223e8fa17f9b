/**
 * The rules of a client assertion that need nothing but the assertion and the memory of its `jti`: header and claims
 * (RFC 7515, RFC 7519, the national profile), each with its published text. Their order is in client-assertion.ts.
 */
import {
  algorithm,
  clockAllowance,
  fail,
  inAssertion,
  longest,
  pass,
  refuse,
  replayed,
  told,
  type AssertionRule,
} from './assertion-terms.ts';
import { decodeJwt, textOf } from './jwt.ts';
import { shownValue } from './rules.ts';

export const decodes: AssertionRule = {
  name: 'decodes',
  says: 'The assertion is a compact signed JWT: three parts of base64url, header and payload JSON objects.',
  judge(state) {
    const decoded = state.decoded ?? decodeJwt(state.text);
    if ('fault' in decoded)
      return fail(
        'a compact signed JWT',
        decoded.fault,
        refuse(400, 'Malformed JWT in client_assertion'),
      );
    state.jwt = decoded;
    return pass;
  },
};

export const alg: AssertionRule = {
  name: 'alg',
  says: 'The header `alg` is RS512 and nothing else.',
  judge: ({ jwt }) =>
    jwt &&
    (jwt.header.alg === algorithm
      ? pass
      : fail(
          algorithm,
          jwt.header.alg,
          refuse(
            400,
            `Invalid 'alg' header ${inAssertion} - unsupported JWT algorithm - must be 'RS512'`,
          ),
          algorithm,
        )),
};

export const expired: AssertionRule = {
  name: 'exp not past',
  says: 'The claim `exp` lies in the future; clocks may differ by 10 seconds.',
  judge({ jwt, parts }) {
    const exp = jwt?.claims.exp;
    if (typeof exp !== 'number') return undefined;
    const now = Math.floor(parts.now() / 1000);
    return exp > now - clockAllowance
      ? { ok: true, found: () => told(exp) }
      : fail(
          `a time after ${told(now)} (our clock)`,
          told(exp),
          refuse(400, `Invalid 'exp' claim ${inAssertion} - JWT has expired`),
          String(now + longest),
        );
  },
};

export const kid: AssertionRule = {
  name: 'kid',
  says: 'The header has a `kid` that names a registered key.',
  judge: ({ jwt }) =>
    jwt &&
    (textOf(jwt.header, 'kid')
      ? pass
      : fail('a kid', jwt.header.kid, refuse(400, `Missing 'kid' header ${inAssertion}`))),
};

export const typ: AssertionRule = {
  name: 'typ',
  says: 'The header `typ` is JWT, in any case of letters.',
  judge: ({ jwt }) =>
    jwt &&
    (textOf(jwt.header, 'typ')?.toUpperCase() === 'JWT'
      ? pass
      : fail(
          'JWT',
          jwt.header.typ,
          refuse(400, `Invalid 'typ' header ${inAssertion} - must be 'JWT'`),
          'JWT',
        )),
};

export const expThere: AssertionRule = {
  name: 'exp there',
  says: 'There is a claim `exp`.',
  judge: ({ jwt }) =>
    jwt &&
    (jwt.claims.exp !== undefined
      ? pass
      : fail('seconds since 1970', undefined, refuse(400, `Missing 'exp' claim ${inAssertion}`))),
};

export const expInteger: AssertionRule = {
  name: 'exp integer',
  says: 'The claim `exp` is a whole number of seconds since 1970, not a text and not milliseconds.',
  judge: ({ jwt }) =>
    jwt &&
    (Number.isSafeInteger(jwt.claims.exp)
      ? pass
      : fail(
          'a whole number',
          jwt.claims.exp,
          refuse(400, `Invalid 'exp' claim ${inAssertion} - must be an integer`),
        )),
};

export const issuer: AssertionRule = {
  name: 'iss and sub',
  says: 'The claims `iss` and `sub` are both the client id (API key) of the app.',
  judge({ jwt }) {
    if (!jwt) return undefined;
    const iss = textOf(jwt.claims, 'iss');
    return iss !== undefined && iss !== '' && iss === textOf(jwt.claims, 'sub')
      ? { ok: true, found: () => shownValue(iss) }
      : fail(
          'iss and sub, equal',
          `iss ${shownValue(jwt.claims.iss)}, sub ${shownValue(jwt.claims.sub)}`,
          refuse(400, `Missing or non-matching 'iss'/'sub' claims ${inAssertion}`),
        );
  },
};

export const jtiThere: AssertionRule = {
  name: 'jti there',
  says: 'There is a claim `jti`.',
  judge: ({ jwt }) =>
    jwt &&
    (jwt.claims.jti !== undefined && jwt.claims.jti !== null && jwt.claims.jti !== ''
      ? pass
      : fail('a unique text', jwt.claims.jti, refuse(400, `Missing 'jti' claim ${inAssertion}`))),
};

export const jtiText: AssertionRule = {
  name: 'jti text',
  says: 'The claim `jti` is a text such as a UUID.',
  judge: ({ jwt }) =>
    jwt &&
    (typeof jwt.claims.jti === 'string'
      ? pass
      : fail(
          'a text',
          jwt.claims.jti,
          refuse(
            400,
            `Invalid 'jti' claim ${inAssertion} - must be a unique string value such as a GUID`,
          ),
        )),
};

export const jtiUnused: AssertionRule = {
  name: 'jti unused',
  says: 'This client has not used this `jti` before.',
  async judge({ jwt, parts }) {
    const iss = jwt && textOf(jwt.claims, 'iss');
    const jti = jwt && textOf(jwt.claims, 'jti');
    if (iss === undefined || jti === undefined) return undefined;
    return (await parts.uses.seen(iss, jti))
      ? fail('a jti not used before', jti, replayed, 'a new UUID for each assertion')
      : pass;
  },
};

export const expNear: AssertionRule = {
  name: 'exp near',
  says: 'The claim `exp` is at most 5 minutes ahead.',
  judge({ jwt, parts }) {
    const exp = jwt?.claims.exp;
    if (typeof exp !== 'number') return undefined;
    const now = Math.floor(parts.now() / 1000);
    return exp <= now + longest + clockAllowance
      ? pass
      : fail(
          `at most ${told(now + longest)} (our clock is ${told(now)})`,
          told(exp),
          refuse(400, `Invalid 'exp' claim ${inAssertion} - more than 5 minutes in future`),
          String(now + longest),
        );
  },
};

export const begun: AssertionRule = {
  name: 'iat and nbf',
  says: 'The claims `iat` and `nbf`, where there are any, are not in the future.',
  judge({ jwt, parts }) {
    if (!jwt) return undefined;
    const now = Math.floor(parts.now() / 1000);
    for (const name of ['iat', 'nbf'] as const) {
      const value = jwt.claims[name];
      if (value === undefined) continue;
      if (typeof value !== 'number' || value > now + clockAllowance)
        return fail(
          `not after ${told(now)} (our clock)`,
          typeof value === 'number' ? told(value) : value,
          refuse(400, `Invalid '${name}' claim ${inAssertion} - must not be in the future`),
          String(now),
        );
    }
    return pass;
  },
};
