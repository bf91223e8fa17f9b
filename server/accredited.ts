/**
 * Who may call as which accredited system: certificate, party key, ASID, organisation and interaction must all agree with
 * the directory and the Deployment. Owns the order of the checks and what each says; trust in the certificate itself is
 * certificate-gate.ts's, the entries are the directory's.
 */
import type { Caller, Exchange } from '../core/exchange.ts';
import type { AccreditedSystem, Directory } from '../spine/sds/directory.ts';
import type { App } from './catalogue/apps.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { Deployment } from './catalogue/systems/deployments.ts';
import { deniedBy, judgeCertificate, type FindRecord } from './certificate-gate.ts';
import { createKept } from './directory-kept.ts';
import { directoryView } from './directory-views.ts';
import { systemRefused } from './gateway/accredited-systems.ts';
import type {
  AccreditedCall,
  AppRights,
  JudgeSystem,
  SystemClaim,
  SystemRefusal,
} from './gateway/accredited-systems.ts';

export interface AccreditedOptions {
  readonly directory: Directory;
  readonly record: FindRecord;
  /** A Deployment as it is now, by its id; in memory. */
  readonly deployment: (id: string) => Deployment | undefined;
  readonly catalogue: Pick<Catalogue, 'app' | 'scopes'>;
  readonly now: () => number;
  /** The code for an organisation that is not the system's; default ACCESS_DENIED. */
  readonly organisationCode?: 'ACCESS_DENIED' | 'NO_ORGANISATION_CONSENT';
}

export interface Accredited {
  /** The first check that fails is the refusal. One look in memory where the directory was asked within a minute. */
  readonly judgeSystem: JudgeSystem;
  /** Forgets what the directory said. */
  drop(): void;
  close(): void;
}

/** Seconds for which answers of the directory are kept; each change of it drops them. */
const kept = 60;

export function createAccredited(options: AccreditedOptions): Accredited {
  const { directory, record, now } = options;
  const systems = createKept<AccreditedSystem | undefined>(now);
  const parties = createKept<readonly string[]>(now);
  const drop = () => {
    systems.drop();
    parties.drop();
  };
  const stop = directory.changed(drop);
  const factsOf = createFacts(options);
  const look: LookUp = {
    system: (asid, view) =>
      systems.get(`${view} ${asid}`, { view, kept, fresh: false }, async () => {
        const [found] = await directory.in(view).systems({ asid }, 1);
        return found;
      }),
    partiesOf: (fqdn, view) =>
      parties.get(`${view} ${fqdn}`, { view, kept, fresh: false }, async () => {
        const found = await directory.in(view).handlers({ fqdn });
        return [...new Set(found.map(({ partyKey }) => partyKey))];
      }),
  };
  return {
    drop,
    close: stop,
    async judgeSystem(claim) {
      const proved = provedBy(claim, record, now());
      if ('refusal' in proved) return proved;
      const environment = toEnvironment(claim.environment);
      if (!environment) return refuse('ACCESS_DENIED', 'There is no such environment');
      const deployment = options.deployment(proved.deployment);
      // It is out of the directory as well: the cause is told, not what follows from it.
      const out = deployment?.state === 'suspended' || deployment?.state === 'ended';
      if (out && claim.asid && claim.asid === deployment.asid)
        return notLive(claim.asid, deployment);
      const view = directoryView(environment);
      const claimed = await claimedSystem(claim, proved, look, view);
      if ('refusal' in claimed) return claimed;
      const fault = detailFault(claim, claimed, options.organisationCode ?? 'ACCESS_DENIED');
      if (fault) return fault;
      if (deployment?.state !== 'live') return notLive(claimed.asid, deployment);
      const facts = factsOf(deployment, claimed.asid, environment);
      if ('refusal' in facts) return facts;
      const { asid, partyKey, odsCode } = claimed;
      const call: AccreditedCall = {
        ...{ asid, partyKey, odsCode, fqdn: proved.fqdn, deployment: proved.deployment, facts },
      };
      return call;
    },
  };
}

/**
 * The caller of a connection that calls as a system, for policies that read the ASID themselves.
 * @throws Problem with the refusal's code
 */
export function callerBy(
  judge: JudgeSystem,
): (exchange: Exchange, asid: string) => Promise<Caller> {
  return async ({ peer, environment }, asid) => {
    const found = await judge({ certificate: peer.certificate, asid, environment });
    if ('refusal' in found) throw systemRefused(found.refusal);
    const { appId, appName, scopes } = found.facts;
    return { appId, appName, scopes, mode: 'app', asid: found.asid, grants: new Set() };
  };
}

interface Refused {
  readonly refusal: SystemRefusal;
}

interface LookUp {
  system(asid: string, view: string): Promise<AccreditedSystem | undefined>;
  /** Party keys of the endpoints that are registered under a name. */
  partiesOf(fqdn: string, view: string): Promise<readonly string[]>;
}

function refuse(code: string, why: string, status: SystemRefusal['status'] = 403): Refused {
  return { refusal: { code, status, why } };
}

type Holder = NonNullable<ReturnType<FindRecord>>;

/** The record of the certificate, which must be good at this moment and of this environment. */
function provedBy(
  { certificate, environment }: SystemClaim,
  record: FindRecord,
  now: number,
): Holder | Refused {
  const found = judgeCertificate(certificate, record, now);
  if (typeof found === 'string') return refuse('ACCESS_DENIED_SSL', deniedBy(found).message);
  if (found.environment === environment) return found;
  return refuse(
    'ACCESS_DENIED_SSL',
    `The client certificate is for ${found.environment}, and this call is for ${environment}`,
  );
}

/** The system that is named, which must be of the certificate's party. */
async function claimedSystem(
  { asid }: SystemClaim,
  { fqdn, partyKey }: Holder,
  look: LookUp,
  view: string,
): Promise<AccreditedSystem | Refused> {
  if (asid === undefined || asid === '')
    return refuse('MISSING_VALUE', 'The call names no accredited system (ASID)', 400);
  if (!/^[0-9]{12}$/.test(asid))
    return refuse('INVALID_VALUE', 'An accredited system id (ASID) has 12 digits', 400);
  const parties = await look.partiesOf(fqdn.toLowerCase(), view);
  if (parties.length > 0 && !parties.includes(partyKey))
    return refuse(
      'ASID_CHECK_FAILED',
      `The certificate of ${fqdn} is registered for party key ${partyKey}, and the directory has that name for ${parties.slice(0, 5).join(', ')}`,
    );
  const system = await look.system(asid, view);
  if (system?.partyKey === partyKey) return system;
  return refuse(
    'ASID_CHECK_FAILED',
    `ASID ${asid} is not among the systems of party key ${partyKey}, for which the certificate of ${fqdn} is`,
  );
}

/** What else the call says of itself. */
function detailFault(
  { odsCode, interaction }: SystemClaim,
  { asid, odsCode: own, interactions }: AccreditedSystem,
  code: string,
): Refused | undefined {
  if (odsCode !== undefined && odsCode.toUpperCase() !== own.toUpperCase())
    return refuse(
      code,
      `ASID ${asid} is a system of ${own}, and the call names another organisation`,
    );
  if (interaction === undefined || interactions.includes(interaction)) return undefined;
  return refuse('ASID_CHECK_FAILED', `ASID ${asid} is not assured for the interaction of the call`);
}

function notLive(asid: string, deployment: Deployment | undefined): Refused {
  const found =
    deployment === undefined ? 'has no deployment' : `its deployment is ${deployment.state}`;
  const why = deployment?.ended ?? deployment?.suspended;
  return refuse(
    'ASID_CHECK_FAILED',
    `ASID ${asid} may not call: ${deployment === undefined ? 'it ' : ''}${found}${why ? ` (${why.reason})` : ''}`,
  );
}

interface MadeFacts {
  readonly app: App;
  readonly given: ReadonlySet<string>;
  readonly facts: AppRights;
}

/** Application rights of a Deployment's app, made once for as long as app and subscriptions stay as they are. */
function createFacts({ catalogue }: AccreditedOptions) {
  const made = new WeakMap<Deployment, MadeFacts>();
  return (deployment: Deployment, asid: string, environment: Environment): AppRights | Refused => {
    const app = catalogue.app(deployment.app);
    const registration = app?.registrations[environment];
    if (!app || registration?.state !== 'approved')
      return refuse('ACCESS_DENIED', `The app of ASID ${asid} is not approved in ${environment}`);
    const given = catalogue.scopes(app.id, environment);
    const known = made.get(deployment);
    if (known?.app === app && known.given === given) return known.facts;
    const facts: AppRights = {
      ...{ appId: app.id, appName: app.name, asid, attributes: registration.attributes },
      scopes: [...given].filter(isApplicationScope),
      userScopes: [...given].filter(isUserScope),
    };
    made.set(deployment, { app, given, facts });
    return facts;
  };
}

/** What applications may without a user, and without privilege. */
function isApplicationScope(scope: string): boolean {
  const name = scope.toLowerCase();
  return (
    name.startsWith('urn:nhsd:apim:app:level3:') &&
    !name.startsWith('urn:nhsd:apim:app:level3:privileged-')
  );
}

/** What needs somebody who has signed in. */
function isUserScope(scope: string): boolean {
  const name = scope.toLowerCase();
  return name.startsWith('urn:nhsd:apim:user-') || name.endsWith(':user-restricted');
}
