/**
 * Joins the authorisation server: catalogue, keys, tokens, identity providers and the faces in each environment. The part
 * of the composition root that knows them all; platform.ts mounts what is made here.
 */
import { join } from 'node:path';
import { audited } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Exchange } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import type { TokenFacts } from '../fhir/pds/access-modes.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { openAssertionUses, type AssertionUses } from './auth/assertion-uses.ts';
import type { OwnerOfCertificate } from './auth/client-certificate.ts';
import { createCookies } from './auth/cookies.ts';
import { nodeOAuthEngine } from './auth/engine.ts';
import {
  familyCollection,
  openFamilies,
  type Face,
  type Families,
  type Family,
} from './auth/families.ts';
import { codeCollection, createGrants, exchangeCollection, type Grants } from './auth/grants.ts';
import { createKeySets, type KeySets } from './auth/key-sets.ts';
import { createLimiter, type Limiter } from './auth/limiter.ts';
import { logoutCollection, openLogouts, type Logouts } from './auth/logouts.ts';
import { nhsFace } from './auth/nhs-face.ts';
import { nhsSignInCollection } from './auth/nhs-authorize.ts';
import type { EdgeOptions, Refusal } from './auth/oauth-error.ts';
import { openOneTimes } from './auth/one-time.ts';
import { createProviderKeys, type ProviderKeys } from './auth/provider-keys.ts';
import type { IdentityProvider, NhsFace } from './auth/providers.ts';
import { createRefusals, type Refusals } from './auth/refusals.ts';
import { createRelyingParty, type RelyingParty } from './auth/relying-party.ts';
import { openReplay, replayCollection } from './auth/replay.ts';
import { createSealer, type Sealer } from './auth/sealing.ts';
import type { SubjectParts } from './auth/subject-token.ts';
import { smartCollections } from './auth/smart-parts.ts';
import { sweep } from './auth/sweeping.ts';
import type { PublicJwk } from './catalogue/apps.ts';
import type { BurntKeys } from './catalogue/burnt-keys.ts';
import { openCatalogue, type Catalogue, type Client } from './catalogue/catalogue.ts';
import { environments, toEnvironment, type Environment } from './catalogue/environments.ts';
import { createSecrets, type Secrets } from './catalogue/secrets.ts';
import type { Config } from './config.ts';
import type { Mount } from './mount-table.ts';
import type { JudgedToken } from './gateway/judged-token.ts';
import { randomKey, readOrMake } from './key-files.ts';
import type { Outgoing } from './outgoing.ts';
import type { Peers } from './process-role.ts';
import { callProvider, readProvider } from './provider-calls.ts';
import type { ServedStore } from './store/served.ts';
import { newSecret } from './auth/tokens.ts';

export interface AuthorisationOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly version: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly outgoing: Outgoing;
  /** Where this server is reached from its own machine, once it listens. */
  readonly own: () => string;
  /** All providers; which serve what, each entry says. */
  readonly providers: () => readonly IdentityProvider[];
  readonly check: () => Promise<void>;
  /** Keys client secrets are hashed with. */
  readonly pepper: Buffer;
  readonly checkKeySet: (value: unknown) => readonly PublicJwk[];
  readonly burnt: BurntKeys;
  /** The other processes that serve. */
  readonly peers: Peers;
  /** Whose a client certificate is. */
  readonly ownerOfCertificate: OwnerOfCertificate;
  /** The addresses for mutual TLS of an environment; undefined where nothing listens. */
  readonly tlsAddresses: (environment: Environment) => Addresses | undefined;
}

/** What an assertion and an id_token are judged by at one token endpoint. */
export interface NhsGround {
  readonly audiences: readonly string[];
  readonly uses: AssertionUses;
  readonly subject: SubjectParts;
}

export interface Authorisation {
  readonly catalogue: Catalogue;
  readonly secrets: Secrets;
  readonly families: Families;
  readonly grants: Grants;
  readonly logouts: Logouts;
  readonly keySets: KeySets;
  readonly providerKeys: ProviderKeys;
  readonly relyingParty: RelyingParty;
  readonly refusals: Refusals;
  readonly limiter: Limiter;
  readonly sealer: Sealer;
  /** All identity providers; which serve what, each entry says. */
  readonly providers: () => readonly IdentityProvider[];
  readonly mounts: readonly Mount[];
  readonly ownerOfCertificate: OwnerOfCertificate;
  readonly tlsAddresses: AuthorisationOptions['tlsAddresses'];
  /** What a token endpoint of the NHS face judges by; undefined where that face is not served. */
  nhsGround(environment: Environment, face: NhsFace): NhsGround | undefined;
  /** Judges the tokens of a face, for the policies in front of APIs. */
  judge(face: Face): (token: string, environment: string) => Promise<JudgedToken<TokenFacts>>;
  /** Removes what has ended; says how many documents that were. */
  sweep(): Promise<number>;
  close(): void;
}

export async function openAuthorisation(options: AuthorisationOptions): Promise<Authorisation> {
  const { store, clock, config, log, outgoing } = options;
  const now = () => clock.now();
  const keys = join(options.dataDir, 'keys');
  const catalogue = await openCatalogue(store);
  const families = openFamilies(store, now);
  const codes = openOneTimes(store, codeCollection, now);
  const logouts = openLogouts(store, now);
  const fetchProvider = callProvider(() => options.addresses.root, options.own);
  const parts: Parts = {
    ...options,
    catalogue,
    families,
    codes,
    logouts,
    secrets: createSecrets(options.pepper),
    sealer: createSealer([randomKey(join(keys, 'sealing.key'))]),
    grants: createGrants({ engine: nodeOAuthEngine, families, codes, logouts, store, now }),
    keySets: createKeySets({
      fetch: (url, who) => outgoing.getJson(url, who),
      check: options.checkKeySet,
      burnt: options.burnt,
      clock,
    }),
    providerKeys: createProviderKeys((url) => readProvider(fetchProvider, url), now),
    relyingParty: createRelyingParty(fetchProvider),
    refusals: createRefusals({
      known: (id) => catalogue.client(id) !== undefined || catalogue.app(id) !== undefined,
      elsewhere: async (messageId) => {
        const found = await options.peers.gather('refusal', messageId);
        return found[0] as Refusal | undefined; // the answer below, of another process
      },
    }),
    limiter: createLimiter({
      callsPerMinute: config.tokenRequests,
      failuresPerMinute: config.failedAttempts,
      now,
      others: {
        tell: (counted) => {
          options.peers.tell('limiter', counted);
        },
        hear: (fn) => {
          // only a limiter of another process tells under this name
          options.peers.hear('limiter', (counted) => {
            fn(counted as readonly [string, string]);
          });
        },
      },
      alert: (about) => {
        log.log('warn', 'somebody keeps failing to prove a client', about);
      },
    }),
    signIns: openOneTimes(store, nhsSignInCollection, now),
    statusKey: readOrMake(join(keys, 'status-api.key'), newSecret),
    now,
  };
  options.peers.answer('refusal', (messageId) => parts.refusals.find(String(messageId)));
  return {
    ...parts,
    mounts: environments.flatMap((environment) =>
      facesOf(environment, options).map((face) => nhsMount(parts, environment, face)),
    ),
    nhsGround: (environment, face) =>
      facesOf(environment, options).includes(face)
        ? nhsGround(parts, environment, face)
        : undefined,
    judge: (face) => judgeFor(parts, face),
    sweep: () => sweep(store, swept, clock.now()),
    close: () => {
      catalogue.close();
    },
  };
}

// each has the index `end`; what else they hold does not matter to the sweeper
const swept = [
  familyCollection,
  codeCollection,
  exchangeCollection,
  replayCollection,
  nhsSignInCollection,
  logoutCollection,
  ...smartCollections,
] as unknown as Parameters<typeof sweep>[1];

type Parts = AuthorisationOptions &
  Omit<Authorisation, 'mounts' | 'nhsGround' | 'judge' | 'sweep' | 'close'> & {
    readonly codes: ReturnType<typeof openOneTimes<import('./auth/grants.ts').CodeGrant>>;
    readonly signIns: ReturnType<typeof openOneTimes<import('./auth/nhs-authorize.ts').NhsSignIn>>;
    readonly statusKey: string;
    readonly now: () => number;
  };

/** `/oauth2-mock` is there where somebody is simulated. */
function facesOf(
  environment: Environment,
  { providers }: AuthorisationOptions,
): readonly NhsFace[] {
  const mock = providers().some(
    (one) => one.faces.includes('/oauth2-mock') && one.environments.includes(environment),
  );
  return mock ? ['/oauth2', '/oauth2-mock'] : ['/oauth2'];
}

function nhsMount(parts: Parts, environment: Environment, face: NhsFace): Mount {
  const { addresses, clock, now, store, journal } = parts;
  const { uses, subject } = nhsGround(parts, environment, face);
  const { providers } = subject;
  const base = ({ addressed }: Exchange) => addresses.as(addressed, face);
  const edge: EdgeOptions = {
    face,
    now,
    newId: () => clock.newId(),
    record: (refusal) => {
      parts.refusals.keep(refusal);
    },
    withMessageId: true,
  };
  const handler = nhsFace({
    edge,
    audited: audited(journal, 'authorisation', now),
    version: parts.version,
    check: parts.check,
    statusKey: parts.statusKey,
    token: {
      ...parts,
      environment,
      audiences: () => tokenAudiences(parts, environment, face),
      uses,
      subject,
    },
    tlsBase: ({ addressed }) => parts.tlsAddresses(environment)?.as(addressed, face),
    authorize: {
      ...parts,
      environment,
      face,
      base,
      providers,
      cookies: createCookies(() => addresses.root.startsWith('https:')),
    },
    userinfo: { ...parts, environment, providers },
    logout: { ...parts, providers, keys: parts.providerKeys, replay: openReplay(store, 'logout') },
  });
  return { environment, base: face, api: 'authorisation', handler };
}

/** All addresses of a token endpoint, those for mutual TLS too. */
function tokenAudiences(
  { addresses, tlsAddresses }: Pick<Parts, 'addresses' | 'tlsAddresses'>,
  environment: Environment,
  face: NhsFace,
): readonly string[] {
  const path = `${face}/token`;
  const all = addresses.all(environment, path);
  const tls = tlsAddresses(environment)?.all(environment, path);
  return tls ? [...all, ...tls] : all;
}

function nhsGround(parts: Parts, environment: Environment, face: NhsFace): NhsGround {
  const { store, now, providerKeys } = parts;
  const providers = () =>
    parts
      .providers()
      .filter((one) => one.faces.includes(face) && one.environments.includes(environment));
  return {
    audiences: tokenAudiences(parts, environment, face),
    uses: openAssertionUses(store, `${environment} ${face}`),
    subject: { providers, keys: providerKeys, audiences: audiencesAt, now },
  };
}

/** A simulated provider knows each app by its own client id beside those it registered. */
function audiencesAt({ registration }: Client, provider: IdentityProvider): readonly string[] {
  const registered = registration.providerClients
    .filter((one) => one.provider === provider.kind)
    .map(({ clientId }) => clientId);
  return provider.simulated ? [...registered, registration.clientId] : registered;
}

/** What a token is for one face: live, of the environment it is used in, of an app that may still call. */
function judgeFor(
  { families, catalogue }: Pick<Parts, 'families' | 'catalogue'>,
  face: Face,
): (token: string, environment: string) => Promise<JudgedToken<TokenFacts>> {
  const made = new WeakMap<Family, Made>();
  return async (token, environment) => {
    const judged = await families.judge(token);
    if (judged.state !== 'live') return judged;
    const { family, token: live } = judged;
    const client = catalogue.client(family.clientId);
    const place = toEnvironment(environment);
    if (
      family.face !== face ||
      family.environment !== place ||
      client?.registration.state !== 'approved'
    )
      return { state: 'revoked' };
    const given = catalogue.scopes(family.appId, family.environment);
    const known = made.get(family);
    if (known?.client === client && known.given === given && known.scopes === live.scopes)
      return known;
    const { certificate } = family;
    const facts = toFacts(
      client,
      family,
      (live.scopes ?? family.scopes).filter((scope) => given.has(scope)),
    );
    const fresh: Made = { state: 'live', facts, certificate, client, given, scopes: live.scopes };
    made.set(family, fresh);
    return fresh;
  };
}

/** Facts made once per token, for as long as app and subscriptions stay as they are. */
interface Made {
  readonly state: 'live';
  readonly facts: TokenFacts;
  readonly certificate: string | undefined;
  readonly client: Client;
  readonly given: ReadonlySet<string>;
  readonly scopes: readonly string[] | undefined;
}

function toFacts(
  { app, registration }: Client,
  { user }: Family,
  scopes: readonly string[],
): TokenFacts {
  const { asid, attributes } = registration;
  return {
    appId: app.id,
    appName: app.name,
    scopes,
    attributes,
    ...(asid === undefined ? {} : { asid }),
    ...(user
      ? {
          userId: user.actor ?? user.nhsNumber ?? user.subject,
          signIn: {
            provider: user.provider,
            issuer: user.issuer,
            level: user.level,
            ...(user.roles ? { roles: user.roles } : {}),
            ...(user.selectedRole === undefined ? {} : { selectedRole: user.selectedRole }),
          },
          ...(user.nhsNumber === undefined ? {} : { nhsNumber: user.nhsNumber }),
          ...(user.vot === undefined ? {} : { vot: user.vot }),
        }
      : {}),
  };
}
