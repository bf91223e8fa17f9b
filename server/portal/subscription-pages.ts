/** Subscriptions: all of mine, asking for one, one with its keys, usage and messages, and cancelling it. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { Product } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import { appPath } from './app-reach.ts';
import { environmentName, environmentOptions } from './app-words.ts';
import { mustBeRight } from './checks.ts';
import { lastDay } from './day.ts';
import { button, formOn, input, select, textarea } from './fields.ts';
import { blankForm, FormRefused, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { inset, list, startLink, summaryList, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { keySection, makeFirstKeys } from './subscription-key-pages.ts';
import { tellDeciders, tellMessage } from './subscription-notices.ts';
import {
  backToSubscription,
  subscriptionName,
  subscriptionOf,
  subscriptionPath,
  teamsOf,
  type ReachedSubscription,
} from './subscription-reach.ts';
import { subscriptionTable, subscriptionTag } from './subscription-table.ts';
import { longestMessage, say, threadOf } from './subscription-thread.ts';
import { limitsShown, usageShown } from './subscription-usage.ts';
import { actorIn, manages } from './teams.ts';

const here = 'products';
const back = { href: '/subscriptions', text: 'Back to subscriptions' };

export function subscriptionPages(hub: Hub): Pages {
  return {
    '/subscriptions': accountPage({
      show: async (visit) => ({
        ...{ title: 'Subscriptions', here },
        content: html`<p>A subscription lets an app call the APIs of a product in an environment.</p>
${subscriptionTable(hub, await teamsOf(hub, visit))}
${startLink('/subscriptions/new', 'Subscribe to a product')}`,
      }),
    }),
    '/subscriptions/new': accountPage({
      once: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => ask(hub, visit, form),
    }),
    '/subscriptions/:subscription': accountPage({
      once: true,
      show: (visit, form) => onePage(hub, visit, form),
      act: (visit, form) => write(hub, visit, form),
    }),
    '/subscriptions/:subscription/cancel': accountPage({
      show: (visit, form) => cancelPage(hub, visit, form),
      async act(visit) {
        const { subscription, owner } = await subscriptionOf(hub, visit);
        const { id } = subscription;
        if (!owner) throw new Problem('not-found', 'There is no such subscription');
        await hub.administration.subscriptions.decide(owner, id, 'cancelled');
        return { to: subscriptionPath(id), told: 'The subscription is cancelled.' };
      },
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

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await subscriptionOf(hub, visit);
  const { subscription, app, product, owner, decider, manages: mine } = reached;
  const { id, state } = subscription;
  const running = ['requested', 'active', 'suspended'].includes(state);
  const insight = owner && state === 'active' ? await figures(hub, owner, reached) : undefined;
  return {
    ...{ title: `${product.name} for ${app.name}`, of: environmentName(subscription.environment) },
    ...{ form, here, back },
    content: html`${facts(reached)}
${state === 'requested' && mine ? inset('Somebody has to decide on it. You will get a message; questions come below.') : undefined}
${decider && running ? startLink(`${subscriptionPath(id)}/decision`, state === 'requested' ? 'Decide on it' : 'Suspend, resume or cancel it') : undefined}
${mine && running ? html`<p><a href="${subscriptionPath(id)}/cancel">Cancel the subscription</a></p>` : undefined}
${owner && state === 'active' ? nextStep(hub, reached) : undefined}
${owner && state === 'active' ? await keySection(hub, reached, owner) : undefined}
${insight}
${owner && product.apis.includes(hub.mailboxes.api) ? html`<h2>Mailboxes</h2><p><a href="/apps/${app.id}/mailboxes">Mailboxes of ${app.name}</a>: what waits in them, and what became of messages.</p>` : undefined}
<h2>Messages</h2>
<p>Between who asked and who decides.</p>
${await threadOf(hub, id)}
${
  mine || decider
    ? formOn(
        visit,
        html`${textarea(form, { name: 'message', label: 'Write a message', rows: 3 })}${button('Send', 'secondary')}`,
        { once: form.raw('form_once') || newSecret() },
      )
    : undefined
}`,
  };
}

/** From a subscription to a call: what each Api asks for, and where it can be tried. */
function nextStep(hub: Hub, { subscription, app, product }: ReachedSubscription): Html {
  const { environment } = subscription;
  const links = product.apis.map((id) => {
    const title = hub.catalogue.api(id)?.title ?? id;
    return html`<a href="/catalogue/${id}">${title}</a>: operations, addresses, code and Try it`;
  });
  return html`<h2>Next step</h2>${list(links)}<p><a href="${appPath(app.id, environment)}">What ${app.name} needs in ${environmentName(environment)}</a> before its calls go through.</p>`;
}

async function figures(
  hub: Hub,
  actor: Actor,
  { subscription, app, product }: ReachedSubscription,
): Promise<Html> {
  const of = { app: app.id, product: product.id, environment: subscription.environment };
  return html`<h2>Limits</h2>
${await limitsShown(hub, actor, of, product.apis)}
<h2>Usage</h2>
${await usageShown(hub, actor, of)}`;
}

/** What a Subscription is. */
export function facts({ subscription, app, product }: ReachedSubscription): Html {
  const { state, environment, purpose, volume, requested, decided, reason, ends } = subscription;
  return summaryList([
    { key: 'State', value: subscriptionTag(state) },
    { key: 'Product', value: html`<a href="/products/${product.id}">${product.name}</a>` },
    { key: 'App', value: html`<a href="/apps/${app.id}">${app.name}</a>` },
    { key: 'Environment', value: environmentName(environment) },
    { key: 'Asked for', value: time(requested) },
    { key: 'What for', value: purpose ?? 'Not said' },
    { key: 'Calls expected a day', value: volume?.toLocaleString('en-GB') ?? 'Not said' },
    ...(decided === undefined ? [] : [{ key: 'Decided', value: time(decided) }]),
    ...(reason === undefined ? [] : [{ key: 'Reason', value: reason }]),
    ...(ends === undefined ? [] : [{ key: 'Last day', value: lastDay(ends) }]),
  ]);
}

async function write(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const reached = await subscriptionOf(hub, visit);
  const { subscription, app, product, owner, decider, manages: mine } = reached;
  const text = form.get('message');
  const by = mine ? owner : decider;
  if (!by) throw new Problem('forbidden', 'Only who asked and who decides can write here');
  if (text === '') throw new FormRefused([{ field: 'message', text: 'Write something' }]);
  if (text.length > longestMessage)
    throw new FormRefused([
      { field: 'message', text: `Write at most ${longestMessage} characters` },
    ]);
  const message = { name: visit.me.person.name, text };
  const side = mine ? 'requester' : 'approver';
  await say(hub, by, subscription.id, { ...message, side });
  await tellMessage(hub, { subscription, app, product }, { ...message, side });
  return { to: subscriptionPath(subscription.id), told: 'Your message is sent.' };
}

async function cancelPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await subscriptionOf(hub, visit);
  return {
    ...{ title: 'Cancel the subscription', of: subscriptionName(reached) },
    ...{ form, here, back: backToSubscription(reached) },
    content: html`${facts(reached)}<p>Its keys stop working, and tokens no longer have its scopes. You can ask for it again.</p>
${formOn(visit, button('Cancel the subscription', 'warning'))}`,
  };
}
