/**
 * A deployment: the document, the revision, the switch, in this order, each one write that leaves a valid state. A crash
 * in between leaves a document or a revision that nothing names. Two at once get revisions of their own, and the later
 * switch counts. Owns the order; what is checked before is deployment-check.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { checkLength } from './app-rules.ts';
import { apiCollection, type Api } from './apis.ts';
import type { Taker } from './deployment-base.ts';
import {
  checkDeployment,
  developmentFirst,
  heldBy,
  type Candidate,
  type CheckGround,
} from './deployment-check.ts';
import { keepDocument, type ReadDocument } from './deployment-document.ts';
import type { Environment } from './environments.ts';
import {
  proxyCollection,
  proxyId,
  revisionCollection,
  revisionId,
  type Proxy,
  type ProxyDefinition,
  type Revision,
} from './proxies.ts';
import { FaultsFound, type DefinitionFault } from './proxy-rules.ts';
import { openRecords, type Deed, type Records } from './records.ts';
import { may, must, type Action, type Actor, type Subject } from './roles.ts';

/** What somebody wants to run. */
export interface Wanted {
  readonly api: string;
  readonly environment: Environment;
  /** The Api's id when absent; another where the Api runs more than once in an environment. */
  readonly name?: string;
  /** A `ProxyDefinition`; its form is checked here. */
  readonly definition: unknown;
  /** The text of an OpenAPI document, JSON or YAML; absent: what the definition names, else what the Api has published. */
  readonly specification?: string;
  /** A release id or commit. */
  readonly release?: string;
}

export interface Deployed {
  readonly proxy: Stored<Proxy>;
  readonly revision: Revision;
  readonly warnings: readonly string[];
}

/** What a dry run tells. */
export interface Verdict {
  readonly good: boolean;
  readonly faults: readonly DefinitionFault[];
  readonly warnings: readonly string[];
}

export interface DeploymentParts {
  readonly ground: CheckGround;
  readonly apis: Records<Api>;
  readonly proxies: Records<Proxy>;
  readonly revisions: Records<Revision>;
}

export function deploymentParts(ground: CheckGround): DeploymentParts {
  return {
    ground,
    apis: openRecords(ground, apiCollection, 'API'),
    proxies: openRecords(ground, proxyCollection, 'proxy'),
    revisions: openRecords(ground, revisionCollection, 'revision'),
  };
}

/** @throws Problem `not-found`, `forbidden`, `conflict`, `unprocessable` (FaultsFound) with all reasons, `unavailable` */
export async function deploy(
  parts: DeploymentParts,
  actor: Actor,
  wanted: Wanted,
): Promise<Deployed> {
  const { ground } = parts;
  const { candidate, document } = await candidateOf(parts, actor, wanted, 'proxy.deploy');
  await developmentFirst(ground, candidate.api, candidate.environment);
  const { definition: checked, faults } = await checkDeployment(ground, candidate);
  if (!checked) throw new FaultsFound('The definition', faults);
  const { environment, proxy: id } = candidate;
  const kept = document && (await keepDocument(ground, actor, candidate.api.id, document));
  const definition = kept ? { ...checked, specification: kept.id } : checked;
  await ground.bases.claim(environment, definition.base, id);
  const taker = { proxy: id, owner: candidate.api.owner };
  await refuseHeldBase(ground, environment, definition.base, taker);
  const revision = await addRevision(parts, actor, candidate, definition, wanted.release ?? '');
  const proxy = await putInService(parts, actor, candidate, wanted.name ?? wanted.api, revision);
  return { proxy, revision, warnings: warningsOf(proxy.value, document) };
}

/** The same checks with nothing written; also for who may change the Api but not deploy it there. */
export async function tryDeployment(
  parts: DeploymentParts,
  actor: Actor,
  wanted: Wanted,
): Promise<Verdict> {
  const { value: api } = await parts.apis.read(wanted.api);
  const producers = may(actor, 'api.change', { organisation: api.owner });
  const action = producers ? 'api.change' : 'proxy.deploy';
  try {
    const { candidate, document } = await candidateOf(parts, actor, wanted, action);
    await developmentFirst(parts.ground, candidate.api, candidate.environment);
    const { faults } = await checkDeployment(parts.ground, candidate);
    return { good: faults.length === 0, faults, warnings: document?.warnings ?? [] };
  } catch (error) {
    if (error instanceof FaultsFound) return { good: false, faults: error.faults, warnings: [] };
    if (!(error instanceof Problem) || error.status >= 500 || error.kind === 'forbidden')
      throw error;
    return { good: false, faults: [{ at: '', message: error.message }], warnings: [] };
  }
}

/** The role table's refusal, entered in the audit as that of any change is. @throws Problem `forbidden` */
export async function permit<T>(
  records: Records<T>,
  deed: Deed,
  id: string,
  action: Action,
  subject: Subject,
): Promise<void> {
  if (may(deed.actor, action, subject)) return;
  await records.add(deed, id, () => {
    must(deed.actor, action, subject);
    throw new Problem('forbidden', `${action} is not allowed`);
  });
}

/** Another Proxy may have come to a base since it was last looked at. @throws Problem `conflict` */
export async function refuseHeldBase(
  { bases }: CheckGround,
  environment: Environment,
  base: string,
  taker: Taker,
): Promise<void> {
  const holder = await bases.holder(environment, base, taker);
  if (holder === undefined) return;
  throw new Problem('conflict', heldBy(base, holder, environment), { code: 'BASE' });
}

async function candidateOf(
  parts: DeploymentParts,
  actor: Actor,
  wanted: Wanted,
  action: Action,
): Promise<{ readonly candidate: Candidate; readonly document: ReadDocument | undefined }> {
  const { environment, definition, name = wanted.api } = wanted;
  const { value: api } = await parts.apis.read(wanted.api);
  const proxy = proxyId(environment, name);
  const deed = { actor, action, environment };
  const subject = { organisation: api.owner, environment };
  await permit(parts.proxies, deed, proxy.slice(0, 200), action, subject);
  await checkName(parts, api, environment, name);
  checkLength('release', wanted.release ?? '', 0, 200);
  const { specification: text } = wanted;
  const document = text === undefined ? undefined : await parts.ground.documents.read(text);
  const specification = document && { id: document.id, value: document.value };
  return {
    candidate: { api, environment, proxy, definition, ...(specification ? { specification } : {}) },
    document,
  };
}

/** A Proxy's name is its own Api's id, or one that no other Api has. */
async function checkName(
  { ground }: DeploymentParts,
  api: Api,
  environment: Environment,
  name: string,
): Promise<void> {
  if (name.length > 64 || !/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new Problem(
      'invalid',
      'The name of a proxy is 1 to 64 lower-case letters, digits, hyphens',
    );
  const known = await ground.store.open(proxyCollection).get(proxyId(environment, name));
  const another = name !== api.id && (await ground.store.open(apiCollection).get(name));
  if ((known && known.value.api !== api.id) || another)
    throw new Problem(
      'conflict',
      `${name} is the name of another API: choose another for the proxy`,
    );
}

/** Numbers that others take meanwhile, or that a crash left behind, are passed over. */
async function addRevision(
  { ground, revisions }: DeploymentParts,
  actor: Actor,
  { environment, proxy }: Candidate,
  definition: ProxyDefinition,
  release: string,
): Promise<Revision> {
  const known = await ground.store.open(proxyCollection).get(proxy);
  for (let number = (known?.value.latest ?? 0) + 1; ; number++) {
    const made = { number, definition, created: ground.clock.now(), by: actor.id, release };
    const revision: Revision = { proxy, ...made };
    const id = revisionId(proxy, number);
    const deed = { actor, action: 'revision.create', environment };
    try {
      return (await revisions.add(deed, id, () => revision)).value;
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
    }
  }
}

/** The one write that counts. */
async function putInService(
  { ground, proxies }: DeploymentParts,
  actor: Actor,
  { api, environment, proxy: id }: Candidate,
  name: string,
  { number }: Revision,
): Promise<Stored<Proxy>> {
  const subject = { organisation: api.owner, environment };
  const allow = () => {
    must(actor, 'proxy.deploy', subject);
  };
  const first: Proxy = {
    id,
    api: api.id,
    environment,
    name,
    active: number,
    latest: number,
    state: 'deployed',
  };
  let before = 0;
  const deed = switching(actor, 'proxy.deploy', environment, number, () => before);
  const change = () =>
    proxies.change({
      deed,
      id,
      expected: undefined,
      allow,
      edit(proxy) {
        before = proxy.active;
        return { ...proxy, ...switched(proxy, number), latest: Math.max(proxy.latest, number) };
      },
    });
  if (await ground.store.open(proxyCollection).get(id)) return change();
  try {
    return await proxies.add(deed, id, () => first);
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return change();
    throw error;
  }
}

/** A Proxy with another revision in service, and the one before it kept for going back. */
export function switched(
  { active, previous }: Proxy,
  number: number,
): Pick<Proxy, 'active' | 'previous'> {
  if (active !== number) return { active: number, previous: active };
  return { active, ...(previous === undefined ? {} : { previous }) };
}

/**
 * A deed whose audit entry says from which revision to which: `proxy.rollback 4>3`. The first is known only once the
 * document has been read for the write, so the name is put together when the entry is made.
 */
export function switching(
  actor: Actor,
  action: Action,
  environment: Environment,
  to: number,
  from: () => number,
): Deed {
  return {
    actor,
    environment,
    get action() {
      return `${action} ${from()}>${to}`;
    },
  };
}

function warningsOf(proxy: Proxy, document: ReadDocument | undefined): readonly string[] {
  const { state } = proxy;
  const closed = state === 'withdrawn' || state === 'retired';
  return [
    ...(document?.warnings ?? []),
    ...(closed ? [`The proxy is ${state}: nothing is served until its state is deployed`] : []),
  ];
}
