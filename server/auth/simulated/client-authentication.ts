/**
 * Who calls the token endpoint: a secret in the form or in Basic, or a signed assertion (RFC 6749 2.3, RFC 7523).
 * Exactly one of them. An assertion's id is written down only once the signature is good, and works once.
 */
import type { Exchange } from '../../../core/exchange.ts';
import type { Form } from '../form.ts';
import { decodeJwt, textOf, type DecodedJwt } from '../jwt.ts';
import { oauthError } from '../oauth-error.ts';
import { isSignedBy, selectKey } from '../signature.ts';
import { assertionAlgorithms } from './kinds.ts';
import { paths, type SimulatedClient } from './options.ts';
import { wins } from './keeping.ts';
import { digest } from '../tokens.ts';
import type { Provider } from './state.ts';

const bearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Seconds: how far ahead an assertion may end, and how far clocks may differ. */
const longest = 3600;
const allowance = 10;

/** The client, proved. @throws the errors of RFC 6749 5.2. */
export async function authenticateClient(
  provider: Provider,
  exchange: Exchange,
  form: Form,
): Promise<SimulatedClient> {
  const basic = basicIn(exchange);
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const given = [basic, secret, assertion].filter((each) => each !== undefined).length;
  if (given > 1)
    throw oauthError(400, 'invalid_request', 'Only one way of authentication may be used');
  if (assertion !== undefined) return byAssertion(provider, form, assertion);
  if (basic !== undefined) {
    if ((form.get('client_id') ?? basic.clientId) !== basic.clientId)
      throw oauthError(400, 'invalid_request', 'client_id is not that of the Authorization header');
    return bySecret(provider, basic.clientId, basic.secret);
  }
  const clientId = form.get('client_id');
  if (clientId === undefined) throw refused('client_id is missing');
  if (secret === undefined) throw refused('client_secret or client_assertion is missing');
  return bySecret(provider, clientId, secret);
}

function bySecret({ clients }: Provider, clientId: string, secret: string): SimulatedClient {
  const client = clients(clientId);
  if (!client?.secretMatches(secret)) throw refused('client_id or client_secret is invalid');
  return client;
}

async function byAssertion(
  provider: Provider,
  form: Form,
  assertion: string,
): Promise<SimulatedClient> {
  if (form.get('client_assertion_type') !== bearer)
    throw oauthError(400, 'invalid_request', `client_assertion_type must be ${bearer}`);
  const jwt = decodeJwt(assertion);
  if ('fault' in jwt) throw refused(`client_assertion is malformed: ${jwt.fault}`);
  const clientId = textOf(jwt.claims, 'sub');
  if (clientId === undefined || textOf(jwt.claims, 'iss') !== clientId)
    throw refused('iss and sub of client_assertion must both be the client id');
  if ((form.get('client_id') ?? clientId) !== clientId)
    throw oauthError(400, 'invalid_request', 'client_id is not that of client_assertion');
  const client = provider.clients(clientId);
  if (!client) throw refused('client_assertion is of an unknown client');
  await checkSignature(provider, client, jwt);
  await checkClaims(provider, clientId, jwt);
  return client;
}

async function checkSignature(
  { kind }: Provider,
  client: SimulatedClient,
  jwt: DecodedJwt,
): Promise<void> {
  const algorithms = assertionAlgorithms(kind);
  const algorithm = algorithms.find((each) => each === textOf(jwt.header, 'alg'));
  if (!algorithm) throw refused(`alg of client_assertion must be ${algorithms.join(' or ')}`);
  const kid = textOf(jwt.header, 'kid');
  const keys = await client.keys();
  // With one key there is nothing to choose, and stock clients then leave `kid` out.
  const [only, ...others] = keys;
  const key =
    kid === undefined && others.length === 0 ? only : selectKey(keys, kid ?? '', algorithm);
  if (key?.kty !== 'RSA') throw refused('client_assertion names no registered key');
  if (!isSignedBy(jwt, key, algorithm)) throw refused('the signature of client_assertion is wrong');
}

async function checkClaims(
  { kind, issuer, clock, state }: Provider,
  clientId: string,
  { claims }: DecodedJwt,
): Promise<void> {
  const tokenUrl = issuer() + paths.token;
  const audiences = kind === 'nhs-cis2' ? [tokenUrl, issuer()] : [tokenUrl];
  const audience: unknown =
    Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud;
  if (!audiences.some((each) => each === audience))
    throw refused(`aud of client_assertion must be ${tokenUrl}`);
  const now = clock.now() / 1000;
  const { exp, nbf, iat } = claims;
  if (typeof exp !== 'number' || exp <= now - allowance || exp > now + longest + allowance)
    throw refused('exp of client_assertion must lie within the next hour');
  for (const from of [nbf, iat])
    if (from !== undefined && (typeof from !== 'number' || from > now + allowance))
      throw refused('client_assertion is not valid yet');
  const jti = textOf(claims, 'jti');
  if (jti === undefined || jti === '') throw refused('jti of client_assertion is missing');
  const key = digest(JSON.stringify([issuer(), clientId, jti]));
  const used = { issuer: issuer(), ends: (exp + 60) * 1000 };
  if (!(await wins(state.assertions.put(key, used, { expected: 0 }))))
    throw refused('jti of client_assertion has been used before');
}

/** User and password of Basic, each form-encoded within (RFC 6749 2.3.1). */
function basicIn({ headers }: Exchange): { clientId: string; secret: string } | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const value = /^Basic ([A-Za-z0-9+/=]{1,2000})$/i.exec(authorization)?.[1];
  const text = value === undefined ? '' : Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw refused('The Authorization header is not Basic with a client id and secret');
  try {
    return { clientId: unescape(text.slice(0, colon)), secret: unescape(text.slice(colon + 1)) };
  } catch {
    throw refused('The Authorization header is not form-encoded within');
  }
}

function unescape(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function refused(description: string) {
  return oauthError(401, 'invalid_client', description, undefined, {
    'www-authenticate': 'Basic realm="simulated"',
  });
}
