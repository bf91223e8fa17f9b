/**
 * What an App still needs in an environment before its calls go through, each with the page that brings it. Asks; changes
 * nothing. The rules are those by which calls are judged; this only reads them out.
 */
import { html, type Html } from '../../core/html.ts';
import type { App, Registration } from '../catalogue/apps.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { Product, Subscription } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import { appPath, proxiesOf, type Placed } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { list, tag } from './parts.ts';

interface Need {
  readonly state: 'done' | 'missing' | 'waits';
  /** "Public key". */
  readonly what: string;
  /** "none is registered". */
  readonly told: string;
  readonly act?: { readonly href: string; readonly text: string };
}

/** In the order in which they are to be met. */
async function needsOf(hub: Hub, { app, environment, registration }: Placed): Promise<Need[]> {
  const place = appPath(app.id, environment);
  const held = await subscriptionsIn(hub, app, environment);
  const active = held.filter(({ subscription }) => subscription.state === 'active');
  return [
    approval(registration),
    credential(registration, place),
    ...subscriptionNeeds(held, app, environment),
    ...(active.some(({ product }) => signsIn(product)) ? [callback(registration, place)] : []),
    ...(await asidNeeds(hub, app, environment, active)),
    ...placeNeeds(hub, environment, active),
  ];
}

interface Held {
  readonly subscription: Subscription;
  readonly product: Product;
}

/** Who looks things up for the pages: what is shown of it is decided here, not there. */
const reader: Actor = { id: 'hub', role: 'viewer', organisation: '*' };

async function subscriptionsIn(hub: Hub, app: App, environment: Environment): Promise<Held[]> {
  const { items } = await hub.administration.subscriptions.list(reader, {
    ...{ appId: app.id, limit: 200 },
  });
  return items.flatMap(({ value: subscription }) => {
    const product = hub.catalogue.product(subscription.productId);
    return product && subscription.environment === environment ? [{ subscription, product }] : [];
  });
}

function approval({ state }: Registration): Need {
  const what = 'Registration';
  if (state === 'approved') return { state: 'done', what, told: 'approved' };
  return state === 'pending'
    ? { state: 'waits', what, told: 'somebody who runs the platform has to approve it' }
    : { state: 'missing', what, told: 'it was revoked: ask those who run the platform' };
}

function credential(registration: Registration, place: string): Need {
  const { keys, secrets, smartAuthentication } = registration;
  const what = 'Credential';
  if (keys) return { state: 'done', what, told: 'a public key is registered' };
  if (secrets.length > 0) return { state: 'done', what, told: 'it has a client secret' };
  if (smartAuthentication === 'none')
    return { state: 'done', what, told: 'a public client: it proves itself with PKCE alone' };
  const act = { href: `${place}/keys/new`, text: 'Register a public key' };
  const told =
    'no key is registered, so it gets no access token; calls with a subscription key alone need none';
  return { state: 'missing', what, told, act };
}

function subscriptionNeeds(held: readonly Held[], app: App, environment: Environment): Need[] {
  const what = 'Subscription';
  const active = held.filter(({ subscription }) => subscription.state === 'active');
  const waiting = held.filter(({ subscription }) => subscription.state === 'requested');
  const names = (some: readonly Held[]) => some.map(({ product }) => product.name).join(', ');
  const act = {
    href: `/subscriptions/new?app=${app.id}&environment=${environment}`,
    text: 'Subscribe to a product',
  };
  return [
    ...(active.length > 0 ? [{ state: 'done' as const, what, told: names(active) }] : []),
    ...(waiting.length > 0
      ? [{ state: 'waits' as const, what, told: `${names(waiting)}: somebody has to decide` }]
      : []),
    ...(held.length === 0 || active.length + waiting.length === 0
      ? [{ state: 'missing' as const, what, told: 'it may call no API yet', act }]
      : []),
  ];
}

/** A subscription opens nothing where its APIs do not run. */
function placeNeeds(hub: Hub, environment: Environment, active: readonly Held[]): Need[] {
  const apis = [...new Set(active.flatMap(({ product }) => product.apis))];
  const away = apis.filter((api) => proxiesOf(hub, api, environment).length === 0);
  const here = environmentName(environment);
  return away.map((api) => {
    const others = environments.filter((one) => proxiesOf(hub, api, one).length > 0);
    const where = others.length === 0 ? 'nowhere' : `in ${others.map(environmentName).join(', ')}`;
    const title = hub.catalogue.api(api)?.title ?? api;
    const told = `${title} does not run in ${here}; it runs ${where}`;
    const act = { href: `/catalogue/${api}`, text: 'See its addresses' };
    return { state: 'missing', what: 'API', told, act };
  });
}

function signsIn({ scopes }: Product): boolean {
  return scopes.some((scope) => /^urn:nhsd:apim:user-|^(patient|user)\/|^launch/.test(scope));
}

function callback({ redirectUris }: Registration, place: string): Need {
  const what = 'Callback address';
  if (redirectUris.length > 0) return { state: 'done', what, told: redirectUris.join(', ') };
  const act = { href: `${place}/addresses`, text: 'Add one' };
  return { state: 'missing', what, told: 'people sign in, and come back to it', act };
}

/** Policies that refuse who has no ASID. */
const asksForAsid: ReadonlySet<string> = new Set(['accredited-system', 'pds-caller', 'open-lane']);

async function asidNeeds(
  hub: Hub,
  app: App,
  environment: Environment,
  active: readonly Held[],
): Promise<Need[]> {
  const what = 'ASID';
  const asid = app.registrations[environment]?.asid;
  if (asid !== undefined) return [{ state: 'done', what, told: asid }];
  const asking: string[] = [];
  for (const { product } of active)
    for (const api of product.apis)
      if (await asksAsid(hub, environment, api)) asking.push(hub.catalogue.api(api)?.title ?? api);
  if (asking.length === 0) return [];
  const act = {
    href: `/deployments/new?app=${app.id}&environment=${environment}`,
    text: 'Request it here',
  };
  const apis = [...new Set(asking)].join(', ');
  return [
    { state: 'missing', what, told: `no ASID for ${apis} in ${environmentName(environment)}`, act },
  ];
}

async function asksAsid(hub: Hub, environment: Environment, api: string): Promise<boolean> {
  for (const { id, active } of proxiesOf(hub, api, environment)) {
    const revision = await hub.administration.proxies
      .revision(reader, id, active)
      .catch(() => undefined);
    const policies = revision?.value.definition.policies ?? [];
    if (policies.some(({ policy }) => asksForAsid.has(policy))) return true;
  }
  return false;
}

const words = { done: 'Done', missing: 'Missing', waits: 'Waits' } as const;
const colours = { done: 'green', missing: 'red', waits: 'yellow' } as const;

/** All of it, what is missing with the link that leads on. */
export async function needList(hub: Hub, placed: Placed): Promise<Html> {
  const needs = await needsOf(hub, placed);
  const ready = needs.every(({ state }) => state === 'done');
  const items = needs.map(
    ({ state, what, told, act }) =>
      html`${tag(words[state], colours[state])} ${what}: ${told}${act ? html`. <a href="${act.href}">${act.text}</a>` : undefined}`,
  );
  return html`${ready ? html`<p>Nothing is missing: ask for a token and call.</p>` : html`<p>What is missing before its calls go through:</p>`}${list(items)}`;
}
