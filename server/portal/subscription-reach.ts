/** What the pages of a Subscription share: it, its App and Product, and as who its visitor may act on it. */
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import type { Product, Subscription } from '../catalogue/products.ts';
import { may, type Actor } from '../catalogue/roles.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import type { SignedIn } from './page.ts';
import { actorIn, type Team } from './teams.ts';

/** Who looks things up for the pages; who sees what of it is decided here. */
export const reader: Actor = { id: 'hub', role: 'viewer', organisation: '*' };

export interface ReachedSubscription {
  readonly subscription: Subscription;
  readonly version: number;
  readonly app: App;
  readonly product: Product;
  /** As who its visitor acts for the App; undefined for who may not see that side. */
  readonly owner: Actor | undefined;
  /** As who its visitor decides; undefined for who may not. */
  readonly decider: Actor | undefined;
  /** Whether its visitor may act for the App, not only see it. */
  readonly manages: boolean;
}

/** @throws Problem `not-found` for who has nothing to do with it: it is not told that it exists */
export async function subscriptionOf(hub: Hub, visit: SignedIn): Promise<ReachedSubscription> {
  const { subscriptions, apps, products } = hub.administration;
  const id = visit.params.subscription ?? '';
  const { value: subscription, version } = await subscriptions.read(reader, id);
  const { value: app } = await apps.read(reader, subscription.appId);
  const { value: product } = await products.read(reader, subscription.productId);
  const teams = await teamsOf(hub, visit);
  const owner = actorFor(visit, teams, app.owner);
  const decider = deciderOf(visit.me.actor, teams, product);
  if (!owner && !decider) throw new Problem('not-found', 'There is no such subscription');
  const manages =
    owner !== undefined && may(owner, 'subscription.request', { organisation: app.owner });
  return { subscription, version, app, product, owner, decider, manages };
}

export async function teamsOf(hub: Hub, { me }: SignedIn): Promise<readonly Team[]> {
  return (await hub.teams.of(me.account.id)).map(({ value }) => value);
}

function actorFor({ me }: SignedIn, teams: readonly Team[], code: string): Actor | undefined {
  const subject = { organisation: code };
  const team = teams.find(({ id }) => id === code);
  if (team && !may(me.actor, 'subscription.request', subject)) return actorIn(team, me.actor);
  return may(me.actor, 'subscription.read', subject) ? me.actor : undefined;
}

/** As who somebody decides on requests for a Product. */
export function deciderOf(
  actor: Actor,
  teams: readonly Team[],
  { customer }: Product,
): Actor | undefined {
  if (!customer) return may(actor, 'subscription.decide') ? actor : undefined;
  const subject = { organisation: customer.owner };
  const team = teams.find(({ id }) => id === customer.owner);
  const acting = team ? actorIn(team, actor) : actor;
  return [acting, actor].find((one) => may(one, 'subscription.decide.customer', subject));
}

export function subscriptionPath(id: string): string {
  return `/subscriptions/${id}`;
}

export function backToSubscription({ subscription, product }: ReachedSubscription) {
  return { href: subscriptionPath(subscription.id), text: `Back to ${product.name}` };
}

/** "Hello World for Ward list in Sandbox". */
export function subscriptionName({ subscription, app, product }: ReachedSubscription): string {
  return `${product.name} for ${app.name} in ${environmentName(subscription.environment)}`;
}
