/**
 * Subscriptions as administration moves them: requested, decided, suspended, cancelled. Owns which state follows which.
 * There is one for each App, Product and environment, so that two requests at once cannot both count.
 */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import { ownReachOf, registrationOf, type PageQuery } from './app-administration.ts';
import { checkLength } from './app-rules.ts';
import { appCollection, type App } from './apps.ts';
import type { Environment } from './environments.ts';
import { productCollection, subscriptionCollection, type Subscription } from './products.ts';
import { openRecords, type Deed, type Ground, type Records } from './records.ts';
import { may, must, type Action, type Actor } from './roles.ts';
import { checkFit } from './scopes.ts';
import { expire } from './subscription-expiry.ts';
import { mustDecide, ownerOf, running, subjectOf, type Parts } from './subscription-parts.ts';

export interface Wish {
  readonly appId: string;
  readonly productId: string;
  readonly environment: Environment;
  /** What it is wanted for. */
  readonly purpose?: string;
  /** Calls a day that are expected. */
  readonly volume?: number;
}

export interface SubscriptionQuery extends PageQuery {
  readonly appId?: string;
  readonly productId?: string;
}

/** What may be decided of a subscription that is there. */
export type Decision = 'active' | 'rejected' | 'suspended' | 'cancelled';

export interface SubscriptionAdministration {
  /**
   * Asks for one. It is active at once when its Product decides automatically, but in production a person always decides.
   * @throws Problem `unprocessable` when the Product is for other kinds of App, `conflict` when there is one running.
   */
  request(actor: Actor, wish: Wish): Promise<Stored<Subscription>>;
  read(actor: Actor, id: string): Promise<Stored<Subscription>>;
  /** Those in the actor's reach. A page may hold fewer than asked for although more follow. */
  list(actor: Actor, query: SubscriptionQuery): Promise<Page<Subscription>>;
  /**
   * Approves, rejects (with a reason), suspends, resumes or cancels.
   * @param ends when it shall expire, of an approval. @throws Problem `conflict` when its state does not lead there.
   */
  decide(
    actor: Actor,
    id: string,
    decision: Decision,
    reason?: string,
    expected?: number,
    ends?: number,
  ): Promise<Stored<Subscription>>;
  /** Lets those expire whose time has come; gives them. For one process at a time. */
  expire(): Promise<readonly Subscription[]>;
  /** Cancels all that an App has or has asked for. May be repeated. */
  cancelAll(actor: Actor, appId: string, reason: string): Promise<void>;
  /** Refuses an App whose kinds do not fit what it is subscribed to. @throws Problem `unprocessable` */
  readonly checkKinds: (app: App) => Promise<void>;
}

/** From which state which decision may be taken, and by what right. */
const steps: Readonly<Record<string, Action>> = {
  'requested active': 'subscription.decide',
  'requested rejected': 'subscription.decide',
  'requested cancelled': 'subscription.cancel',
  'active suspended': 'subscription.suspend',
  'active cancelled': 'subscription.cancel',
  'suspended active': 'subscription.suspend',
  'suspended cancelled': 'subscription.cancel',
};

export function subscriptionAdministration(ground: Ground): SubscriptionAdministration {
  const parts: Parts = {
    ground,
    records: openRecords(ground, subscriptionCollection, 'subscription'),
    apps: openRecords(ground, appCollection, 'app'),
    products: openRecords(ground, productCollection, 'product'),
  };
  return {
    request: (actor, wish) => request(parts, actor, wish),
    async read(actor, id) {
      const found = await parts.records.read(id);
      const { customer } = await subjectOf(parts, found.value);
      if (!customer || !may(actor, 'subscription.read', customer))
        must(actor, 'subscription.read', await ownerOf(parts, found.value));
      return found;
    },
    list: (actor, query) => list(parts, actor, query),
    decide: (actor, id, decision, reason, expected, ends) =>
      decide(parts, actor, id, { decision, reason, expected, ends }),
    expire: () => expire(parts),
    checkKinds: (app) => checkKinds(parts, app),
    async cancelAll(actor, appId, reason) {
      const { items } = await parts.records.find({ index: 'app', equals: [appId], limit: 1000 });
      for (const { id, value } of items)
        if (running.has(value.state))
          await decide(parts, actor, id, { ...none, decision: 'cancelled', reason });
    },
  };
}

const none = { expected: undefined, ends: undefined };

async function request(parts: Parts, actor: Actor, wish: Wish): Promise<Stored<Subscription>> {
  const { appId, productId, environment, purpose, volume } = wish;
  if (purpose !== undefined) checkLength('purpose', purpose, 1, 2000);
  const { value: app } = await parts.apps.read(appId);
  const allow = () => {
    must(actor, 'subscription.request', { organisation: app.owner });
  };
  const product = may(actor, 'subscription.request', { organisation: app.owner })
    ? (await parts.products.read(productId)).value
    : undefined;
  const id = `${appId}.${environment}.${productId}`;
  const make = (): Subscription => {
    registrationOf(app, environment);
    if (product) checkFit(app.kinds, productId, product.scopes);
    const requested = parts.ground.clock.now();
    const asked = {
      ...{ id, appId, productId, environment, requestedBy: actor.id, requested },
      ...(purpose === undefined ? {} : { purpose }),
      ...(volume === undefined ? {} : { volume }),
    };
    const atOnce = product?.approval === 'automatic' && !product.customer;
    return atOnce && environment !== 'production'
      ? { ...asked, state: 'active', decidedBy: 'automatic', decided: requested }
      : { ...asked, state: 'requested' };
  };
  const deed = { actor, action: 'subscription.request', environment };
  return addOrRenew(parts.records, deed, id, allow, make);
}

/** One that was rejected, cancelled or has expired may be asked for again; the audit keeps what was before. */
async function addOrRenew(
  records: Records<Subscription>,
  deed: Deed,
  id: string,
  allow: () => void,
  make: () => Subscription,
): Promise<Stored<Subscription>> {
  try {
    return await records.add(deed, id, () => {
      allow();
      return make();
    });
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
  }
  return records.change({
    deed,
    id,
    expected: undefined,
    allow,
    edit({ state }) {
      if (running.has(state))
        throw new Problem('conflict', `There is a subscription to it already; it is ${state}`);
      return make();
    },
  });
}

async function list(
  { records, apps }: Parts,
  actor: Actor,
  { appId, productId, ...page }: SubscriptionQuery,
): Promise<Page<Subscription>> {
  const own = ownReachOf(actor, 'subscription.read');
  if (own === undefined) must(actor, 'subscription.read');
  const found = await records.find(
    appId !== undefined
      ? { index: 'app', equals: [appId], ...page }
      : productId !== undefined
        ? { index: 'product', equals: [productId], ...page }
        : { index: 'all', equals: ['all'], ...page },
  );
  const seen: Stored<Subscription>[] = [];
  for (const stored of found.items) {
    if (productId !== undefined && stored.value.productId !== productId) continue;
    if (own !== undefined && (await apps.read(stored.value.appId)).value.owner !== own) continue;
    seen.push(stored);
  }
  return { ...found, items: seen };
}

async function decide(
  parts: Parts,
  actor: Actor,
  id: string,
  wanted: {
    readonly decision: Decision;
    readonly reason: string | undefined;
    readonly expected: number | undefined;
    readonly ends: number | undefined;
  },
): Promise<Stored<Subscription>> {
  const { decision, reason, expected, ends } = wanted;
  if (reason !== undefined) checkLength('reason', reason, 1, 2000);
  const before = (await parts.records.read(id)).value;
  const subject = await subjectOf(parts, before);
  if (ends !== undefined && (decision !== 'active' || !(ends > parts.ground.clock.now())))
    throw new Problem('invalid', 'ends is a time to come, and goes with an approval alone');
  return parts.records.change({
    deed: {
      actor,
      action: `subscription.${decision}`,
      environment: before.environment,
    },
    id,
    expected,
    allow({ state }) {
      mustDecide(actor, steps[`${state} ${decision}`] ?? rightFor[decision], subject);
    },
    edit(now) {
      if (!steps[`${now.state} ${decision}`])
        throw new Problem('conflict', `It is ${now.state}, so it cannot become ${decision}`);
      if (decision === 'rejected' && reason === undefined)
        throw new Problem('invalid', 'A rejection needs a reason: whoever asked will read it');
      return {
        ...withoutReason(now),
        ...(ends === undefined ? {} : { ends }),
        state: decision,
        decidedBy: actor.id,
        decided: parts.ground.clock.now(),
        ...(reason === undefined ? {} : { reason }),
      };
    },
  });
}

function withoutReason({ reason: _before, ...asked }: Subscription): Subscription {
  return asked;
}

/** The right that is asked for where the state does not lead to the decision: who may not, need not learn the state. */
const rightFor: Readonly<Record<Decision, Action>> = {
  active: 'subscription.decide',
  rejected: 'subscription.decide',
  suspended: 'subscription.suspend',
  cancelled: 'subscription.cancel',
};

async function checkKinds({ records, products }: Parts, app: App): Promise<void> {
  const { items } = await records.find({ index: 'app', equals: [app.id], limit: 1000 });
  for (const { value } of items) {
    if (!running.has(value.state)) continue;
    const { scopes } = (await products.read(value.productId)).value;
    checkFit(app.kinds, value.productId, scopes);
  }
}
