/** Subscriptions: all of mine, asking for one, one with its keys, usage and messages, and cancelling it. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Actor } from '../catalogue/roles.ts';
import { appPath } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { lastDay } from './day.ts';
import { button, formOn, textarea } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { inset, list, startLink, summaryList, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { keySection } from './subscription-key-pages.ts';
import { tellMessage } from './subscription-notices.ts';
import {
  backToSubscription,
  subscriptionName,
  subscriptionOf,
  subscriptionPath,
  teamsOf,
  type ReachedSubscription,
} from './subscription-reach.ts';
import { subscriptionRequestPages } from './subscription-request-pages.ts';
import { subscriptionTable, subscriptionTag } from './subscription-table.ts';
import { longestMessage, say, threadOf } from './subscription-thread.ts';
import { limitsShown, usageShown } from './subscription-usage.ts';

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
    ...subscriptionRequestPages(hub),
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
