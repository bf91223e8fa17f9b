/**
 * What can be wrong with a token request that carries a client assertion, in the published order of checks, each with its
 * refusal; and the draft that faults change before it is signed and sent.
 */
import { openAssertionUses } from '../server/auth/assertion-uses.ts';
import {
  assertionClaims,
  assertionType,
  goodHeader,
  jws,
  postToken,
  testKey,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';

/** A token request as it is put together: faults change it, then it is signed and sent. */
export interface Draft {
  contentType: string;
  readonly form: Record<string, string | undefined>;
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  key: string;
  /** Spends the `jti` for whichever client it turns out to be. */
  replayed: boolean;
  finish: (assertion: string) => string | undefined;
}

export interface Fault {
  readonly name: string;
  /** Faults that change the same thing cannot be had together. */
  readonly of: string;
  readonly apply: (draft: Draft, ground: TokenGround) => void;
  readonly refusal: Refusal;
}

const x = ' in client_assertion JWT';
export const seconds = ({ clock }: TokenGround) => Math.floor(clock.time / 1000);
const claim = (name: string, value: unknown) => (draft: Draft) => {
  draft.claims[name] = value;
};
const header = (name: string, value: unknown) => (draft: Draft) => {
  draft.header[name] = value;
};
const field = (name: string, value: string | undefined) => (draft: Draft) => {
  draft.form[name] = value;
};
const client = (id: string) => (draft: Draft) => {
  draft.claims.iss = id;
  draft.claims.sub = id;
};
export const invalid = (description: string, status = 400): Refusal => [
  status,
  'invalid_request',
  description,
];

/** In the published order of checks: of several, the first decides what is answered. */
export const assertionFaults: readonly Fault[] = [
  {
    name: 'another content type',
    of: 'content type',
    apply: (draft) => (draft.contentType = 'application/json'),
    refusal: invalid('Content-Type header must be application/x-www-form-urlencoded', 415),
  },
  {
    name: 'no grant_type',
    of: 'grant',
    apply: field('grant_type', undefined),
    refusal: invalid('grant_type is missing'),
  },
  {
    name: 'a grant_type that is none',
    of: 'grant',
    apply: field('grant_type', 'password'),
    refusal: [400, 'unsupported_grant_type', 'grant_type is invalid'],
  },
  {
    name: 'no client_assertion_type',
    of: 'type',
    apply: field('client_assertion_type', undefined),
    refusal: invalid(`Missing or invalid client_assertion_type - must be '${assertionType}'`),
  },
  {
    name: 'another client_assertion_type',
    of: 'type',
    apply: field('client_assertion_type', `${assertionType} `),
    refusal: invalid(`Missing or invalid client_assertion_type - must be '${assertionType}'`),
  },
  {
    name: 'no client_assertion',
    of: 'assertion',
    apply: (draft) => (draft.finish = () => undefined),
    refusal: invalid('Missing client_assertion'),
  },
  {
    name: 'an assertion that is no JWT',
    of: 'assertion',
    apply: (draft) => (draft.finish = (assertion) => assertion.replace('.', '')),
    refusal: invalid('Malformed JWT in client_assertion'),
  },
  {
    name: 'another alg',
    of: 'alg',
    apply: header('alg', 'RS256'),
    refusal: invalid(`Invalid 'alg' header${x} - unsupported JWT algorithm - must be 'RS512'`),
  },
  {
    name: 'exp in the past',
    of: 'exp',
    apply: (draft, ground) => (draft.claims.exp = seconds(ground) - 60),
    refusal: invalid(`Invalid 'exp' claim${x} - JWT has expired`),
  },
  {
    name: 'no kid',
    of: 'kid',
    apply: header('kid', undefined),
    refusal: invalid(`Missing 'kid' header${x}`),
  },
  {
    name: 'another typ',
    of: 'typ',
    apply: header('typ', 'at+jwt'),
    refusal: invalid(`Invalid 'typ' header${x} - must be 'JWT'`),
  },
  {
    name: 'no exp',
    of: 'exp',
    apply: claim('exp', undefined),
    refusal: invalid(`Missing 'exp' claim${x}`),
  },
  {
    name: 'exp as a text',
    of: 'exp',
    apply: (draft, ground) => (draft.claims.exp = String(seconds(ground) + 60)),
    refusal: invalid(`Invalid 'exp' claim${x} - must be an integer`),
  },
  {
    name: 'sub of another client',
    of: 'client',
    apply: claim('sub', 'demo-two-keys-int'),
    refusal: invalid(`Missing or non-matching 'iss'/'sub' claims${x}`),
  },
  {
    name: 'no jti',
    of: 'jti',
    apply: claim('jti', undefined),
    refusal: invalid(`Missing 'jti' claim${x}`),
  },
  {
    name: 'jti as a number',
    of: 'jti',
    apply: claim('jti', 42),
    refusal: invalid(`Invalid 'jti' claim${x} - must be a unique string value such as a GUID`),
  },
  {
    name: 'a jti that was used',
    of: 'jti',
    apply: (draft) => (draft.replayed = true),
    refusal: invalid(`Non-unique 'jti' claim${x}`),
  },
  {
    name: 'exp too far ahead',
    of: 'exp',
    apply: (draft, ground) => (draft.claims.exp = seconds(ground) + 400),
    refusal: invalid(`Invalid 'exp' claim${x} - more than 5 minutes in future`),
  },
  {
    name: 'a client that is not known',
    of: 'client',
    apply: client('nobody'),
    refusal: invalid(`Invalid 'iss'/'sub' claims${x}`, 401),
  },
  {
    name: 'a client without a key',
    of: 'client',
    apply: client('demo-no-key-int'),
    refusal: [
      403,
      'public_key error',
      'You need to register a public key to use this authentication method - please contact support to configure',
    ],
  },
  {
    name: 'a client whose key set cannot be read',
    of: 'client',
    apply: client('demo-bad-key-set-int'),
    refusal: [
      403,
      'public_key error',
      "The JWKS endpoint, for your client_assertion can't be reached",
    ],
  },
  {
    name: 'a kid that is not registered',
    of: 'kid',
    apply: header('kid', 'demo-9'),
    refusal: invalid(`Invalid 'kid' header${x} - no matching public key`, 401),
  },
  {
    name: 'the signature of another key',
    of: 'key',
    apply: (draft) => (draft.key = testKey(4)),
    refusal: [401, 'public_key error', 'JWT signature verification failed'],
  },
  {
    name: 'another audience',
    of: 'aud',
    apply: claim('aud', 'https://elsewhere.example/oauth2/token'),
    refusal: invalid(`Missing or invalid 'aud' claim${x}`, 401),
  },
  {
    name: 'a revoked app',
    of: 'client',
    apply: client('demo-revoked-int'),
    refusal: [
      401,
      'access_denied',
      'The developer app associated with the API key is not approved or revoked',
    ],
  },
  {
    name: 'an app without an approved subscription',
    of: 'client',
    apply: client('demo-unapproved-int'),
    refusal: [
      401,
      'unauthorized_client',
      'you have tried to request authorization but your application is not configured to use this authorization grant type',
    ],
  },
];

/** Sends a request with these faults and no others; `fields` are more of its form. */
export async function sendFaulty(
  ground: TokenGround,
  applied: readonly Fault[],
  fields: Readonly<Record<string, string>> = {},
) {
  const draft: Draft = {
    contentType: 'application/x-www-form-urlencoded',
    form: { grant_type: 'client_credentials', client_assertion_type: assertionType, ...fields },
    header: { ...goodHeader },
    claims: { ...assertionClaims(ground) },
    key: testKey(0),
    replayed: false,
    finish: (assertion) => assertion,
  };
  for (const { apply } of applied) apply(draft, ground);
  if (draft.replayed)
    await openAssertionUses(ground.platform.store, 'uat /oauth2').burn(
      String(draft.claims.iss),
      String(draft.claims.jti),
      ground.clock.time + 600_000,
    );
  const assertion = draft.finish(jws(draft.header, draft.claims, draft.key));
  return postToken(
    ground,
    { ...draft.form, client_assertion: assertion },
    { 'content-type': draft.contentType },
  );
}
