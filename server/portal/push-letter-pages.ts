/** Pushes of a subscription, each with its attempts; dead letters pushed anew or discarded. */
import { html, type Html } from '../../core/html.ts';
import type { Delivery } from '../../core/outbox.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import type { AttemptTold } from './mailbox-port.ts';
import { messageLink, mustManage } from './mailbox-reach.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, summaryList, table, time } from './parts.ts';
import {
  backToPush,
  endpointName,
  letterPath,
  letterTag,
  pushOf,
  pushPath,
  type ReachedPush,
} from './push-reach.ts';

const here = 'apps';
const base = '/mailboxes/:environment/:mailbox/pushes/:push/letters';
const onPage = 50;

export function letterPages(hub: Hub): Pages {
  return {
    [base]: accountPage({
      show: (visit, form) => listPage(hub, visit, form),
      async act(visit) {
        const reached = await pushOf(hub, visit);
        mustManage(reached);
        const { actor, at, push } = reached;
        const wish = { from: 0, to: Infinity, perSecond: 10 };
        const count = await hub.mailboxes.letters.replayAll(actor, push.id, wish);
        return {
          to: pushPath(at, push.id, '/letters'),
          told: `${count} dead letters are pushed anew, ten a second.`,
        };
      },
    }),
    [`${base}/:message`]: accountPage({
      show: (visit, form) => onePage(hub, visit, form),
      act: (visit, form) => decide(hub, visit, form),
    }),
  };
}

const states = {
  '': 'All',
  waiting: 'Waiting',
  dead: 'Dead letters',
  done: 'Taken',
} as const;

async function listPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await pushOf(hub, visit);
  const { push, at, actor, manages } = reached;
  const given = visit.query.get('state');
  const state = given === 'waiting' || given === 'dead' || given === 'done' ? given : undefined;
  const after = visit.query.get('after')?.slice(0, 2000);
  const { items, next } = await hub.mailboxes.letters.list(actor, push.id, {
    limit: onPage,
    ...(state ? { state } : {}),
    ...(after ? { after } : {}),
  });
  const path = (more: Readonly<Record<string, string>>) =>
    pushPath(at, push.id, `/letters?${new URLSearchParams(more).toString()}`);
  const rows = items.map(({ value }) => rowOf(reached, value));
  const head = ['Message', 'State', 'Attempts', 'Handed in', 'Next or ended', 'Reason'];
  const replays = items.some(({ value }) => value.state === 'dead' && !value.discarded);
  return {
    ...{
      title: `Pushes to ${endpointName(push.url)}, by message`,
      form,
      here,
      back: backToPush(reached),
    },
    content: html`<nav class="hub-turn" aria-label="State"><ul>${Object.entries(states).map(([one, text]) => html`<li><a href="${path(one === '' ? {} : { state: one })}"${one === (state ?? '') ? html` aria-current="true"` : undefined}>${text}</a></li>`)}</ul></nav>
${rows.length === 0 ? html`<p>There are none.</p>` : table('Pushes', head, rows)}
${next === undefined ? undefined : html`<p><a href="${path({ ...(state ? { state } : {}), after: next })}">Next pushes</a></p>`}
${manages && replays ? formOn(visit, button('Push all dead letters anew', 'secondary')) : undefined}`,
  };
}

function rowOf({ at, push }: ReachedPush, letter: Delivery) {
  const { about, attempts, created, due, ended, reason = '' } = letter;
  const message = about.messageId ?? '';
  return [
    html`<a href="${letterPath(at, push.id, message)}">${message}</a>`,
    letterTag(letter),
    attempts,
    time(created),
    time(ended ?? due),
    reason,
  ];
}

/** The id of the push in the path. */
function letterId({ mailboxes }: Hub, { at, push }: ReachedPush, { params }: SignedIn): string {
  return mailboxes.letterId(push.id, at.environment, params.message ?? '');
}

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await pushOf(hub, visit);
  const { actor, at, manages } = reached;
  const { push: letter, made } = await hub.mailboxes.letters.read(
    actor,
    letterId(hub, reached, visit),
  );
  const { about, state, attempts, created, due, expires, ended, reason, generation } = letter;
  return {
    ...{ title: `Push of message ${about.messageId ?? ''}`, form, here },
    back: {
      href: pushPath(at, reached.push.id, '/letters'),
      text: `Back to the pushes to ${endpointName(reached.push.url)}`,
    },
    content: html`${summaryList([
      { key: 'State', value: letterTag(letter) },
      ...(reason === undefined ? [] : [{ key: 'Reason', value: reason }]),
      { key: 'Message', value: messageLink(at, about.messageId ?? '') },
      { key: 'Workflow', value: code(about.workflow ?? '') },
      { key: 'Attempts', value: attempts },
      ...(generation === undefined ? [] : [{ key: 'Begun anew', value: `${generation} times` }]),
      { key: 'Handed in', value: time(created) },
      ended === undefined
        ? { key: 'Next attempt', value: time(due) }
        : { key: 'Ended', value: time(ended) },
      ...(ended === undefined ? [{ key: 'Tried until', value: time(expires) }] : []),
    ])}
<h2>Attempts</h2>
${attemptTable(made)}
${manages && state === 'dead' ? decisions(visit, letter, form) : undefined}`,
  };
}

function attemptTable(made: readonly AttemptTold[]): Html {
  if (made.length === 0) return html`<p>None has been made, or they are no longer kept.</p>`;
  const rows = made.map(({ at, milliseconds, status, fault }) => [
    time(at),
    status === 0 ? 'No answer' : `Answered ${status}`,
    fault ?? '',
    `${milliseconds} ms`,
  ]);
  const last = made.findLast(({ excerpt }) => excerpt !== undefined);
  return html`${table('Oldest first', ['When', 'What came', 'Why', 'Took'], rows)}
${
  last === undefined
    ? undefined
    : html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">What the endpoint answered last</span></summary><div class="nhsuk-details__text"><p>The start of it, as the endpoint wrote it. It may name a patient.</p><pre class="hub-block" tabindex="0" role="region" aria-label="Answer of the endpoint">${last.excerpt}</pre></div></details>`
}`;
}

function decisions(visit: SignedIn, { discarded }: Delivery, form: Form): Html {
  return html`<h2>Decide</h2>
${formOn(visit, html`<p>It is pushed once more, under the same message id.</p>${button('Push it anew', undefined, 'replay')}`)}
${
  discarded
    ? undefined
    : formOn(
        visit,
        html`<p>Or give it up for good; those that wait behind it go on. The message stays in the mailbox.</p>${input(form, { name: 'reason', label: 'Reason', hint: 'It is kept with the push and in the audit: no names of patients.' })}${button('Discard it', 'warning', 'discard')}`,
      )
}`;
}

async function decide(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const reached = await pushOf(hub, visit);
  mustManage(reached);
  const { actor, at, push } = reached;
  const { letters } = hub.mailboxes;
  const id = letterId(hub, reached, visit);
  const to = letterPath(at, push.id, visit.params.message ?? '');
  if (form.get('replay') === 'yes') {
    await letters.replay(actor, id);
    return { to, told: 'It is pushed anew.' };
  }
  if (form.get('discard') !== 'yes') throw new FormRefused([{ text: 'Choose one of the buttons' }]);
  const reason = form.get('reason');
  if (reason === '' || reason.length > 200)
    throw new FormRefused([{ field: 'reason', text: 'Enter a reason of 1 to 200 characters' }]);
  await letters.discard(actor, id, reason);
  return { to, told: 'It is discarded.' };
}
