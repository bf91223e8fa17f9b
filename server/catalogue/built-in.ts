/**
 * The Apis that come with the platform, put into the catalogue at start: made when they are not there, brought to this
 * version's definition when nobody has deployed another. Owns that rule; what they are is told by their own files.
 */
import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import { apiCollection, specificationCollection, type Api } from './apis.ts';
import type { Environment } from './environments.ts';
import {
  proxyCollection,
  proxyId,
  revisionCollection,
  revisionId,
  type ProxyDefinition,
  type Revision,
} from './proxies.ts';
import { specificationId, specificationIdOf } from './specification-id.ts';

/** An Api as it is shipped. */
export interface BuiltInApi {
  readonly api: Omit<Api, 'created' | 'specification'>;
  /** Its OpenAPI document as JSON text. */
  readonly specification?: string;
  readonly proxies: readonly {
    readonly name: string;
    readonly environment: Environment;
    readonly definition: ProxyDefinition;
  }[];
}

/** Who deployed what is shipped; what anyone else deploys stays. */
const shipped = 'start';

/** Puts them there; running it again changes nothing. */
export async function putBuiltIn(
  store: Store,
  apis: readonly BuiltInApi[],
  now: number,
  release: string,
): Promise<void> {
  // Side by side, so that they share commits: each is whole by itself, and there are many.
  await Promise.all(apis.map((one) => putOne(store, one, now, release)));
}

async function putOne(store: Store, one: BuiltInApi, now: number, release: string): Promise<void> {
  const specification = await putSpecification(store, one, now);
  await unlessFaster(putApi(store, one, specification, now));
  await Promise.all(
    one.proxies.map(({ name, environment, definition }) =>
      unlessFaster(
        putProxy(store, {
          ...{ api: one.api.id, name, environment, now, release },
          definition: specification === undefined ? definition : { ...definition, specification },
        }),
      ),
    ),
  );
}

/** What an administrator, or another machine, puts there at the same moment stands. */
async function unlessFaster(put: Promise<void>): Promise<void> {
  try {
    await put;
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
  }
}

async function putSpecification(
  store: Store,
  { api, specification: text }: BuiltInApi,
  created: number,
): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const value = { api: api.id, created, text };
  const id = specificationId(text);
  await putNew(store, specificationCollection, id, value);
  const first = await store.open(specificationCollection).get(id);
  if (!first || first.value.api === api.id) return id;
  const own = specificationIdOf(api.id, text);
  await putNew(store, specificationCollection, own, value);
  return own;
}

async function putApi(
  store: Store,
  { api }: BuiltInApi,
  specification: string | undefined,
  created: number,
): Promise<void> {
  const apis = store.open(apiCollection);
  const stored = await apis.get(api.id);
  if (!stored) {
    const value = { ...api, created, ...(specification === undefined ? {} : { specification }) };
    await apis.put(api.id, value, { expected: 0, by: shipped });
    return;
  }
  const now = {
    ...stored.value,
    ...(specification === undefined ? {} : { specification }),
    ...(stored.value.contact === formerContact ? { contact: api.contact } : {}),
  };
  if (!isDeepStrictEqual(now, stored.value)) await apis.put(api.id, now, writing(stored.version));
}

/** What was shipped as contact before, and is nobody's who answers. */
const formerContact = 'https://github.com/gatehouse';

interface Deployment {
  readonly api: string;
  readonly name: string;
  readonly environment: Environment;
  readonly definition: ProxyDefinition;
  readonly now: number;
  readonly release: string;
}

async function putProxy(store: Store, deployment: Deployment): Promise<void> {
  const { api, name, environment } = deployment;
  const id = proxyId(environment, name);
  const proxies = store.open(proxyCollection);
  const stored = await proxies.get(id);
  if (!stored) {
    await putRevision(store, id, 1, deployment);
    const value = { id, api, environment, name, active: 1, latest: 1, state: 'deployed' } as const;
    await proxies.put(id, value, { expected: 0, by: shipped });
    return;
  }
  const { value, version } = stored;
  const active = await store.open(revisionCollection).get(revisionId(id, value.active));
  if (!active || !isOutdated(active.value, deployment)) return;
  const number = value.latest + 1;
  await putRevision(store, id, number, deployment);
  const next = { ...value, active: number, previous: value.active, latest: number };
  await proxies.put(id, next, writing(version));
}

function isOutdated({ by, definition }: Revision, deployment: Deployment): boolean {
  return by === shipped && !isDeepStrictEqual(definition, deployment.definition);
}

/** A start that was cut may have left the revision behind: it is written again then, for nobody serves it. */
async function putRevision(
  store: Store,
  proxy: string,
  number: number,
  { definition, now, release }: Deployment,
): Promise<void> {
  const revisions = store.open(revisionCollection);
  const id = revisionId(proxy, number);
  const left = await revisions.get(id);
  const value: Revision = { proxy, number, definition, created: now, by: shipped, release };
  await revisions.put(id, value, writing(left?.version ?? 0));
}

async function putNew<T>(
  store: Store,
  definition: Parameters<typeof store.open<T>>[0],
  id: string,
  value: T,
): Promise<void> {
  try {
    await store.open(definition).put(id, value, { expected: 0, by: shipped });
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // it is there
  }
}

function writing(expected: number) {
  return { expected, by: shipped };
}
