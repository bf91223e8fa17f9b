/**
 * The PDS FHIR API as the platform runs it: a service of this process, the policies that are its own, and its Proxies as
 * data: the sandbox's open lane, where a token is welcome and not needed, and integration (UAT), where it is compulsory.
 * Both are the same handler over the same rules; they differ in the policies in front and in the view of the data.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Caller, Exchange, Handler } from '../core/exchange.ts';
import { routes } from '../core/routes.ts';
import { capabilityStatement } from '../fhir/capability.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import { pdsCaller, refusedCaller, type TokenFacts } from '../fhir/pds/access-modes.ts';
import { openRoutes, pdsApi, type Health } from '../fhir/pds/api.ts';
import type { createBodyChecks } from '../fhir/pds/body-checks.ts';
import { cors, echoIds, namesPerson, syncWait } from '../fhir/pds/front-policies.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import { patientCollection, storedPatients } from '../fhir/pds/stored-patients.ts';
import { allocationNumber } from '../fhir/synthetic/numbers.ts';
import { readPractices } from '../fhir/synthetic/organisations.ts';
import type { Addresses } from './addresses.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { ProxyDefinition } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { ServedApi, Service, ServiceSite } from './gateway/backend.ts';
import { accreditedSystem } from './gateway/policies/accredited-system.ts';
import { optionalToken } from './gateway/policies/access-token.ts';
import { keyedLane } from './gateway/policies/keyed-lane.ts';
import { openLane } from './gateway/policies/open-lane.ts';
import { token } from './gateway/policies/token.ts';
import { plainKind } from './gateway/plain-kind.ts';
import type { CallerTable, PolicyKind } from './gateway/policy.ts';
import type { PdsRecords } from './pds-records.ts';
import type { Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';

/** The Api whose records the service keeps. */
export const pdsApiId = 'personal-demographics';
export const pdsBase = '/personal-demographics/FHIR/R4';

/** What all callers of integration see and change together. */
export const integrationWorkspace = 'integration';

const realm = 'personal-demographics';

/** The Proxies of a new installation, by environment. */
const pdsDefinitions: Readonly<Record<'sandbox' | 'uat', ProxyDefinition>> = {
  sandbox: {
    base: pdsBase,
    backend: { kind: 'service', service: 'pds' },
    faults: 'pds',
    policies: [
      { policy: 'pds-ids' },
      { policy: 'pds-cors' },
      { policy: 'pds-names-person' },
      { policy: 'open-lane' },
      { policy: 'workspace' },
      { policy: 'product-limits' },
      { policy: 'pds-sync-wait' },
      { policy: 'rehearsal' },
    ],
  },
  uat: {
    base: pdsBase,
    backend: { kind: 'service', service: 'pds' },
    faults: 'pds',
    policies: [
      { policy: 'pds-ids' },
      { policy: 'pds-cors' },
      { policy: 'pds-names-person' },
      { policy: 'common-view', config: { name: integrationWorkspace } },
      { policy: 'pds-caller' },
      { policy: 'subscription', config: { refuse: 'national' } },
      { policy: 'product-limits' },
      { policy: 'pds-sync-wait' },
    ],
  },
};

/** PDS as it is shipped. @param specification its OpenAPI document as JSON text */
export function shippedPds(specification: string): BuiltInApi {
  return {
    api: {
      id: pdsApiId,
      title: 'Personal Demographics Service FHIR API',
      description: 'Read, trace, create and update the demographic records of patients.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'fhir',
      sensitive: true,
      status: 'live',
    },
    specification,
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: pdsApiId,
      environment,
      definition: pdsDefinitions[environment],
    })),
  };
}

/** How PDS reads tokens. A token makes the same caller each time, for as long as its facts stay the same object. */
export function pdsCallers(): CallerTable {
  const known = new WeakMap<TokenFacts, Caller>();
  return {
    refusedCaller,
    toCaller(facts) {
      let caller = known.get(facts);
      if (!caller) known.set(facts, (caller = pdsCaller(facts)));
      return caller;
    },
  };
}

/** How systems call PDS by certificate; its name in scopes is not the id of its Api. */
const systemConfig = { asid: 'NHSD-ASID', callers: 'pds', api: 'personal-demographics-service' };

/** The policies that are PDS's own. */
export const pdsKinds: Readonly<Record<string, PolicyKind>> = {
  'pds-ids': plainKind(
    'identify',
    'Echoes X-Request-ID and X-Correlation-ID as sent, as PDS does: whether they are needed its own rules say.',
    echoIds,
  ),
  'pds-cors': plainKind('identify', 'Answers browsers as PDS does, for any origin.', cors),
  'pds-names-person': plainKind(
    'respond',
    'Enters the person whom the address names into the audit, also for calls that are refused before a record is seen.',
    namesPerson,
  ),
  'pds-sync-wait': plainKind(
    'validate',
    'Answers 503 for an update that is not done in the time of X-Sync-Wait; it goes on.',
    syncWait,
  ),
  'pds-caller': {
    phase: 'authenticate',
    summary:
      'Who calls PDS: an access token says, as with `token`. On the listeners for mutual TLS a call without one may show its certificate and name its ASID in NHSD-ASID instead, as with `accredited-system`: then it has the application rights of its app, and a user only by a cross-organisation token.',
    schema: { type: 'object', additionalProperties: false, properties: {} },
    create: (_config, site) => {
      const byToken = token.create({ realm, callers: 'pds', optional: false }, site);
      const bySystem = accreditedSystem.create(systemConfig, site);
      return (next) => {
        const [withToken, withSystem] = [byToken(next), bySystem(next)];
        return (exchange) => (callsAsSystem(exchange) ? withSystem : withToken)(exchange);
      };
    },
  },
  'open-lane': {
    phase: 'authenticate',
    summary:
      'The open lane of a sandbox: no token is needed, and X-Gatehouse-Act-As says as whom to call. A token of ours that is sent is judged and decides; a key of ours says which app calls; and so does a certificate with an ASID in NHSD-ASID.',
    schema: { type: 'object', additionalProperties: false, properties: {} },
    check: (_config, { environment }) =>
      environment === 'sandbox' ? [] : ['who says as whom to call is believed in the sandbox only'],
    create: (_config, site) => {
      const { services } = site;
      const table = services.callers.pds ?? pdsCallers();
      const byKey = keyedLane(site);
      const bySystem = accreditedSystem.create(systemConfig, site);
      const open = optionalToken({ realm, judge: services.judge, ...table }, (next) => {
        const lane = openLane(next);
        return (exchange) => lane(byKey(exchange));
      });
      return (next) => {
        const [inLane, withSystem] = [open(next), bySystem(next)];
        return (exchange) =>
          (exchange.headers['nhsd-asid'] !== undefined && callsAsSystem(exchange)
            ? withSystem
            : inLane)(exchange);
      };
    },
  },
};

/** Whether the certificate is what the call goes by: an access token of ours, which has no dots, goes before it. */
function callsAsSystem({ peer, headers: { authorization } }: Exchange): boolean {
  return peer.certificate !== undefined && (authorization?.includes('.') ?? true);
}

export interface PdsOptions {
  readonly records: PdsRecords;
  readonly openApiFile: string;
  readonly checks: ReturnType<typeof createBodyChecks>;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly version: string;
  readonly check: () => Promise<void>;
}

/** PDS FHIR over the records that a Proxy names. */
export function pdsService(options: PdsOptions): Service {
  const { records, addresses, checks, clock, version, check, openApiFile } = options;
  const now = () => clock.now();
  const document = loadOpenApi(openApiFile);
  const serve = (site: ServiceSite): ServedApi => {
    const { environment, base: path } = site;
    const patients = records.patientsAt(site);
    const base = () => addresses.of(environment, path);
    const health: Health = { version, revision: version, check };
    const open = routes(
      openRoutes(health, () =>
        capabilityStatement(document, {
          base: base(),
          version,
          date: new Date(now()).toISOString(),
        }),
      ),
      { notFound: unclaimed, notAllowed: unclaimed },
    );
    return {
      handler: pdsApi({ patients, base, now, bodyCheck: checks.bodyCheck }),
      open: (exchange) =>
        openPaths.has(exchange.path) && (exchange.method === 'GET' || exchange.method === 'HEAD')
          ? open(exchange)
          : undefined,
    };
  };
  return Object.assign(serve, { configFaults: records.configFaults });
}

/** Health and capabilities need no caller, touch no record and so are not audited; all else is judged. */
const openPaths: ReadonlySet<string> = new Set(['/_ping', '/_status', '/metadata']);
const unclaimed: Handler = () => Promise.resolve({ status: 404 });

/** The records that every face shows. */
export function createPatients({
  root,
  store,
  clock,
  peers,
}: {
  readonly root: string;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly peers: Pick<Peers, 'inTurn'>;
}): Patients {
  return storedPatients({
    collection: store.open(patientCollection),
    counters: store.counters,
    changes: store.changes,
    clock,
    isPractice: readPractices(join(root, 'fixtures')),
    allocationNumber,
    newObjectId: () => randomBytes(4).toString('hex').toUpperCase(),
    inTurn: (work) => peers.inTurn('pds.create', work),
  });
}
