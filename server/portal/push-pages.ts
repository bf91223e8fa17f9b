/** Push subscriptions of a mailbox: made, verified, paused, resumed, their secret made anew, ended. Dead letters have their own file. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { ageText } from './age.ts';
import { beside } from './app-reach.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { handOver } from './key-handover.ts';
import type { MailboxPlace, PushTold } from './mailbox-port.ts';
import {
  atLeast,
  backToMailbox,
  mailboxOf,
  mailboxPath,
  mustManage,
  type ReachedMailbox,
} from './mailbox-reach.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, startLink, summaryList, table, time } from './parts.ts';
import { pushFields, readPush, receiptChoices } from './push-fields.ts';
import {
  backToPush,
  endpointName,
  pushOf,
  pushPath,
  pushTag,
  type ReachedPush,
} from './push-reach.ts';
import { newSecret } from './secrets.ts';

const here = 'apps';
const base = '/mailboxes/:environment/:mailbox/pushes';

/** As many are counted. */
const counted = 1000;

export function pushPages(hub: Hub): Pages {
  return {
    [`${base}/new`]: accountPage({
      once: true,
      async show(visit, form) {
        const reached = await mailboxOf(hub, visit);
        mustManage(reached);
        return {
          ...{ title: 'Have messages pushed', form, here },
          back: backToMailbox(reached),
          content: html`<p>What is accepted for the mailbox is sent to your endpoint at once, signed, and tried for five days. <a href="/guides/events-and-push">How pushes work</a>.</p>
${formOn(visit, html`${pushFields(form)}${button('Go on')}`, { once: form.raw('form_once') || newSecret() })}`,
        };
      },
      act: (visit, form) => make(hub, visit, form),
    }),
    [`${base}/:push`]: accountPage({
      show: (visit, form) => onePage(hub, visit, form),
      act: (visit, form) => step(hub, visit, form),
    }),
    [`${base}/:push/secret`]: accountPage({
      once: true,
      async show(visit, form) {
        const reached = await managed(hub, visit);
        return {
          ...{ title: 'New signing secret', form, here, back: backToPush(reached) },
          content: html`${inset('Pushes are signed with the new one at once. Let your endpoint take both while you change it; what it refuses with 4xx becomes a dead letter.')}
${formOn(visit, button('Make a new secret', 'warning'), { once: form.raw('form_once') || newSecret() })}`,
        };
      },
      async act(visit) {
        const { actor, at, push } = await managed(hub, visit);
        const { secret } = await hub.mailboxes.pushes.newSecret(actor, push.id);
        return handSecret(hub, visit, at, push, secret);
      },
    }),
    [`${base}/:push/end`]: accountPage({
      async show(visit, form) {
        const reached = await managed(hub, visit);
        return {
          ...{ title: 'End the pushes', form, here, back: backToPush(reached) },
          content: html`<p>Nothing is sent to ${endpointName(reached.push.url)} any more. What waits to be pushed stays in the mailbox, to be fetched.</p>
${formOn(visit, button('End them', 'warning'))}`,
        };
      },
      async act(visit) {
        const { actor, at, push } = await managed(hub, visit);
        await hub.mailboxes.pushes.remove(actor, push.id);
        return {
          to: mailboxPath(at),
          told: `Nothing is pushed to ${endpointName(push.url)} any more.`,
        };
      },
    }),
  };
}

async function managed(hub: Hub, visit: SignedIn): Promise<ReachedPush> {
  const reached = await pushOf(hub, visit);
  mustManage(reached);
  return reached;
}

/** The part of the page of a mailbox. */
export async function pushSection(hub: Hub, { at, actor, manages }: ReachedMailbox): Promise<Html> {
  const { pushes } = hub.mailboxes;
  const of = { environment: at.environment, mailbox: at.id };
  const { items } = await pushes.list(actor, of, { limit: 200 });
  const rows = items.map(async ({ value: push }) => {
    const { waiting, dead } = await pushes.standing(push);
    return [
      html`<a href="${pushPath(at, push.id)}">${endpointName(push.url)}<span class="nhsuk-u-visually-hidden">, since ${time(push.created)}</span></a>`,
      pushTag(push),
      atLeast(waiting, waiting >= counted),
      atLeast(dead, dead >= counted),
    ];
  });
  const head = ['Endpoint', 'State', 'Waiting', 'Dead letters'];
  return html`<h2>Pushes</h2>
${items.length === 0 ? html`<p>The mailbox is polled: nothing is pushed from it.</p>` : table('Where its messages are pushed', head, await Promise.all(rows))}
${manages ? startLink(mailboxPath(at, '/pushes/new'), 'Have messages pushed', 'secondary') : undefined}`;
}

async function make(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const reached = await mailboxOf(hub, visit);
  mustManage(reached);
  const { actor, at } = reached;
  const wish = readPush(form);
  const { subscription, secret } = await beside('url', () =>
    hub.mailboxes.pushes.create(actor, at, wish),
  );
  return handSecret(hub, visit, at, subscription, secret);
}

function handSecret(
  hub: Hub,
  visit: SignedIn,
  at: MailboxPlace,
  { id, url, state }: PushTold,
  secret: string,
): Promise<Move> {
  const next = state === 'pending' ? ' Put it in place, then have the endpoint verified.' : '';
  return handOver(hub, visit, {
    title: `Signing secret of the pushes to ${endpointName(url)}`,
    about: `The field x-signature of each push is made with it.${next}`,
    text: secret,
    file: `${at.id}-${at.environment}-push-secret.txt`,
    back: { href: pushPath(at, id), text: `Go on to the pushes to ${endpointName(url)}` },
  });
}

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await pushOf(hub, visit);
  const { push, at, manages } = reached;
  const { waiting, dead, oldest } = await hub.mailboxes.pushes.standing(push);
  const path = (more: string) => pushPath(at, push.id, more);
  return {
    ...{ title: `Pushes to ${endpointName(push.url)}`, form, here, back: backToMailbox(reached) },
    content: html`${facts(push)}
<h2>Where they stand</h2>
${summaryList([
  {
    key: 'Waiting',
    value: `${atLeast(waiting, waiting >= counted)}${oldest === undefined ? '' : `; the oldest for ${ageText(visit.now - oldest)}`}`,
  },
  { key: 'Dead letters', value: atLeast(dead, dead >= counted) },
])}
<p><a href="${path('/letters?state=dead')}">See the dead letters</a></p>
<p><a href="${path('/letters')}">See all pushes of the last 7 days</a></p>
${manages ? steps(visit, reached, form) : undefined}
${manages ? html`<h2>Secret and end</h2><p><a href="${path('/secret')}">Make a new signing secret</a></p><p><a href="${path('/end')}">End the pushes</a></p>` : undefined}`,
  };
}

function facts(push: PushTold): Html {
  const { url, acknowledge, ordering, onDead, receipts, created, verified, reason } = push;
  const told = receiptChoices.filter(({ value }) => receipts.includes(value));
  return summaryList([
    {
      key: 'State',
      value: html`${pushTag(push)}${reason === undefined ? undefined : ` ${reason}`}`,
    },
    { key: 'Address', value: code(url) },
    {
      key: 'Its 2xx',
      value: acknowledge ? 'Acknowledges the message' : 'Leaves the message in the inbox',
    },
    {
      key: 'Order',
      value:
        ordering === 'none'
          ? 'As they come'
          : `By key; ${onDead === 'hold' ? 'behind one that is given up they wait' : 'past one that is given up'}`,
    },
    {
      key: 'The sender is told',
      value: told.length === 0 ? 'Nothing' : told.map(({ text }) => text).join('; '),
    },
    { key: 'Made', value: time(created) },
    { key: 'Verified', value: verified === undefined ? 'Not yet' : time(verified) },
  ]);
}

function steps(visit: SignedIn, { push }: ReachedPush, form: Form): Html {
  if (push.state === 'pending')
    return html`<h2>Next step: verify the endpoint</h2>
${formOn(visit, html`<p>It is sent <code class="hub-code">{"challenge": "…"}</code> with the field <code class="hub-code">x-challenge: echo</code> and must answer 200 with the same, or with the word alone, within 10 seconds. From then on messages are pushed, those that wait too.</p>${button('Send the challenge', undefined, 'verify')}`)}`;
  if (push.state === 'active')
    return html`<h2>Pause</h2>
${formOn(visit, html`<p>Messages wait meanwhile, five days at most, and can be fetched.</p>${input(form, { name: 'reason', label: 'Reason (optional)' })}${button('Pause', 'secondary', 'pause')}`)}`;
  return html`<h2>Go on</h2>
${formOn(visit, html`<p>What waits is pushed from now on.</p><div class="hub-buttons">${push.verified === undefined ? undefined : button('Resume', undefined, 'resume')}${button('Send the challenge again', 'secondary', 'verify')}</div>`)}`;
}

async function step(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { actor, at, push } = await managed(hub, visit);
  const { pushes } = hub.mailboxes;
  const to = pushPath(at, push.id);
  if (form.get('verify') === 'yes') {
    await verified(() => pushes.verify(actor, push.id));
    return {
      to,
      told: 'The endpoint has given the challenge back. Messages are pushed from now on.',
    };
  }
  if (form.get('resume') === 'yes') {
    await pushes.resume(actor, push.id);
    return { to, told: 'Messages are pushed again.' };
  }
  if (form.get('pause') !== 'yes') throw new FormRefused([{ text: 'Choose one of the buttons' }]);
  const reason = form.get('reason');
  if (reason.length > 200)
    throw new FormRefused([{ field: 'reason', text: 'Enter a reason of at most 200 characters' }]);
  await pushes.suspend(actor, push.id, reason === '' ? undefined : reason);
  return { to, told: 'The pushes are paused.' };
}

/** The endpoint's failing is nothing that a field could help. */
async function verified(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict')
      throw new FormRefused([{ text: error.message }], 409);
    throw error;
  }
}
