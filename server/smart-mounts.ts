/**
 * SMART on FHIR where it runs: the FHIR base `/fhir/R4` over the same patients as the PDS API, the authorisation server's
 * SMART face at `/smart`, and its RFC 8414 document. NHS tokens are refused here, as SMART tokens are at the PDS API.
 */
import { join } from 'node:path';
import { audited } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import {
  assemble,
  type Addressed,
  type Exchange,
  type Handler,
  type Policy,
} from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes } from '../core/routes.ts';
import type { createBodyChecks } from '../fhir/pds/body-checks.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import { smartApi } from '../fhir/smart/api.ts';
import { namesAskedPerson, openPaths, smartCors, smartIds } from '../fhir/smart/front-policies.ts';
import { smartOutcomes } from '../fhir/smart/outcomes.ts';
import type { Store } from '../core/store.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { createCookies } from './auth/cookies.ts';
import { codeCollection } from './auth/grants.ts';
import { openOneTimes } from './auth/one-time.ts';
import { openReplay } from './auth/replay.ts';
import { createSigningKeys, type SigningKeys } from './auth/signing-keys.ts';
import { registeredOrigins } from './auth/smart-cors.ts';
import { documentReply, serverMetadata, smartConfiguration } from './auth/smart-discovery.ts';
import { discoveryFacts, smartFace } from './auth/smart-face.ts';
import { createSmartJudge } from './auth/smart-judge.ts';
import {
  ehrLaunchCollection,
  ehrSessionCollection,
  smartStepCollection,
  type SmartParts,
} from './auth/smart-parts.ts';
import type { Authorisation } from './authorisation.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { Mount } from './mount-table.ts';
import { accessToken } from './gateway/policies/access-token.ts';
import { newRsaKey, readSecretFile, writeSecretFile } from './key-files.ts';
import { integrationWorkspace } from './pds-proxies.ts';
import { inActingRole, patientFinder, refusedSmartCaller, smartCaller } from './smart-callers.ts';
import type { ServedStore } from './store/served.ts';
import { inWorkspace, sharedWorkspace, type Workspaces } from './workspaces.ts';

export const smartFhirBase = '/fhir/R4';
const face = '/smart';
const metadataBase = '/.well-known/oauth-authorization-server';

export interface SmartMountOptions {
  readonly root: string;
  readonly dataDir: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly authorisation: Authorisation;
  readonly checks: ReturnType<typeof createBodyChecks>;
  readonly version: string;
  /** The environment of an address that names none. */
  readonly standard: Environment;
  /** The records, the same as PDS shows. */
  readonly patients: Patients;
}

/** Where SMART runs, and in which view of the data. */
const smartIn: Readonly<Partial<Record<Environment, string>>> = {
  sandbox: sharedWorkspace,
  uat: integrationWorkspace,
};

export function smartMounts(options: SmartMountOptions): readonly Mount[] {
  const { clock, dataDir } = options;
  const { patients } = options;
  const signingKeys = createSigningKeys({
    dir: join(dataDir, 'keys', 'signing'),
    files: { readSecretFile, writeSecretFile, newRsaKey: () => newRsaKey() },
    now: () => clock.now(),
  });
  const places = Object.entries(smartIn).flatMap(([name, workspace]) => {
    const environment = toEnvironment(name);
    return environment ? [{ environment, workspace }] : [];
  });
  const all = places.map(({ environment, workspace }) =>
    partsIn(options, signingKeys, environment, patientFinder(patients, workspace)),
  );
  return [
    ...all.map((parts) => faceMount(options, parts)),
    ...all.map((parts) => fhirMount(options, parts, patients)),
    ...metadataMounts(options, all),
  ];
}

function partsIn(
  { authorisation, addresses, store, clock }: SmartMountOptions,
  signingKeys: SigningKeys,
  environment: Environment,
  findPatients: SmartParts['findPatients'],
): SmartParts {
  const now = () => clock.now();
  return {
    ...authorisation,
    ...{ environment, signingKeys, findPatients, now },
    base: ({ addressed }) => addresses.as(addressed, face),
    fhirBase: ({ addressed }) => addresses.as(addressed, smartFhirBase),
    fhirBases: () => addresses.all(environment, smartFhirBase),
    tlsBase: (addressed) => authorisation.tlsAddresses(environment)?.as(addressed, face),
    ...smartAssertions(addresses, store, environment, authorisation.tlsAddresses(environment)),
    codes: openOneTimes(store, codeCollection, now),
    steps: openOneTimes(store, smartStepCollection, now),
    sessions: openOneTimes(store, ehrSessionCollection, now),
    launches: openOneTimes(store, ehrLaunchCollection, now),
    providers: () =>
      authorisation
        .providers()
        .filter((one) => one.faces.includes('/oauth2') && one.environments.includes(environment)),
    cookies: createCookies(() => addresses.root.startsWith('https:')),
    newId: () => clock.newId(),
  };
}

/** Whether SMART runs in an environment. */
export function smartRunsIn(environment: Environment): boolean {
  return smartIn[environment] !== undefined;
}

/** What assertions at its token endpoint are for, and the memory of them. */
export function smartAssertions(
  addresses: Addresses,
  store: Store,
  environment: Environment,
  tls?: Addresses,
) {
  return {
    audiences: () => [
      ...addresses.all(environment, `${face}/token`),
      ...(tls?.all(environment, `${face}/token`) ?? []),
      ...addresses.all(environment, face),
    ],
    replay: openReplay(store, `${environment} ${face}`),
  };
}

// ---- the authorisation server ----

function faceMount({ authorisation, journal, clock }: SmartMountOptions, parts: SmartParts): Mount {
  const now = () => clock.now();
  const handler = smartFace({
    parts,
    audited: audited(journal, 'authorisation', now),
    edge: {
      ...{ face, now, withMessageId: false },
      newId: () => clock.newId(),
      record: (refusal) => {
        authorisation.refusals.keep(refusal);
      },
    },
  });
  return { environment: parts.environment, base: face, api: 'authorisation', handler };
}

/**
 * RFC 8414 puts its path between host and issuer: of an issuer `/env/int/smart` the document lies in the environment of
 * addresses that name none.
 */
function metadataMounts(
  { addresses, standard }: SmartMountOptions,
  all: readonly SmartParts[],
): readonly Mount[] {
  const environments = new Set([standard, ...all.map(({ environment }) => environment)]);
  const handler = (own: Environment): Handler =>
    openToAll((exchange) => {
      const found = issuerAt(exchange, own);
      const parts = all.find(({ environment }) => environment === found?.environment);
      if (!found || !parts)
        return Promise.reject(new Problem('not-found', 'There is no such issuer here'));
      const base = addresses.as(found.addressed, face);
      return Promise.resolve(
        documentReply(
          exchange,
          serverMetadata(discoveryFacts(parts, base, parts.tlsBase(found.addressed))),
        ),
      );
    });
  return [...environments].map((environment) => ({
    environment,
    base: metadataBase,
    api: 'authorisation',
    handler: handler(environment),
  }));
}

function issuerAt(
  { path, addressed }: Exchange,
  own: Environment,
): { readonly environment: Environment; readonly addressed: Addressed } | undefined {
  if (path === face) return { environment: own, addressed };
  const name = /^\/env\/([a-z-]{1,40})\/smart$/.exec(path)?.[1];
  const environment = name === undefined ? undefined : toEnvironment(name);
  if (name === undefined || !environment) return undefined;
  return { environment, addressed: { host: '', path: `/env/${name}` } };
}

function openToAll(answer: Handler): Handler {
  const anyone: Policy = (next) => async (exchange) => {
    const reply = await next(exchange);
    return { ...reply, headers: { ...reply.headers, 'access-control-allow-origin': '*' } };
  };
  const readOnly: Handler = (exchange) =>
    exchange.method === 'GET' || exchange.method === 'HEAD'
      ? answer(exchange)
      : Promise.reject(
          new Problem('method-not-allowed', 'This document can be read only', {
            headers: { allow: 'GET, HEAD' },
          }),
        );
  return assemble([anyone, smartOutcomes], readOnly);
}

// ---- the FHIR base ----

function fhirMount(options: SmartMountOptions, parts: SmartParts, patients: Patients): Mount {
  const { journal, clock, addresses } = options;
  const { environment } = parts;
  const now = () => clock.now();
  const isRegistered = registeredOrigins(parts.catalogue, environment);
  const edge = [
    smartCors({ origins: ({ headers }) => isRegistered(headers.origin ?? '') }),
    smartIds(() => clock.newId()),
    smartOutcomes,
  ];
  const api = smartApi({
    ...{ patients, now, version: options.version, date: new Date(now()).toISOString() },
    base: parts.fhirBase,
    endpoints: ({ addressed }) => endpointsAt(addresses.as(addressed, face)),
    newId: () => clock.newId(),
    bodyCheck: options.checks.bodyCheck,
  });
  const open = routes(
    {
      'GET /.well-known/smart-configuration': (x) =>
        Promise.resolve(
          documentReply(
            x,
            smartConfiguration(discoveryFacts(parts, parts.base(x), parts.tlsBase(x.addressed))),
          ),
        ),
    },
    { notFound: api },
  );
  // Documents need no caller and touch no record, so they are not audited; all else is judged.
  const openly = assemble(edge, open);
  const guarded = assemble(
    [
      audited(journal, 'smart-fhir', now),
      namesAskedPerson,
      ...edge,
      tokenPolicy(parts),
      inActingRole,
      workspaceOf(options, environment),
    ],
    api,
  );
  return {
    environment,
    base: smartFhirBase,
    api: 'smart-fhir',
    handler: (exchange) => (openPaths.has(exchange.path) ? openly(exchange) : guarded(exchange)),
  };
}

function tokenPolicy(parts: SmartParts): Policy {
  const judge = createSmartJudge(parts, parts.environment);
  return accessToken({
    realm: 'smart',
    judge: (token) => judge(token),
    toCaller: smartCaller,
    refusedCaller: refusedSmartCaller,
  });
}

/** As at the PDS API of the environment: the sandbox lets callers choose. */
function workspaceOf({ workspaces }: SmartMountOptions, environment: Environment): Policy {
  if (environment === 'sandbox') return inWorkspace(workspaces);
  const workspace = smartIn[environment] ?? '';
  return (next) => (exchange) => {
    exchange.facts.workspace = workspace;
    return next(exchange.with({ workspace }));
  };
}

function endpointsAt(base: string) {
  return {
    authorize: `${base}/authorize`,
    token: `${base}/token`,
    introspect: `${base}/introspect`,
    revoke: `${base}/revoke`,
  };
}
