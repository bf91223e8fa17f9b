/**
 * What follows from a Deployment elsewhere: its entries in the directory, the ASID and party key that its App bears for
 * calls without a certificate, and the end of its certificates with it. The Deployment's document is the truth; this brings the rest in step, may be repeated,
 * and goes on where a step failed or its process died (the steps repeat it, and so does the sweep).
 */
import { Problem } from '../../../core/problem.ts';
import { editRegistration, type Place } from '../app-administration.ts';
import { appCollection, type App, type Registration } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import { openRecords, type Ground, type Records } from '../records.ts';
import type { Actor } from '../roles.ts';
import { contractFlags } from './contracts.ts';
import { entered } from './deeds.ts';
import { deploymentCollection, type Deployment, type RegisteredEndpoint } from './deployments.ts';
import type { DirectoryHooks, HandlerEntry, SystemEntry, SystemHooks } from './system-hooks.ts';

export interface Settling {
  /**
   * Brings directory and App in step with a Deployment as it is stored now.
   * @throws Problem `unavailable` that says what to repeat; whatever was done stays.
   */
  settle(actor: Actor, deployment: Deployment): Promise<void>;
  /** All Deployments; what one of them fails by does not hold the others up. Gives how many failed. */
  settleAll(actor: Actor): Promise<number>;
}

export interface SettlingOptions extends Ground {
  readonly hooks: SystemHooks;
}

export function openSettling(options: SettlingOptions): Settling {
  const apps = openRecords(options, appCollection, 'app');
  const deployments = options.store.open(deploymentCollection);
  const settle = async (actor: Actor, deployment: Deployment) => {
    let now = deployment;
    try {
      const directory = wired(options.hooks.directory, 'The directory');
      for (let round = 0; round < mostRounds; round++) {
        await settleDirectory(directory, actor, now);
        if (now.state === 'ended') await endCertificates(options, actor, now);
        await settleApp(options, apps, actor, now);
        // Another step may have ended meanwhile, and what was done here be out of date.
        const newest = (await deployments.get(now.id))?.value ?? now;
        if (JSON.stringify(newest) === JSON.stringify(now)) return;
        now = newest;
      }
    } catch (cause) {
      throw unsettled(now, cause);
    }
  };
  return {
    settle,
    async settleAll(actor) {
      let failed = 0;
      for await (const one of allOf(options))
        if (one.state !== 'requested') await settle(actor, one).catch(() => failed++);
      return failed;
    },
  };
}

/** How often it is compared again with what other steps have changed meanwhile. */
const mostRounds = 5;

/** Whether a Deployment is in the directory and may be routed to. */
function isListed({ state }: Deployment): boolean {
  return state === 'approved' || state === 'live';
}

async function settleDirectory(
  directory: DirectoryHooks,
  { id: actor }: Actor,
  deployment: Deployment,
): Promise<void> {
  const { environment, asid, endpoints = [] } = deployment;
  const listed = isListed(deployment);
  // Messages find an address only while the system is there: it comes first and goes last.
  const entry = listed ? systemEntryOf(deployment) : undefined;
  if (entry) await directory.putSystem(environment, entry, actor);
  for (const endpoint of endpoints)
    if (listed && !endpoint.leaving)
      await directory.putHandler(environment, handlerEntryOf(deployment, endpoint), actor);
    else await directory.removeHandler(environment, endpoint.id, actor);
  if (!listed && asid !== undefined) await directory.removeSystem(environment, asid, actor);
}

/** Nothing of what has ended proves anything any more. */
async function endCertificates(
  ground: SettlingOptions,
  actor: Actor,
  { id, environment }: Deployment,
): Promise<void> {
  const { certificates } = ground.hooks;
  for (const { thumbprint, state } of (await certificates?.list(id)) ?? []) {
    if (state === 'revoked') continue;
    const deed = { actor, action: 'certificate.revoke', environment };
    await entered(ground, deed, thumbprint, async () =>
      certificates?.revoke(thumbprint, 'cessationOfOperation', actor.id),
    );
  }
}

export function systemEntryOf(deployment: Deployment): SystemEntry {
  return {
    ...ownedOf(deployment),
    asid: deployment.asid ?? '',
    interactions: deployment.interactions,
  };
}

function handlerEntryOf(
  deployment: Deployment,
  { id, interaction, url, contract }: RegisteredEndpoint,
): HandlerEntry {
  const flags = contractFlags[contract];
  return { ...ownedOf(deployment), id, fqdn: deployment.fqdn ?? '', interaction, url, flags };
}

function ownedOf(deployment: Deployment): Omit<SystemEntry, 'asid' | 'interactions'> {
  const { odsCode, partyKey = '', manufacturer, product, requested } = deployment;
  const approved = deployment.approved ?? requested;
  return { odsCode, partyKey, manufacturer, product, requested, approved };
}

/**
 * An App bears the names of its newest Deployment that is approved or live in an environment. What an operator has set by
 * hand stays until there is one, and when the last one is suspended the App bears none.
 */
async function settleApp(
  ground: Ground,
  apps: Records<App>,
  actor: Actor,
  { app: id, environment }: Place,
): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const all = await deploymentsOf(ground, { app: id, environment });
    const { value: app } = await apps.read(id);
    const wanted = namesFor(all);
    const now = app.registrations[environment];
    if (!now || isSettled(now, wanted, all)) return;
    await apps.change({
      deed: { actor, action: 'registration.asid', environment },
      id,
      expected: undefined,
      allow: () => undefined, // the step that this belongs to was allowed
      edit: (one) => editRegistration(one, environment, (known) => bearing(known, wanted)),
    });
  }
}

interface BorneNames {
  readonly asid?: string;
  readonly partyKey?: string;
}

function namesFor(all: readonly Deployment[]): BorneNames {
  const newest = all
    .filter(isListed)
    .sort(
      (one, other) => (other.approved?.at ?? 0) - (one.approved?.at ?? 0) || order(one, other),
    )[0];
  const { asid, partyKey } = newest ?? {};
  return asid === undefined || partyKey === undefined ? {} : { asid, partyKey };
}

/** ASIDs rise, so of two approved in one millisecond the later has the higher. */
function order(one: Deployment, other: Deployment): number {
  return (other.asid ?? '').localeCompare(one.asid ?? '');
}

function isSettled(now: Registration, wanted: BorneNames, all: readonly Deployment[]): boolean {
  if (now.asid === wanted.asid && now.partyKey === wanted.partyKey) return true;
  const ours = all.some(({ asid }) => asid !== undefined && asid === now.asid);
  return wanted.asid === undefined && !ours;
}

function bearing(now: Registration, wanted: BorneNames): Registration {
  const others = Object.entries(now).filter(([name]) => name !== 'asid' && name !== 'partyKey');
  // all members of a registration but two that may be absent
  return { ...(Object.fromEntries(others) as unknown as Registration), ...wanted };
}

async function deploymentsOf(
  { store }: Ground,
  { app, environment }: Place,
): Promise<readonly Deployment[]> {
  const found: Deployment[] = [];
  let after: string | undefined;
  do {
    const page = await store.open(deploymentCollection).find({
      ...{ index: 'app', equals: [app, environment], limit: 1000 },
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.items.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return found;
}

async function* allOf({ store }: Ground): AsyncIterable<Deployment> {
  let after: string | undefined;
  do {
    const page = await store.open(deploymentCollection).find({
      ...{ index: 'all', equals: ['all'], limit: 200 },
      ...(after === undefined ? {} : { after }),
    });
    for (const { value } of page.items) yield value;
    after = page.next;
  } while (after !== undefined);
}

/** What the hook found stays visible: a rule of the directory that is broken is no passing fault. */
function unsettled({ id, state }: Deployment, cause: unknown): Problem {
  const problem = Problem.from(cause);
  const told =
    problem.kind === 'internal' ? 'another part of the platform failed' : problem.message;
  return new Problem(
    'unavailable',
    `Deployment ${id} is ${state}, but what follows from that is not all done: ${told}. Repeat the step; it goes on where it stopped`,
    { cause, headers: { 'retry-after': '5' }, code: 'UNFINISHED' },
  );
}
