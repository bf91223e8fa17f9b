/**
 * What other parts of the platform tell of Apis that run: limits, status, usage, policies. Owns who may ask what; the
 * answers are handed in (deployment-hooks.ts).
 */
import { Problem } from '../../core/problem.ts';
import { apiCollection } from './apis.ts';
import { appCollection } from './apps.ts';
import { ownReachOf } from './app-administration.ts';
import {
  wired,
  type LimitsQuery,
  type PlatformHooks,
  type PolicyShown,
  type StatusQuery,
  type UsageQuery,
} from './deployment-hooks.ts';
import type { Ground } from './records.ts';
import { must, type Action, type Actor } from './roles.ts';

export interface InsightAdministration {
  /** Which limits apply to an app at an Api, and when each frees. @throws Problem `not-found`, `forbidden` */
  limits(actor: Actor, query: LimitsQuery): Promise<object>;
  status(actor: Actor, query: StatusQuery): Promise<object>;
  /** Who is held to an organisation names an app or an Api of it. @throws Problem `forbidden` */
  usage(actor: Actor, query: UsageQuery): Promise<object>;
  policies(): readonly PolicyShown[];
}

export function insightAdministration(
  ground: Ground & { readonly hooks: PlatformHooks },
): InsightAdministration {
  const { hooks } = ground;
  return {
    async limits(actor, query) {
      await mustOwn(ground, actor, 'limits.read', query);
      return wired(hooks.limits, 'The look-up of limits')(query);
    },
    async status(actor, query) {
      must(actor, 'status.read');
      return wired(hooks.status, 'The status of APIs')(query);
    },
    async usage(actor, query) {
      await mustOwn(ground, actor, 'usage.read', query);
      return wired(hooks.usage, 'Usage')(query);
    },
    policies: () => wired(hooks.policies, 'The list of policies')(),
  };
}

/** The app or the Api must be there, and one of them in reach. */
async function mustOwn(
  { store }: Ground,
  actor: Actor,
  action: Action,
  { app, api }: { readonly app?: string; readonly api?: string },
): Promise<void> {
  const apps = store.open(appCollection);
  const apis = store.open(apiCollection);
  const owners = [
    app === undefined ? undefined : known('app', (await apps.get(app))?.value.owner),
    api === undefined ? undefined : known('API', (await apis.get(api))?.value.owner),
  ];
  const own = ownReachOf(actor, action);
  if (own === undefined) must(actor, action);
  else must(actor, action, { organisation: owners.includes(own) ? own : '' });
}

function known(noun: string, owner: string | undefined): string {
  if (owner !== undefined) return owner;
  throw new Problem('not-found', `There is no such ${noun}`);
}
