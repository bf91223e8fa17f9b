/**
 * Joins management: the administration of the catalogue, its API, and the token endpoint at which administrators sign in
 * with a client assertion. Tokens of it are good for nothing else.
 */
import { join } from 'node:path';
import { audited } from '../core/audit.ts';
import { bearerOf } from '../core/bearer.ts';
import type { Clock } from '../core/clock.ts';
import { assemble, type Exchange, type Handler, type Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes } from '../core/routes.ts';
import type { CollectionOf, Stored } from '../core/store.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import type { Authorisation } from './authorisation.ts';
import { FormFault, isForm, readForm, type Form } from './auth/form.ts';
import { decodeJwt, textOf } from './auth/jwt.ts';
import { noStore, noteClient, oauthError, oauthErrors } from './auth/oauth-error.ts';
import { openReplay, type Replay } from './auth/replay.ts';
import { authenticateByRfcAssertion, type RfcAssertion } from './auth/rfc-assertion.ts';
import { toVerifyingKeys } from './auth/signature.ts';
import type { Administration } from './catalogue/administration.ts';
import { managementApi } from './catalogue/api.ts';
import type { Act } from './catalogue/api-call.ts';
import type { Environment } from './catalogue/environments.ts';
import {
  administratorCollection,
  ensureFirstAdministrator,
  managementAddresses,
  parseCredential,
  type Administrator,
} from './catalogue/people.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import { noteUse } from './catalogue/own-credentials.ts';
import type { Actor } from './catalogue/roles.ts';
import type { Mount } from './mount-table.ts';
import { newRsaKey, readSecretFile, replaceSecretFile, writeSecretFile } from './key-files.ts';
import type { ServedStore } from './store/served.ts';

export interface ManagementOptions {
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly addresses: Addresses;
  /** The environment of addresses that name none: management is reached there. */
  readonly standard: Environment;
  readonly authorisation: Authorisation;
  readonly administration: Administration;
  /** Routes of other parts of the platform, and what the document says of them. */
  readonly acts?: Readonly<Record<string, Act>>;
  readonly facts?: Readonly<Record<string, RouteFacts>>;
}

const apiBase = '/management/v1';
const tokenBase = '/management';

/** Seconds. */
const lifetime = 600;

export function managementMounts(options: ManagementOptions): readonly Mount[] {
  const { clock, standard, administration, acts = {}, facts = {} } = options;
  const api = managementApi({
    ...{ administration, acts, facts },
    authenticate: (exchange) => authenticate(options, exchange),
    newId: () => clock.newId(),
  });
  return [
    { environment: standard, base: apiBase, api: 'management', handler: api },
    { environment: standard, base: tokenBase, api: 'management', handler: tokenEndpoint(options) },
  ];
}

/** Makes the first administrator and the file of the credential. */
export async function firstAdministrator(
  store: ServedStore,
  clock: Clock,
  dataDir: string,
  addresses: Addresses,
): Promise<{ readonly made: boolean; readonly file: string }> {
  const file = join(dataDir, 'administrator.json');
  const { made } = await ensureFirstAdministrator({
    store,
    clock,
    file: {
      read: () => readSecretFile(file),
      write: (text) => {
        writeSecretFile(file, text);
      },
    },
    newKeyPair: () => newRsaKey(),
    ...managementAddresses(addresses.root),
  });
  if (!made) refreshAddresses(file, addresses);
  return { made, file };
}

/** The credential's file tells where this server is; that may have changed since it was written. */
function refreshAddresses(file: string, addresses: Addresses): void {
  const text = readSecretFile(file);
  if (text === undefined) return;
  const known = parseCredential(text);
  const { tokenUrl, managementUrl } = managementAddresses(addresses.root);
  if (known.tokenUrl !== tokenUrl || known.managementUrl !== managementUrl)
    replaceSecretFile(file, JSON.stringify({ ...known, tokenUrl, managementUrl }, null, 2));
}

function tokenEndpoint(options: ManagementOptions): Handler {
  const { clock, journal, authorisation } = options;
  const now = () => clock.now();
  const edge = oauthErrors({
    face: tokenBase,
    now,
    newId: () => clock.newId(),
    record: (refusal) => {
      authorisation.refusals.keep(refusal);
    },
    withMessageId: true,
  });
  const replay = managementReplay(options.store);
  const table = routes({ 'POST /token': (x) => token(options, replay, x) });
  return assemble([edge, audited(journal, 'management', now)], table);
}

const administrators: CollectionOf<Administrator> = administratorCollection;

async function token(
  { store, clock, addresses, authorisation, standard }: ManagementOptions,
  replay: Replay,
  exchange: Exchange,
): Promise<Reply> {
  const form = await formOf(exchange);
  const collection = store.open(administrators);
  const claimed = claimedIssuer(form);
  const stored = claimed === undefined ? undefined : await collection.get(claimed);
  try {
    const text = form.get('client_assertion') ?? '';
    const administrator = await authenticateByRfcAssertion(
      administratorAssertion({ addresses, clock, replay }, text, stored),
    );
    noteClient(exchange, administrator.id, administrator.name);
    const issued = await authorisation.grants.forApp(
      {
        face: 'management',
        environment: standard,
        appId: administrator.id,
        clientId: administrator.id,
        grant: 'client_credentials',
        scopes: [administrator.role],
      },
      { access: lifetime * 1000 },
    );
    exchange.facts.commit = issued.commit;
    await noteUse(store, administrator, clock.now());
    return {
      status: 200,
      headers: { ...noStore, 'content-type': 'application/json' },
      body: JSON.stringify({
        access_token: issued.accessToken,
        token_type: 'Bearer',
        expires_in: lifetime,
      }),
    };
  } catch (error) {
    authorisation.limiter.failedIfUnproven(exchange, claimed ?? '', error);
    throw error;
  }
}

/** An administrator's assertion as this endpoint judges it; also what the doctor judges by. `stored`: whom it names. */
export function administratorAssertion(
  { addresses, clock, replay }: Pick<ManagementOptions, 'addresses' | 'clock'> & { replay: Replay },
  text: string,
  stored: Stored<Administrator> | undefined,
): RfcAssertion<Administrator> {
  return {
    text,
    algorithms: ['RS512', 'RS384', 'ES384'],
    audiences: [managementAddresses(addresses.root).tokenUrl],
    replay,
    now: () => clock.now(),
    find: (id) => (stored?.id === id && stored.value.state === 'active' ? stored.value : undefined),
    keysOf: ({ keys }) => Promise.resolve(toVerifyingKeys(keys)),
    keySetUrl: () => undefined,
  };
}

/** The memory of administrators' assertions. */
export function managementReplay(store: ServedStore): Replay {
  return openReplay(store, 'management');
}

async function formOf(exchange: Exchange): Promise<Form> {
  if (!isForm(exchange)) throw oauthError(400, 'invalid_request', 'the body must be a form');
  try {
    const form = await readForm(exchange);
    if (form.get('grant_type') !== 'client_credentials')
      throw oauthError(400, 'unsupported_grant_type', 'grant_type must be client_credentials');
    if (
      form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    )
      throw oauthError(
        400,
        'invalid_request',
        'client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      );
    return form;
  } catch (error) {
    if (error instanceof FormFault) throw oauthError(400, 'invalid_request', error.message);
    throw error;
  }
}

/** Only to find the record that the assertion is then judged against. */
function claimedIssuer(form: Form): string | undefined {
  const decoded = decodeJwt(form.get('client_assertion') ?? '');
  const iss = 'fault' in decoded ? undefined : textOf(decoded.claims, 'iss');
  return iss !== undefined && /^[A-Za-z0-9_-]{1,100}$/.test(iss) ? iss : undefined;
}

/** The administrator behind a token of this face, as they stand now. */
async function authenticate(
  { store, authorisation }: ManagementOptions,
  exchange: Exchange,
): Promise<Actor> {
  const bearer = bearerOf(exchange);
  if ('fault' in bearer) throw refuse(bearer.fault, !bearer.none);
  const judged = await authorisation.families.judge(bearer.token);
  if (judged.state !== 'live' || judged.family.face !== 'management')
    throw refuse(
      judged.state === 'expired' ? 'Access Token expired' : 'Invalid Access Token',
      true,
    );
  const stored = await store.open(administrators).get(judged.family.clientId);
  if (stored?.value.state !== 'active') throw refuse('Invalid Access Token', true);
  const { id, name, role, organisation } = stored.value;
  noteClient(exchange, id, name);
  return { id, role, organisation };
}

function refuse(message: string, sent: boolean): Problem {
  return new Problem('unauthenticated', message, {
    headers: {
      'www-authenticate': `Bearer realm="management"${sent ? ', error="invalid_token"' : ''}`,
    },
  });
}
