/**
 * Client authentication of the SMART face: public with PKCE alone, a secret by HTTP Basic, or a signed assertion, whichever
 * the app is registered for and none beside it (RFC 6749 2.3, SMART App Launch 2.2, client types).
 */
import type { Exchange } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import type { Client } from '../catalogue/catalogue.ts';
import { boundTo, provesByCertificate } from './client-certificate.ts';
import type { Form } from './form.ts';
import { decodeJwt, textOf } from './jwt.ts';
import { noteClient, oauthError } from './oauth-error.ts';
import { authenticateByRfcAssertion, type RfcAssertion } from './rfc-assertion.ts';
import type { SmartParts } from './smart-parts.ts';

export type SmartMethod = Client['registration']['smartAuthentication'] | 'tls_client_auth';

/** The methods as the discovery documents list them. */
export const confidentialMethods = ['client_secret_basic', 'private_key_jwt'] as const;
export const assertionAlgorithms = ['RS384', 'ES384'] as const;

export interface ProvenClient {
  readonly client: Client;
  readonly method: SmartMethod;
  /** What its tokens are bound to (RFC 8705). */
  readonly certificate: string | undefined;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The client that a request proves.
 * @throws Problem 400 `invalid_request` for several methods at once, 401 `invalid_client` for what proves nothing, 429
 *   after too many failures.
 */
export async function authenticateSmartClient(
  parts: SmartParts,
  exchange: Exchange,
  form: Form,
): Promise<ProvenClient> {
  const basic = basicOf(exchange);
  const claimed = basic?.id ?? claimedIn(form);
  // What is no client id of ours may be anything, a secret too: it is not written down.
  if (parts.catalogue.client(claimed)) noteClient(exchange, claimed);
  refuseTwoMethods(form, basic);
  try {
    const proven = await prove(parts, form, basic);
    const { app } = proven.client;
    const certificate = boundTo(exchange, form, proven.client, parts.ownerOfCertificate);
    noteClient(exchange, app.id, app.name);
    return { ...proven, certificate };
  } catch (error) {
    parts.limiter.failedIfUnproven(exchange, claimed, error);
    throw error;
  }
}

/** Counts a call that makes or ends tokens. @throws Problem 429 above the limit. */
export function countCall(
  { limiter }: SmartParts,
  { peer }: Exchange,
  { client, method }: ProvenClient,
): void {
  const { clientId } = client.registration;
  // Anybody can name a public client: one must not use up what another may ask.
  limiter.checkClient(method === 'none' ? `${clientId} ${peer.address}` : clientId);
}

/** For counting failures by client: who shares an address with others does not wait for what they do. Proves nothing. */
function claimedIn(form: Form): string {
  const named = form.get('client_id');
  const assertion = form.get('client_assertion');
  if (named !== undefined || assertion === undefined) return named ?? '';
  const jwt = decodeJwt(assertion);
  return 'fault' in jwt ? '' : (textOf(jwt.claims, 'iss') ?? '');
}

interface Basic {
  readonly id: string;
  readonly secret: string;
}

async function prove(
  parts: SmartParts,
  form: Form,
  basic: Basic | undefined,
): Promise<Omit<ProvenClient, 'certificate'>> {
  if (basic) return { client: bySecret(parts, form, basic), method: 'client_secret_basic' };
  if (form.has('client_assertion') || form.has('client_assertion_type'))
    return { client: await byAssertion(parts, form), method: 'private_key_jwt' };
  // Its certificate is judged with those of all others, by the caller of this.
  const alone = known(parts, form.get('client_id') ?? '');
  if (provesByCertificate(alone) && !form.has('client_secret'))
    return { client: approved(alone, basicNot), method: 'tls_client_auth' };
  return { client: byNameAlone(parts, form), method: 'none' };
}

function refuseTwoMethods(form: Form, basic: Basic | undefined): void {
  const given = [
    basic !== undefined,
    form.has('client_secret'),
    form.has('client_assertion') || form.has('client_assertion_type'),
  ].filter(Boolean);
  if (given.length > 1)
    throw oauthError(
      400,
      'invalid_request',
      'use one way to authenticate the client, not several',
      {
        rule: 'one authentication',
      },
    );
}

// ---- the three ways ----

function byNameAlone(parts: SmartParts, form: Form): Client {
  if (form.has('client_secret'))
    throw unproven('a secret in the form is not accepted here: use HTTP Basic', 'method', basicNot);
  const client = known(parts, form.get('client_id') ?? '');
  if (client?.registration.smartAuthentication !== 'none')
    throw unproven(
      'the client is not known, or has to authenticate and did not',
      client ? 'authentication there' : 'client_id',
      basicNot,
    );
  return approved(client, basicNot);
}

function bySecret(parts: SmartParts, form: Form, { id, secret }: Basic): Client {
  const { secrets, now } = parts;
  const found = known(parts, id);
  const registered =
    found?.registration.smartAuthentication === 'client_secret_basic' ? found : undefined;
  // Also for an unknown client, so that both take the same time.
  const right = secrets.matches(secret, registered?.registration.secrets ?? [], now());
  if (!registered || !right)
    throw unproven(
      'the client id or the secret is wrong, or the client is registered for another method',
      !found ? 'client_id' : registered ? 'client_secret' : 'method',
      basicUsed,
    );
  if ((form.get('client_id') ?? id) !== id) throw twoClients();
  return approved(registered, basicUsed);
}

async function byAssertion(parts: SmartParts, form: Form): Promise<Client> {
  const text = form.get('client_assertion');
  if (form.get('client_assertion_type') !== assertionType || text === undefined)
    throw oauthError(
      400,
      'invalid_request',
      `client_assertion needs client_assertion_type ${assertionType}`,
      { rule: 'client_assertion_type' },
    );
  const client = await authenticateByRfcAssertion(smartAssertion(parts, text));
  const { clientId } = client.registration;
  if ((form.get('client_id') ?? clientId) !== clientId) throw twoClients();
  return approved(client, basicNot);
}

/** An assertion as the SMART face judges it; also what the doctor judges by. */
export function smartAssertion(
  parts: Pick<SmartParts, 'audiences' | 'replay' | 'now' | 'keySets' | 'catalogue' | 'environment'>,
  text: string,
): RfcAssertion<Client> {
  return {
    text,
    algorithms: assertionAlgorithms,
    audiences: parts.audiences(),
    replay: parts.replay,
    now: parts.now,
    find: (id) => {
      const found = known(parts, id);
      return found?.registration.smartAuthentication === 'private_key_jwt' ? found : undefined;
    },
    keysOf: (found, kid) => parts.keySets.keysOf(found, kid),
    keySetUrl: ({ registration: { keys } }) => (keys?.kind === 'url' ? keys.url : undefined),
  };
}

// ---- steps ----

function known(
  { catalogue, environment }: Pick<SmartParts, 'catalogue' | 'environment'>,
  id: string,
): Client | undefined {
  const client = catalogue.client(id);
  return client?.environment === environment ? client : undefined;
}

function approved(client: Client, headers: Challenge): Client {
  if (client.registration.state !== 'approved')
    throw unproven('the app is not approved', 'app approved', headers);
  return client;
}

type Challenge = Readonly<Record<string, string>>;
const basicUsed: Challenge = { 'www-authenticate': 'Basic realm="smart"' };
const basicNot: Challenge = {};

function unproven(description: string, rule: string, headers: Challenge): Problem {
  return oauthError(401, 'invalid_client', description, { rule }, headers);
}

function twoClients(): Problem {
  return oauthError(400, 'invalid_request', 'client_id is not the client that authenticates', {
    rule: 'client_id',
  });
}

/**
 * Id and secret of HTTP Basic, each form-encoded before base64 (RFC 6749 2.3.1); undefined without the field.
 * @throws Problem 400 for two such fields, 401 for another scheme or what cannot be read.
 */
function basicOf({ headers, rawHeaders }: Exchange): Basic | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === 'authorization').length > 1)
    throw oauthError(400, 'invalid_request', 'there must be one Authorization field', {
      rule: 'one authentication',
    });
  const malformed = unproven('the Authorization field is not HTTP Basic', 'basic', basicUsed);
  if (authorization.length > 2048) throw malformed;
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization)?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const id = decode(text.slice(0, Math.max(colon, 0)));
  const secret = decode(text.slice(colon + 1));
  if (colon < 1 || id === undefined || secret === undefined) throw malformed;
  return { id, secret };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
