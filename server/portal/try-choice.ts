/**
 * What somebody chose in the console of an operation: place, authorisation, subscription, test user. Read from the form, with
 * what is usual where nothing was chosen; whatever is not theirs is refused. Owns that reading.
 */
import type { App } from '../catalogue/apps.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Product, Subscription } from '../catalogue/products.ts';
import type { Fault, Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import type { Visit } from './page.ts';
import { manages, type Team } from './teams.ts';
import { accessesAt, isSignIn, notGiven, type Access } from './try-access.ts';
import type { Tried, TryPlace } from './try-places.ts';
import type { TestUser } from './try-ports.ts';

/** A subscription that the visitor may call with. */
export interface Mine {
  readonly subscription: Subscription;
  readonly product: Product;
  readonly app: App;
  readonly team: Team;
}

export interface Choice {
  readonly place: TryPlace;
  readonly accesses: readonly Access[];
  readonly access: Access;
  /** Those that may be chosen. */
  readonly subscriptions: readonly Mine[];
  readonly mine: Mine | undefined;
  readonly testUsers: readonly TestUser[];
  /** Who signs in; undefined: the visitor does. */
  readonly testUser: TestUser | undefined;
  /** Products that would give the chosen app this way in, when it holds none that does. */
  readonly ungiven: readonly Product[];
  readonly faults: readonly Fault[];
}

/** The choice in a form. */
export async function choiceOf(hub: Hub, visit: Visit, tried: Tried, form: Form): Promise<Choice> {
  const [first] = tried.places;
  if (!first) throw new Error('an operation without a place is not tried');
  const named = form.get('environment') || visit.query.get('environment');
  const place = tried.places.find(({ environment }) => environment === named) ?? first;
  const accesses = accessesAt(hub, place);
  const access = accesses.find((one) => one === form.get('access')) ?? accesses[0] ?? 'none';
  const subscriptions = await subscriptionsOf(hub, visit, place);
  const asked = form.names.includes('subscription') ? form.get('subscription') : undefined;
  const mine =
    asked === undefined
      ? subscriptions[0]
      : (subscriptions.find(({ subscription }) => subscription.id === asked) ??
        counterpart(hub, subscriptions, asked));
  const testUsers = isSignIn(access) ? hub.tryIt.testUsers(place.environment, access) : [];
  // A box that was not there yet could not be unticked.
  const unticked = form.names.includes('test_user_shown') && form.get('test_user') !== 'yes';
  const testUser = unticked ? undefined : testUsers[0];
  const held = subscriptions.filter(({ app }) => app.id === mine?.app.id);
  const products = held.map(({ product }) => product);
  const ungiven = mine ? notGiven(hub, place.proxy.api, access, products) : [];
  return {
    ...{ place, accesses, access, subscriptions, mine, testUsers, testUser, ungiven },
    faults: faultsOf({ named, place, form, access, asked, mine, subscriptions }),
  };
}

/** Another environment was chosen: the same app and Product there. */
function counterpart(hub: Hub, subscriptions: readonly Mine[], asked: string): Mine | undefined {
  const known = hub.catalogue.subscription(asked);
  return subscriptions.find(
    ({ subscription: { appId, productId } }) =>
      appId === known?.appId && productId === known.productId,
  );
}

interface Asked {
  readonly named: string | null;
  readonly place: TryPlace;
  readonly form: Form;
  readonly access: Access;
  readonly asked: string | undefined;
  readonly mine: Mine | undefined;
  readonly subscriptions: readonly Mine[];
}

function faultsOf({
  named,
  place,
  form,
  access,
  asked,
  mine,
  subscriptions,
}: Asked): readonly Fault[] {
  const wished = form.get('access');
  return [
    ...(form.get('environment') !== '' && named !== place.environment
      ? [{ field: 'environment', text: 'Choose one of the environments' }]
      : []),
    ...(wished !== '' && wished !== access
      ? [{ field: 'access', text: 'Choose one of the ways in of this environment' }]
      : []),
    ...(asked !== undefined && asked !== '' && !mine
      ? [
          {
            field: subscriptions.length > 0 ? 'subscription' : 'access',
            text: 'Choose one of the subscriptions of your teams in this environment',
          },
        ]
      : []),
  ];
}

/** The app of a choice in its environment. */
export function clientOf(hub: Hub, { place: { environment }, mine }: Choice): Client | undefined {
  const registration = mine?.app.registrations[environment];
  return registration && hub.catalogue.client(registration.clientId);
}

/** Active ones that cover the Api there, of teams in which the visitor may use keys. */
async function subscriptionsOf(
  hub: Hub,
  { me }: Visit,
  { environment, proxy }: TryPlace,
): Promise<readonly Mine[]> {
  if (!me) return [];
  const teams = await hub.teams.of(me.account.id);
  const managed = new Map(
    teams
      .filter(({ value }) => manages(value, me.account.id))
      .map(({ value }) => [value.id, value]),
  );
  return [...hub.catalogue.apps()].flatMap((app) => {
    const team = managed.get(app.owner);
    if (!team || app.registrations[environment]?.state !== 'approved') return [];
    return hub.catalogue
      .covering(app.id, environment, proxy.api)
      .map(({ subscription, product }) => ({ subscription, product, app, team }));
  });
}
