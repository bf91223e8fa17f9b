/**
 * Proxies as administration changes them: deployed, rolled back, put out of use. Each of these is one write of the Proxy,
 * so that a call sees the one or the other; revisions are never changed or dropped. Owns states and going back.
 */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import { ownReachOf, type PageQuery } from './app-administration.ts';
import { apiCollection, type Api } from './apis.ts';
import {
  deploy,
  deploymentParts,
  permit,
  refuseHeldBase,
  switched,
  switching,
  tryDeployment,
  type Deployed,
  type DeploymentParts,
  type Verdict,
  type Wanted,
} from './deployment.ts';
import type { CheckGround } from './deployment-check.ts';
import type { Environment } from './environments.ts';
import { revisionId, type Proxy, type Revision } from './proxies.ts';
import { must, type Action, type Actor } from './roles.ts';

export interface ProxyQuery extends PageQuery {
  readonly api?: string;
  readonly environment?: Environment;
}

/** What a Proxy is put to. `since` is the moment it is done. */
export interface WantedState {
  readonly state: Proxy['state'];
  /** For `deprecated` and `retired`: milliseconds since the epoch. */
  readonly sunset?: number;
  /** Address of what replaces it. */
  readonly successor?: string;
  /** Where it is explained. */
  readonly link?: string;
}

export interface ProxyAdministration {
  /** @throws as deployment.ts says */
  deploy(actor: Actor, wanted: Wanted): Promise<Deployed>;
  /** What a deployment would be refused for; writes nothing. */
  tryDeployment(actor: Actor, wanted: Wanted): Promise<Verdict>;
  read(actor: Actor, id: string): Promise<Stored<Proxy>>;
  /** Those in the actor's reach. A page may hold fewer than asked for although more follow. */
  list(actor: Actor, query: ProxyQuery): Promise<Page<Proxy>>;
  /** Oldest first. */
  revisions(actor: Actor, id: string, query: PageQuery): Promise<Page<Revision>>;
  revision(actor: Actor, id: string, number: number): Promise<Stored<Revision>>;
  /** To the revision before, or to any there is. @throws Problem `conflict` where there is none before. */
  rollback(actor: Actor, id: string, to?: number, expected?: number): Promise<Stored<Proxy>>;
  /** @throws Problem `invalid` for a state without what it needs. */
  setState(
    actor: Actor,
    id: string,
    wanted: WantedState,
    expected?: number,
  ): Promise<Stored<Proxy>>;
}

export function proxyAdministration(ground: CheckGround): ProxyAdministration {
  const parts = deploymentParts(ground);
  const { proxies, revisions } = parts;
  const readable = async (actor: Actor, id: string) => {
    const found = await proxies.read(id);
    const api = await ownerOf(parts, found.value);
    must(actor, 'proxy.read', { organisation: api.owner });
    return found;
  };
  return {
    deploy: (actor, wanted) => deploy(parts, actor, wanted),
    tryDeployment: (actor, wanted) => tryDeployment(parts, actor, wanted),
    read: readable,
    list: (actor, query) => list(parts, actor, query),
    async revisions(actor, id, query) {
      await readable(actor, id);
      return revisions.find({ index: 'proxy', equals: [id], ...query });
    },
    async revision(actor, id, number) {
      await readable(actor, id);
      return revisions.read(revisionId(id, number));
    },
    rollback: (actor, id, to, expected) => rollback(parts, actor, { id, to, expected }),
    setState: (actor, id, wanted, expected) => setState(parts, actor, id, wanted, expected),
  };
}

/** The Api of a Proxy; one that is gone belongs to nobody. */
async function ownerOf({ ground }: DeploymentParts, { api }: Proxy): Promise<Pick<Api, 'owner'>> {
  return (await ground.store.open(apiCollection).get(api))?.value ?? { owner: '' };
}

async function list(
  parts: DeploymentParts,
  actor: Actor,
  { api, environment, ...page }: ProxyQuery,
): Promise<Page<Proxy>> {
  const owner = ownReachOf(actor, 'proxy.read');
  must(actor, 'proxy.read', owner === undefined ? {} : { organisation: owner });
  const { items, ...rest } = await parts.proxies.find({ ...indexFor(api, environment), ...page });
  const seen = await Promise.all(
    items.map(async (stored) => {
      if (environment !== undefined && stored.value.environment !== environment) return false;
      return owner === undefined || (await ownerOf(parts, stored.value)).owner === owner;
    }),
  );
  return { items: items.filter((_one, index) => seen[index]), ...rest };
}

function indexFor(
  api: string | undefined,
  environment: Environment | undefined,
): { readonly index: string; readonly equals: readonly string[] } {
  if (api !== undefined) return { index: 'api', equals: [api] };
  if (environment !== undefined) return { index: 'environment', equals: [environment] };
  return { index: 'all', equals: ['all'] };
}

async function rollback(
  parts: DeploymentParts,
  actor: Actor,
  { id, to, expected }: { id: string; to: number | undefined; expected: number | undefined },
): Promise<Stored<Proxy>> {
  const { ground, proxies, revisions } = parts;
  const { value: now } = await proxies.read(id);
  const { environment } = now;
  const allow = await allowing(parts, actor, now, 'proxy.rollback');
  const number = to ?? now.previous;
  if (number === undefined)
    throw new Problem('conflict', 'There is no revision before this one', { code: 'NO_PREVIOUS' });
  const { value: revision } = await revisions.read(revisionId(id, number));
  const { base } = revision.definition;
  await ground.bases.claim(environment, base, id);
  const { owner } = await ownerOf(parts, now);
  await refuseHeldBase(ground, environment, base, { proxy: id, owner });
  let before = 0;
  return proxies.change({
    deed: switching(actor, 'proxy.rollback', environment, number, () => before),
    id,
    expected,
    allow,
    edit(proxy) {
      before = proxy.active;
      return { ...proxy, ...switched(proxy, number) };
    },
  });
}

/** Refuses at once, entered in the audit, whom the role table does not name; gives what asks again at the write. */
async function allowing(
  parts: DeploymentParts,
  actor: Actor,
  proxy: Proxy,
  action: Action,
): Promise<() => void> {
  const { environment } = proxy;
  const subject = { organisation: (await ownerOf(parts, proxy)).owner, environment };
  await permit(parts.proxies, { actor, action, environment }, proxy.id, action, subject);
  return () => {
    must(actor, action, subject);
  };
}

async function setState(
  parts: DeploymentParts,
  actor: Actor,
  id: string,
  wanted: WantedState,
  expected: number | undefined,
): Promise<Stored<Proxy>> {
  const { value: now } = await parts.proxies.read(id);
  const allow = await allowing(parts, actor, now, 'proxy.state');
  checkState(wanted);
  const since = parts.ground.clock.now();
  return parts.proxies.change({
    deed: { actor, action: `proxy.state ${wanted.state}`, environment: now.environment },
    id,
    expected,
    allow,
    edit: (proxy) => withState(proxy, wanted, since),
  });
}

function withState(proxy: Proxy, wanted: WantedState, now: number): Proxy {
  const { deprecation, ...rest } = proxy;
  const { state, ...given } = wanted;
  if (state === 'deployed') return { ...rest, state };
  if (state === 'withdrawn') return { ...rest, state, ...(deprecation ? { deprecation } : {}) };
  // A Proxy that is retired has been deprecated before as a rule; when that was, and why, stays told.
  const since = proxy.state === state ? (deprecation?.since ?? now) : now;
  const told = { ...deprecation, since, ...given };
  return { ...rest, state, deprecation: told };
}

function checkState({ state, sunset, successor, link }: WantedState): void {
  const told = [sunset, successor, link].some((one) => one !== undefined);
  if (told && state !== 'deprecated' && state !== 'retired')
    throw new Problem('invalid', `sunset, successor and link go with deprecated or retired`);
  for (const [name, text] of Object.entries({ successor, link }))
    if (text !== undefined) checkAddress(name, text);
}

/** It is sent to callers in header fields, so that it must be an address and nothing else. */
function checkAddress(name: string, text: string): void {
  const good = text.length <= 500 && /^(https?:\/\/|\/)[\x21-\x7e]+$/.test(text);
  if (!good || /[<>"\\^`{|}]/.test(text) || !URL.canParse(text, 'https://example.org'))
    throw new Problem('invalid', `${name} must be an https address or a path that begins with /`);
}
