/** The pair of keys of a Subscription: shown again in test environments, once in production; replaced with an overlap. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { keyOverlaps, keySlots, type KeyOverlap, type KnownKey } from '../catalogue/key-pairs.ts';
import type { Subscription } from '../catalogue/products.ts';
import { may, type Actor } from '../catalogue/roles.ts';
import type { KeySlot } from '../catalogue/subscription-keys.ts';
import { button, formOn, radios } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { fileWord, handOver } from './key-handover.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, table, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import {
  backToSubscription,
  subscriptionName,
  subscriptionOf,
  subscriptionPath,
  type ReachedSubscription,
} from './subscription-reach.ts';

export function subscriptionKeyPages(hub: Hub): Pages {
  return {
    '/subscriptions/:subscription/keys/:slot': accountPage({
      once: true,
      show: (visit, form) => slotPage(hub, visit, form),
      act: (visit, form) => replace(hub, visit, form),
    }),
    '/subscriptions/:subscription/keys/:slot/shown': accountPage({
      // A look is a deed that the audit has: it is asked for by a button, never by a link.
      show: (visit) => ({ to: visit.path.replace(/\/shown$/, '') }),
      act: (visit) => look(hub, visit),
    }),
  };
}

/** Both keys, where they can be looked up again: in production its owner makes each when there is somebody to take it. */
export async function makeFirstKeys(
  hub: Hub,
  actor: Actor,
  { id, environment }: Subscription,
): Promise<void> {
  if (environment === 'production') return;
  const { subscriptionKeys } = hub.administration;
  try {
    const known = await subscriptionKeys.list(actor, id);
    for (const slot of keySlots)
      if (!known.some((one) => one.slot === slot))
        await subscriptionKeys.regenerate(actor, id, slot, 'now');
  } catch (error) {
    // They can be made on the page of the subscription as well, which there is by now.
    hub.log.log('warn', 'keys could not be made yet', { kind: Problem.from(error).kind });
  }
}

export async function keySection(
  hub: Hub,
  { subscription, app }: ReachedSubscription,
  actor: Actor,
): Promise<Html> {
  const keys = await hub.administration.subscriptionKeys.list(actor, subscription.id);
  const allowed = may(actor, 'subscription.keys', { organisation: app.owner });
  const rows = keySlots.flatMap((slot) => {
    const some = keys.filter((one) => one.slot === slot);
    const none = [slot, 'None yet', '', '', allowed ? slotLink(subscription, slot, 'Make') : ''];
    return some.length === 0 ? [none] : some.map((one) => rowOf(subscription, one, allowed));
  });
  const head = ['Which', 'Begins … ends with', 'Made', 'Last used', 'Actions'];
  return html`<h2>Subscription keys</h2>
<p>Sent as ${code('Ocp-Apim-Subscription-Key')} or ${code('apikey')} to APIs that ask for a key. Both work, so that one can be replaced while the other is in use.</p>
${table('Keys', head, rows)}`;
}

function rowOf(subscription: Subscription, key: KnownKey, allowed: boolean) {
  const { slot, hint, created, ends, used } = key;
  return [
    slot,
    code(hint),
    html`${time(created)}${ends === undefined ? undefined : html`<br />Works until ${time(ends)}`}`,
    used
      ? html`${time(used.at)} from ${used.address.replace(/^::ffff:/, '')}`
      : 'Not yet, as far as is known',
    allowed && ends === undefined ? slotLink(subscription, slot, 'Show or replace') : '',
  ];
}

function slotLink({ id }: Subscription, slot: KeySlot, text: string): Html {
  return html`<a href="${subscriptionPath(id)}/keys/${slot}">${text}<span class="nhsuk-u-visually-hidden"> the ${slot} key</span></a>`;
}

/** As who its visitor deals with keys. @throws Problem `not-found` for who sees the other side alone */
async function keysOf(hub: Hub, visit: SignedIn) {
  const reached = await subscriptionOf(hub, visit);
  const slot = keySlots.find((one) => one === visit.params.slot);
  if (!slot || !reached.owner) throw new Problem('not-found', 'There is no such key');
  const keys = await hub.administration.subscriptionKeys.list(
    reached.owner,
    reached.subscription.id,
  );
  const current = keys.find((one) => one.slot === slot && one.ends === undefined);
  return { reached, slot, actor: reached.owner, current };
}

async function slotPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { reached, slot, current } = await keysOf(hub, visit);
  const choices = Object.keys(keyOverlaps).map((value) => ({
    ...{ value, text: overlapWords[value as KeyOverlap] }, // its own keys
  }));
  return {
    ...{ title: `The ${slot} key`, of: subscriptionName(reached), form, here: 'products' },
    back: backToSubscription(reached),
    content: html`${
      current?.kept
        ? html`<p>It is ${code(current.hint)}.</p>${formOn(visit, button('Show the key', 'secondary'), { action: `${visit.path}/shown` })}<p>Who looked at it when is in the audit.</p>`
        : current
          ? html`<p>It is ${code(current.hint)}. It was shown when it was made, and can be shown no more.</p>`
          : html`<p>There is none yet.</p>`
    }
<h2>${current ? 'Replace it' : 'Make it'}</h2>
${formOn(
  visit,
  html`${current ? radios(form, { name: 'overlap', label: 'How long does the old key go on working?', hint: 'The other key of the pair is not touched.', choices }) : undefined}
${button(current ? 'Replace the key' : 'Make the key', current ? 'warning' : undefined)}`,
  {
    once: form.raw('form_once') || newSecret(),
    ...(current ? {} : { hidden: { overlap: 'now' } }),
  },
)}`,
  };
}

const overlapWords: Readonly<Record<KeyOverlap, string>> = {
  now: 'Not at all: it ends now',
  '1h': 'An hour',
  '24h': 'A day',
  '7d': 'A week',
};

async function replace(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { reached, slot, actor } = await keysOf(hub, visit);
  const overlap = form.get('overlap');
  if (!Object.hasOwn(keyOverlaps, overlap))
    throw new FormRefused([{ field: 'overlap', text: 'Choose how long the old key works' }]);
  const { subscription, app, product } = reached;
  const made = await hub.administration.subscriptionKeys.regenerate(
    actor,
    subscription.id,
    slot,
    overlap as KeyOverlap, // one of its own keys, as was seen
  );
  return handOver(hub, visit, {
    title: `The ${slot} key of ${app.name} for ${product.name}`,
    about: `Send it as Ocp-Apim-Subscription-Key to the APIs of ${product.name} in ${environmentName(subscription.environment)}.`,
    text: made.key,
    file: `${fileWord(app.name)}-${subscription.environment}-${slot}-key.txt`,
    back: backToSubscription(reached),
  });
}

async function look(hub: Hub, visit: SignedIn): Promise<Page> {
  const { reached, slot, actor } = await keysOf(hub, visit);
  const key = await hub.administration.subscriptionKeys.reveal(
    actor,
    reached.subscription.id,
    slot,
  );
  return {
    ...{ title: `The ${slot} key`, of: subscriptionName(reached), here: 'products' },
    back: backToSubscription(reached),
    content: html`<pre class="hub-secret" tabindex="0" role="region" aria-label="The ${slot} key"><code>${key}</code></pre>
<p>Send it as ${code('Ocp-Apim-Subscription-Key')} to the APIs of ${reached.product.name} in ${environmentName(reached.subscription.environment)}. <a href="/security/api-key">How to call with it</a>. That you looked at it is in the audit.</p>`,
  };
}
