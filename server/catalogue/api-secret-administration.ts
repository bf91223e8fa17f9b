/**
 * Secrets of Apis as administration keeps them: put, listed by name, removed when nothing that runs needs them. Owns these
 * rules; sealing is handed in, and no secret is ever shown.
 */
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { checkLength } from './app-rules.ts';
import { apiCollection, type Api } from './apis.ts';
import { apiSecretCollection, apiSecretId, type ApiSecret } from './api-secrets.ts';
import { permit } from './deployment.ts';
import { wired, type PlatformHooks } from './deployment-hooks.ts';
import type { Environment } from './environments.ts';
import { proxyCollection, revisionCollection, revisionId, type Proxy } from './proxies.ts';
import { secretsNamed } from './proxy-rules.ts';
import { openRecords, type Deed, type Ground, type Records } from './records.ts';
import type { Actor } from './roles.ts';

/** An Api in one environment. */
export interface ApiPlace {
  readonly api: string;
  readonly environment: Environment;
}

export interface ApiSecretAdministration {
  /** Puts a secret in the place of what was there. The gateway uses it from its next call on. */
  put(actor: Actor, at: ApiPlace, name: string, text: string): Promise<Stored<ApiSecret>>;
  /** All of an Api in an environment; without any of their texts. */
  list(actor: Actor, at: ApiPlace): Promise<readonly Stored<ApiSecret>[]>;
  /** @throws Problem `conflict` while a Proxy there names it. */
  remove(actor: Actor, at: ApiPlace, name: string): Promise<void>;
}

export function apiSecretAdministration(
  ground: Ground & { readonly hooks: PlatformHooks },
): ApiSecretAdministration {
  const records = openRecords(ground, apiSecretCollection, 'secret');
  const permitted = async (
    actor: Actor,
    { api, environment }: ApiPlace,
    deed: string,
    id = api,
  ) => {
    const { owner } = await apiOf(ground, api);
    const subject = { organisation: owner, environment };
    await permit(records, { actor, action: deed, environment }, id, 'api.secret', subject);
  };
  return {
    async put(actor, at, name, text) {
      checkName(name);
      const { api, environment } = at;
      const id = apiSecretId(environment, api, name);
      await permitted(actor, at, 'api.secret.put', id);
      const seal = wired(ground.hooks.seal, 'The keeping of secrets');
      checkLength('value', text, 1, 64 * 1024);
      const made = { sealed: seal(text), created: ground.clock.now(), by: actor.id };
      return putSecret(records, actor, id, { api, environment, name, ...made });
    },
    async list(actor, at) {
      await permitted(actor, at, 'api.secret.list');
      const equals = [at.api, at.environment];
      return (await records.find({ index: 'api', equals, limit: 1000 })).items;
    },
    async remove(actor, at, name) {
      const id = apiSecretId(at.environment, at.api, name.slice(0, 100));
      await permitted(actor, at, 'api.secret.remove', id);
      await records.read(id);
      await refuseInUse(ground, at, name);
      await removeSecret(ground, records, { actor, environment: at.environment }, id);
    },
  };
}

async function apiOf({ store }: Ground, id: string): Promise<Api> {
  const found = await store.open(apiCollection).get(id);
  if (found) return found.value;
  throw new Problem('not-found', 'There is no such API');
}

function checkName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name))
    throw new Problem(
      'invalid',
      'The name of a secret is 1 to 64 lower-case letters, digits, hyphens',
    );
}

async function putSecret(
  records: Records<ApiSecret>,
  actor: Actor,
  id: string,
  secret: ApiSecret,
): Promise<Stored<ApiSecret>> {
  const deed = { actor, action: 'api.secret.put', environment: secret.environment };
  const allow = () => undefined; // asked already
  for (;;) {
    try {
      return await records.add(deed, id, () => secret);
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
    }
    try {
      return await records.change({ deed, id, expected: undefined, allow, edit: () => secret });
    } catch (error) {
      // It was removed in between.
      if (!(error instanceof Problem) || error.kind !== 'not-found') throw error;
    }
  }
}

/** What serves must go on serving after its next start. */
async function refuseInUse(ground: Ground, { api, environment }: ApiPlace, name: string) {
  const revisions = ground.store.open(revisionCollection);
  const { items } = await ground.store
    .open<Proxy>(proxyCollection)
    .find({ index: 'api', equals: [api], limit: 1000 });
  for (const { id, value: proxy } of items) {
    if (proxy.environment !== environment) continue;
    const revision = await revisions.get(revisionId(id, proxy.active));
    const named = revision ? secretsNamed(revision.value.definition.backend) : [];
    if (named.some((one) => one.name === name))
      throw new Problem('conflict', `The proxy ${id} uses this secret: deploy one that does not`, {
        code: 'IN_USE',
      });
  }
}

/** The entry in the audit is that of a write which changes nothing: a removal has no version that could be told of. */
async function removeSecret(
  { store }: Ground,
  records: Records<ApiSecret>,
  who: Omit<Deed, 'action'>,
  id: string,
): Promise<void> {
  const { version } = await records.change({
    deed: { ...who, action: 'api.secret.remove' },
    id,
    expected: undefined,
    allow: () => undefined, // asked already
    edit: (secret) => secret,
  });
  await store.open(apiSecretCollection).remove(id, version);
}
