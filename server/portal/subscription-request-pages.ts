/** A subscription is asked for: the form, what it must hold, and who hears of it. */
import { html } from '../../core/html.ts';
import type { App } from '../catalogue/apps.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { Product } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import { environmentName, environmentOptions } from './app-words.ts';
import { mustBeRight } from './checks.ts';
import { button, formOn, input, select, textarea } from './fields.ts';
import { blankForm, FormRefused, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { startLink } from './parts.ts';
import { newSecret } from './secrets.ts';
import { makeFirstKeys } from './subscription-key-pages.ts';
import { tellDeciders } from './subscription-notices.ts';
import { subscriptionPath, teamsOf } from './subscription-reach.ts';
import { actorIn, manages } from './teams.ts';

const here = 'products';
const back = { href: '/subscriptions', text: 'Back to subscriptions' };

export function subscriptionRequestPages(hub: Hub): Pages {
  return {
    '/subscriptions/new': accountPage({
      once: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => ask(hub, visit, form),
    }),
  };
}

/** The Apps somebody may subscribe, each as who they act for it. */
async function myApps(
  hub: Hub,
  visit: SignedIn,
): Promise<readonly { readonly app: App; readonly actor: Actor }[]> {
  const teams = (await teamsOf(hub, visit)).filter((team) => manages(team, visit.me.account.id));
  const lists = await Promise.all(
    teams.map(async (team) => {
      const actor = actorIn(team, visit.me.actor);
      const { items } = await hub.administration.apps.list(actor, { owner: team.id, limit: 200 });
      return items.map(({ value: app }) => ({ app, actor }));
    }),
  );
  return lists.flat();
}

function productsByName({ catalogue }: Hub): readonly Product[] {
  return [...catalogue.products()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

async function newPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const apps = await myApps(hub, visit);
  if (apps.length === 0)
    return {
      ...{ title: 'Subscribe to a product', here, back },
      content: html`<p>It is an app that subscribes, and you may manage none yet.</p>${startLink('/apps/new', 'Register an app')}`,
    };
  const wanted = (name: string, usual: string) => visit.query.get(name) ?? usual;
  const shown = form.sent
    ? form
    : blankForm({
        ...{ app: wanted('app', ''), product: wanted('product', '') },
        environment: wanted('environment', 'sandbox'),
      });
  const products = productsByName(hub).map((one) => ({
    ...{ value: one.id, text: `${one.name} (${approvalWord(one)})` },
  }));
  return {
    ...{ title: 'Subscribe to a product', form, here, back },
    content: formOn(
      visit,
      html`${select(shown, { name: 'app', label: 'App', choices: apps.map(({ app }) => ({ value: app.id, text: app.name })) })}
${select(shown, { name: 'product', label: 'Product', choices: products })}
${select(shown, { name: 'environment', label: 'Environment', choices: environmentOptions })}
${textarea(shown, { name: 'purpose', label: 'What do you need it for?', hint: 'Whoever decides reads this. Needed where somebody decides: in production, and for products that need approval.', rows: 4 })}
${input(shown, { name: 'volume', label: 'How many calls a day do you expect?', hint: 'A rough number will do. Needed where somebody decides.', numeric: true, width: 10 })}
${button('Subscribe')}`,
      { once: form.raw('form_once') || newSecret() },
    ),
  };
}

/** How requests for it are decided, in a word or two. */
export function approvalWord({ approval, customer }: Product): string {
  if (customer) return `decided by the owner of ${customer.environment}`;
  return approval === 'automatic' ? 'at once' : 'needs approval';
}

async function ask(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const mine = (await myApps(hub, visit)).find(({ app }) => app.id === form.get('app'));
  const product = hub.catalogue.product(form.get('product'));
  const environment = environments.find((one) => one === form.get('environment'));
  if (!mine) throw new FormRefused([{ field: 'app', text: 'Choose an app of yours' }]);
  if (!product) throw new FormRefused([{ field: 'product', text: 'Choose a product' }]);
  if (!environment)
    throw new FormRefused([{ field: 'environment', text: 'Choose an environment' }]);
  const decided =
    environment === 'production' || product.approval === 'manual' || product.customer !== undefined;
  mustBeRight(
    registeredFaults(mine.app, environment),
    purposeFaults(form, decided),
    volumeFaults(form, decided),
  );
  const { subscriptions } = hub.administration;
  const { id, value: subscription } = await subscriptions.request(mine.actor, {
    ...{ appId: mine.app.id, productId: product.id, environment },
    ...(form.get('purpose') === '' ? {} : { purpose: form.get('purpose') }),
    ...(form.get('volume') === '' ? {} : { volume: Number(form.get('volume')) }),
  });
  if (subscription.state === 'requested')
    await tellDeciders(hub, { subscription, app: mine.app, product }, visit.me.person.name);
  else await makeFirstKeys(hub, mine.actor, subscription);
  const told =
    subscription.state === 'active'
      ? `${mine.app.name} is subscribed to ${product.name}.`
      : 'Your request is with whoever decides; they have a message. You will get one, too.';
  return { to: subscriptionPath(id), told };
}

function registeredFaults(app: App, environment: Environment): readonly Fault[] {
  if (app.registrations[environment]) return [];
  const text = `${app.name} is not registered in ${environmentName(environment)}: register it there first`;
  return [{ field: 'environment', text }];
}

function purposeFaults(form: Form, needed: boolean): readonly Fault[] {
  const { length } = form.get('purpose');
  if (length > 2000) return [{ field: 'purpose', text: 'Enter at most 2,000 characters' }];
  return needed && length === 0
    ? [{ field: 'purpose', text: 'Enter what you need it for: somebody has to decide' }]
    : [];
}

function volumeFaults(form: Form, needed: boolean): readonly Fault[] {
  const text = form.get('volume');
  if (text === '' && !needed) return [];
  return /^\d{1,9}$/.test(text)
    ? []
    : [{ field: 'volume', text: 'Enter the calls a day as a whole number, such as 500' }];
}
