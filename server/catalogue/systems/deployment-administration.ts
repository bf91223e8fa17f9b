/**
 * Deployments as administration moves them: requested, approved, live, suspended (R148, R149). Owns which state follows
 * which, who may take a step, and what it needs; each refusal names the step that is missing. One write of the Deployment
 * is the step; what follows from it elsewhere is settling.ts's, and a step that is repeated finishes that.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import type { Page, Stored } from '../../../core/store.ts';
import { ownReachOf, registrationOf, type PageQuery } from '../app-administration.ts';
import { checkLength, checkOrganisation } from '../app-rules.ts';
import { appCollection, type App } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import type { Environment } from '../environments.ts';
import { openRecords, type Ground, type Records } from '../records.ts';
import { must, type Actor } from '../roles.ts';
import { refusalsEntered } from './deeds.ts';
import {
  checkFields,
  checkFqdn,
  checkReceives,
  type DeploymentFields,
} from './deployment-rules.ts';
import { deploymentCollection, withoutEndpoint, type Deployment } from './deployments.ts';
import { missingForLive, notYet } from './going-live.ts';
import { domainsOf, taken, type Names } from './names.ts';
import type { Settling } from './settling.ts';
import type { SystemHooks } from './system-hooks.ts';

export interface DeploymentRequest extends DeploymentFields {
  readonly app: string;
  readonly odsCode: string;
  readonly environment: Environment;
}

/** At most one member; none: all in reach. */
export interface DeploymentQuery extends PageQuery {
  readonly app?: string;
  readonly asid?: string;
  readonly partyKey?: string;
  readonly fqdn?: string;
}

export interface DeploymentAdministration {
  /**
   * Asks for one. Test environments approve at once; production waits for somebody else.
   * @throws Problem `not-found`, `conflict` (one is there; the App is not approved there), `unprocessable` (no such
   * organisation, or closed), `invalid`, `forbidden`
   */
  request(actor: Actor, request: DeploymentRequest): Promise<Stored<Deployment>>;
  read(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** Those in the actor's reach. A page may hold fewer than asked for although more follow. */
  list(actor: Actor, query: DeploymentQuery): Promise<Page<Deployment>>;
  /** Changes what was asked for; once it is approved, not its name, and in production new interactions need somebody else. */
  change(
    actor: Actor,
    id: string,
    fields: Partial<DeploymentFields>,
    expected?: number,
  ): Promise<Stored<Deployment>>;
  /** Gives ASID, party key and FQDN. Repeated, it finishes what a failure left. */
  approve(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** @throws Problem `conflict` that names every step that is missing */
  live(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** Effective at the next call. */
  suspend(actor: Actor, id: string, reason: string): Promise<Stored<Deployment>>;
  /** Back to what it was before. */
  resume(actor: Actor, id: string): Promise<Stored<Deployment>>;
}

export interface SystemsGround extends Ground {
  readonly hooks: SystemHooks;
  readonly names: Names;
  readonly settling: Settling;
}

export function deploymentAdministration(ground: SystemsGround): DeploymentAdministration {
  const parts: Parts = {
    ground,
    records: openRecords(ground, deploymentCollection, 'deployment'),
    apps: openRecords(ground, appCollection, 'app'),
  };
  return {
    request: (actor, request) => ask(parts, actor, request),
    async read(actor, id) {
      const found = await parts.records.read(id);
      must(actor, 'app.read', await ownerOf(parts, found.value));
      return found;
    },
    list: (actor, query) => list(parts, actor, query),
    change: (actor, id, fields, expected) => change(parts, actor, id, fields, expected),
    approve: (actor, id) => approve(parts, actor, id),
    live: (actor, id) => live(parts, actor, id),
    suspend: (actor, id, reason) => suspend(parts, actor, id, reason),
    resume: (actor, id) => resume(parts, actor, id),
  };
}

interface Parts {
  readonly ground: SystemsGround;
  readonly records: Records<Deployment>;
  readonly apps: Records<App>;
}

/** 26 letters and digits, the same for the same App, organisation and environment: so there is one at most. */
function deploymentId({
  app,
  odsCode,
  environment,
}: Pick<Deployment, 'app' | 'odsCode' | 'environment'>): string {
  const digest = createHash('sha256').update(`${app}\n${odsCode}\n${environment}`).digest();
  return [...digest.subarray(0, 26)].map((byte) => letters.charAt(byte & 31)).join('');
}
const letters = '0123456789abcdefghjkmnpqrstvwxyz';

async function ask(
  parts: Parts,
  actor: Actor,
  request: DeploymentRequest,
): Promise<Stored<Deployment>> {
  const { ground, records, apps } = parts;
  const { app: appId, odsCode, environment, interactions, receives, product } = request;
  const { value: app } = await apps.read(appId);
  const id = deploymentId(request);
  const subject = { organisation: app.owner, environment };
  checkOrganisation(odsCode);
  const manufacturer = request.manufacturer ?? app.owner;
  checkFields({ ...request, manufacturer });
  checkReceives(interactions, receives);
  await checkWish(parts, { ...request, id });
  const allowed = () => {
    must(actor, 'app.change', subject);
    refuseUnregistered(app, environment);
  };
  const organisation = await organisationOf(parts, { odsCode, environment });
  const deed = { actor, action: 'deployment.request', environment };
  const stored = await records
    .add(deed, id, () => {
      allowed();
      organisation();
      return {
        ...{ id, app: appId, odsCode, environment, state: 'requested' },
        ...{ interactions, receives, endpoints: [], product, manufacturer },
        ...(request.fqdn === undefined ? {} : { fqdn: request.fqdn }),
        requested: { by: actor.id, at: ground.clock.now() },
      };
    })
    .catch(async (error: unknown) => {
      // The records' own refusal has no code; those of the rules have.
      if (!(error instanceof Problem) || error.kind !== 'conflict' || error.code) throw error;
      const { state } = (await records.read(id)).value;
      throw new Problem(
        'conflict',
        `There is a deployment of this app at ${odsCode} in ${environment} already: ${id}, which is ${state}`,
      );
    });
  return environment === 'production' ? stored : approveNow(parts, actor, stored);
}

/** The App's own stage comes first: no credential hangs on an App that may not be used there (R148). */
function refuseUnregistered(app: App, environment: Environment): void {
  const { state } = registrationOf(app, environment);
  if (state !== 'approved')
    throw new Problem(
      'conflict',
      `The app's registration in ${environment} is ${state}: it must be approved first (gatehouse app approve ${app.id} ${environment})`,
      { code: 'APP_NOT_APPROVED' },
    );
}

/** A refusal of an organisation, told only after the rights. */
async function organisationOf(
  { ground }: Parts,
  { odsCode, environment }: Pick<Deployment, 'odsCode' | 'environment'>,
): Promise<() => void> {
  const directory = wired(ground.hooks.directory, 'The directory');
  const found = await directory.organisation(environment, odsCode);
  return () => {
    if (!found)
      throw new Problem(
        'unprocessable',
        `The directory has no organisation ${odsCode}: a deployment is at one that it has`,
        { code: 'NO_ORGANISATION' },
      );
    if (!found.active)
      throw new Problem(
        'unprocessable',
        `The organisation ${odsCode} (${found.name}) is closed: a deployment is at an active one`,
        { code: 'ORGANISATION_CLOSED' },
      );
  };
}

async function checkWish(
  { ground: { hooks, names } }: Parts,
  { id, fqdn, odsCode, environment }: Pick<Deployment, 'id' | 'fqdn' | 'odsCode' | 'environment'>,
): Promise<void> {
  if (fqdn === undefined) return;
  checkFqdn(fqdn, odsCode, domainsOf(hooks, environment));
  if (await names.fqdnTaken(fqdn, id)) throw taken(fqdn);
}

async function list(
  { records, apps }: Parts,
  actor: Actor,
  { app, asid, partyKey, fqdn, ...page }: DeploymentQuery,
): Promise<Page<Deployment>> {
  const own = ownReachOf(actor, 'app.read');
  if (own === undefined) must(actor, 'app.read');
  const [index, value] = Object.entries({ app, asid, partyKey, fqdn }).find(
    ([, given]) => given !== undefined,
  ) ?? ['all', 'all'];
  const found = await records.find({ index, equals: [value ?? ''], ...page });
  if (own === undefined) return found;
  const items: Stored<Deployment>[] = [];
  for (const one of found.items)
    if ((await apps.read(one.value.app)).value.owner === own) items.push(one);
  return { ...found, items };
}

async function change(
  parts: Parts,
  actor: Actor,
  id: string,
  fields: Partial<DeploymentFields>,
  expected: number | undefined,
): Promise<Stored<Deployment>> {
  checkFields(fields);
  const { value: before } = await parts.records.read(id);
  const subject = await ownerOf(parts, before);
  await checkWish(parts, {
    ...before,
    ...(fields.fqdn === undefined ? {} : { fqdn: fields.fqdn }),
  });
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.change', environment: before.environment },
    id,
    expected,
    allow(now) {
      must(actor, 'app.change', subject);
      if (opensMore(now, fields)) refuseAlone(actor, now, subject);
    },
    edit: (now) => askedBy(actor, now, edited(now, fields)),
  });
  if (stored.value.state !== 'requested') await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** Whoever changes what waits for approval asks for it too, and does not approve it. */
function askedBy({ id }: Actor, now: Deployment, next: Deployment): Deployment {
  const { environment, state, requested, changedBy = [] } = now;
  if (environment !== 'production' || state !== 'requested') return next;
  return [requested.by, ...changedBy].includes(id)
    ? next
    : { ...next, changedBy: [...changedBy, id] };
}

/** New interactions of what was approved for production are approved as it was. */
function opensMore(now: Deployment, { interactions = [] }: Partial<DeploymentFields>): boolean {
  const more = interactions.some((one) => !now.interactions.includes(one));
  return more && now.environment === 'production' && now.state !== 'requested';
}

function edited(now: Deployment, fields: Partial<DeploymentFields>): Deployment {
  const fixed = (['fqdn', 'manufacturer'] as const).find(
    (name) => fields[name] !== undefined && fields[name] !== now[name],
  );
  if (fixed !== undefined && now.state !== 'requested')
    throw new Problem(
      'conflict',
      `It is ${now.state}, so its ${fixed} stays: certificates and entries hang on it`,
    );
  const next = { ...now, ...fields };
  checkReceives(next.interactions, next.receives ?? []);
  const left = (now.endpoints ?? []).filter(
    ({ interaction, leaving }) => !leaving && !next.interactions.includes(interaction),
  );
  if (left.length > 0)
    throw new Problem(
      'conflict',
      `It has endpoints for what is taken away; remove them first: ${left.map(({ interaction }) => interaction).join(', ')}`,
    );
  const missing = next.state === 'live' ? withoutEndpoint(next) : [];
  if (missing.length > 0)
    throw new Problem(
      'conflict',
      `It is live, so what it receives needs an endpoint first: ${missing.join(', ')}`,
    );
  return next;
}

async function approve(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const stored = await parts.records.read(id);
  const subject = await ownerOf(parts, stored.value);
  await allowed(parts, actor, 'deployment.approve', stored.value, () => {
    if (stored.value.environment === 'production') refuseAlone(actor, stored.value, subject);
    else must(actor, 'app.change', subject);
  });
  return approveNow(parts, actor, stored);
}

/** Production takes a second person: one who approves, and did not ask. */
function refuseAlone(
  actor: Actor,
  { requested, changedBy = [] }: Pick<Deployment, 'requested' | 'changedBy'>,
  subject: { readonly organisation: string },
): void {
  must(actor, 'app.approve', subject);
  if (actor.id === requested.by || changedBy.includes(actor.id))
    throw new Problem(
      'forbidden',
      'You have asked for it yourself: in production somebody else approves (an administrator or operator)',
      { code: 'SECOND_PERSON' },
    );
}

/** Others may approve, or change what is asked for, at the same moment: then it is looked at again. */
const mostTries = 50;

async function approveNow(
  parts: Parts,
  actor: Actor,
  first: Stored<Deployment>,
): Promise<Stored<Deployment>> {
  let stored = first;
  for (let tries = 0; stored.value.state === 'requested'; tries++) {
    try {
      stored = await giveNames(parts, actor, stored);
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== 'precondition-failed' || tries > mostTries)
        throw error;
      stored = await parts.records.read(first.id);
    }
  }
  if (stored.value.state === 'suspended') throw notNow(stored.value, 'approved');
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

async function giveNames(
  parts: Parts,
  actor: Actor,
  { id, version, value: before }: Stored<Deployment>,
): Promise<Stored<Deployment>> {
  const { environment } = before;
  const { names, clock } = parts.ground;
  const { value: app } = await parts.apps.read(before.app);
  refuseUnregistered(app, environment);
  (await organisationOf(parts, before))();
  const partyKey = await names.partyKey({ ...before, owner: app.owner });
  const fqdn = await names.claimFqdn(before, partyKey);
  const asid = await names.newAsid();
  const by = environment === 'production' ? actor.id : 'automatic';
  return parts.records.change({
    deed: { actor, action: 'deployment.approve', environment },
    id,
    expected: version,
    allow: () => undefined, // asked by whoever calls this, before the names were made
    edit: (now) => ({
      ...now,
      ...{ state: 'approved', asid, partyKey, fqdn },
      approved: { by, at: clock.now() },
    }),
  });
}

async function live(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const before = await parts.records.read(id);
  const subject = await ownerOf(parts, before.value);
  const { environment } = before.value;
  await allowed(parts, actor, 'deployment.live', before.value, () => {
    must(actor, 'app.change', subject);
  });
  const app = (await parts.apps.read(before.value.app)).value;
  if (before.value.state === 'approved') {
    const missing = await missingForLive(parts.ground, app, before.value);
    if (missing.length > 0) throw notYet(missing);
  }
  if (before.value.state !== 'live' && before.value.state !== 'approved')
    throw notNow(before.value, 'live');
  const stored =
    before.value.state === 'live'
      ? before
      : await parts.records.change({
          deed: { actor, action: 'deployment.live', environment },
          id,
          expected: undefined,
          allow: () => {
            must(actor, 'app.change', subject);
          },
          edit(now) {
            if (now.state !== 'approved' && now.state !== 'live') throw notNow(now, 'live');
            const bare = withoutEndpoint(now);
            if (bare.length > 0) throw notYet(bare.map((one) => `an endpoint for ${one}`));
            const step = { by: actor.id, at: parts.ground.clock.now() };
            return { ...now, state: 'live', live: now.live ?? step };
          },
        });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

async function suspend(
  parts: Parts,
  actor: Actor,
  id: string,
  reason: string,
): Promise<Stored<Deployment>> {
  checkLength('reason', reason, 3, 500);
  const before = (await parts.records.read(id)).value;
  const subject = await ownerOf(parts, before);
  const { environment } = before;
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.suspend', environment },
    id,
    expected: undefined,
    allow: () => {
      must(actor, 'app.revoke', subject);
    },
    edit(now) {
      if (now.state === 'requested') throw notNow(now, 'suspended');
      if (now.state === 'suspended') return now;
      const suspended = { by: actor.id, at: parts.ground.clock.now(), reason };
      return { ...now, state: 'suspended', suspended };
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

async function resume(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const before = (await parts.records.read(id)).value;
  const subject = await ownerOf(parts, before);
  const { environment } = before;
  const app = (await parts.apps.read(before.app)).value;
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.resume', environment },
    id,
    expected: undefined,
    allow(now) {
      // Who suspended it may take that back; what others have stopped their own organisation does not start again.
      must(actor, now.suspended?.by === actor.id ? 'app.revoke' : 'app.approve', subject);
    },
    edit(now) {
      if (now.state === 'requested') throw notNow(now, 'resumed');
      if (now.state !== 'suspended') return now;
      refuseUnregistered(app, environment);
      return resumed(now);
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

function resumed({ suspended, ...others }: Deployment): Deployment {
  return suspended ? { ...others, state: others.live ? 'live' : 'approved' } : others;
}

/** What leads on from each state, for a refusal. */
function notNow({ id, state, environment }: Deployment, wanted: string): Problem {
  const next = {
    requested:
      environment === 'production'
        ? `by a second person, gatehouse deployment approve ${id}`
        : `gatehouse deployment approve ${id}`,
    approved: `gatehouse deployment live ${id}`,
    live: `gatehouse deployment suspend ${id} --reason …`,
    suspended: `gatehouse deployment resume ${id}`,
  }[state];
  return new Problem('conflict', `It is ${state}, so it cannot be ${wanted}. Next step: ${next}`, {
    code: 'STATE',
  });
}

async function ownerOf(
  { apps }: Parts,
  { app }: Deployment,
): Promise<{ readonly organisation: string }> {
  return { organisation: (await apps.read(app)).value.owner };
}

/** A refusal ahead of the step's own write is in the audit as those of the write are. */
async function allowed(
  { ground }: Parts,
  actor: Actor,
  action: string,
  { id, environment }: Deployment,
  check: () => void,
): Promise<void> {
  await refusalsEntered(ground, { actor, action, environment }, id, check);
}
