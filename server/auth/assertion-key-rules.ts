/**
 * The rules of a client assertion that need the catalogue: whose it is, with which key it is signed, for whom it is meant,
 * and whether the app may have tokens. Each with its published text; their order is in client-assertion.ts.
 */
import type { Client } from '../catalogue/catalogue.ts';
import {
  algorithm,
  fail,
  inAssertion,
  notApproved,
  pass,
  refuse,
  type AssertionRule,
  type AssertionState,
} from './assertion-terms.ts';
import { textOf } from './jwt.ts';
import { KeysUnavailable } from './key-sets.ts';
import { shownValue } from './rules.ts';
import { isSignedBy, selectKey } from './signature.ts';

export const clientKnown: AssertionRule = {
  name: 'client',
  says: 'The client id belongs to an app of this environment.',
  async judge(state) {
    const id = state.jwt && textOf(state.jwt.claims, 'iss');
    if (id === undefined) return undefined;
    const client = state.parts.catalogue.client(id);
    if (client?.environment === state.environment) {
      state.client = client;
      return { ok: true, found: () => client.app.name };
    }
    return fail(
      `a client id of environment ${state.environment}`,
      client && (await provesPossession(state, client))
        ? `a client id of environment ${client.environment}`
        : id,
      refuse(401, `Invalid 'iss'/'sub' claims ${inAssertion}`),
    );
  },
};

/** Only whoever holds the key is told in which other environment a client id is known. */
async function provesPossession({ jwt, parts }: AssertionState, client: Client): Promise<boolean> {
  const named = jwt && textOf(jwt.header, 'kid');
  if (!jwt || named === undefined) return false;
  try {
    const key = selectKey(await parts.keySets.keysOf(client, named), named, algorithm);
    return key !== undefined && isSignedBy(jwt, key, algorithm);
  } catch {
    return false;
  }
}

export const keysThere: AssertionRule = {
  name: 'key registered',
  says: 'A public key, or the address of a key set, is registered for the app.',
  judge: ({ client }) =>
    client &&
    (client.registration.keys
      ? pass
      : fail(
          'a registered key',
          undefined,
          refuse(
            403,
            'You need to register a public key to use this authentication method - please contact support to configure',
            'public_key error',
          ),
          'gatehouse app keys <app> <environment> --file jwks.json',
        )),
};

export const keysReached: AssertionRule = {
  name: 'key set reached',
  says: 'The registered key set can be read.',
  async judge(state) {
    const { client, jwt, parts } = state;
    const named = jwt && textOf(jwt.header, 'kid');
    if (!client?.registration.keys || named === undefined) return undefined;
    try {
      state.keys = await parts.keySets.keysOf(client, named);
      return pass;
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error;
      return fail(
        'a JSON Web Key Set',
        error.message,
        refuse(
          403,
          "The JWKS endpoint, for your client_assertion can't be reached",
          'public_key error',
        ),
      );
    }
  },
};

export const kidFound: AssertionRule = {
  name: 'kid found',
  says: 'Exactly one registered RSA key has this `kid`.',
  judge(state) {
    const named = state.jwt && textOf(state.jwt.header, 'kid');
    if (named === undefined || !state.keys) return undefined;
    const key = selectKey(state.keys, named, algorithm);
    if (key) {
      state.key = key;
      return { ok: true, found: () => shownValue(named) };
    }
    return fail(
      `one of: ${state.keys.map((one) => one.kid).join(', ')}`,
      named,
      refuse(401, `Invalid 'kid' header ${inAssertion} - no matching public key`),
      state.keys[0]?.kid,
    );
  },
};

export const signature: AssertionRule = {
  name: 'signature',
  says: 'The signature is that of the registered key.',
  judge: ({ jwt, key }) =>
    jwt &&
    key &&
    (isSignedBy(jwt, key, algorithm)
      ? pass
      : fail(
          `a signature by the key ${key.kid}`,
          'another signature: the private key belongs to another public key, or the content was changed',
          refuse(401, 'JWT signature verification failed', 'public_key error'),
        )),
};

export const audience: AssertionRule = {
  name: 'aud',
  says: 'The claim `aud` is exactly the address of the token endpoint that the assertion is sent to.',
  judge({ jwt, audiences }) {
    if (!jwt) return undefined;
    const { aud } = jwt.claims;
    const given = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud;
    return typeof given === 'string' && audiences.includes(given)
      ? pass
      : fail(
          audiences[0] ?? '',
          aud,
          refuse(401, `Missing or invalid 'aud' claim ${inAssertion}`),
          audiences[0],
        );
  },
};

export const approved: AssertionRule = {
  name: 'app approved',
  says: 'The app is approved in this environment.',
  judge: ({ client }) =>
    client &&
    (client.registration.state === 'approved'
      ? pass
      : fail('approved', client.registration.state, notApproved)),
};
