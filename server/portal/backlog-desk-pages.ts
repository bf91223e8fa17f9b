/** The backlog for those who decide: suggestions and comments that wait, every item by state, and the form that edits one. */
import { html, type Html } from '../../core/html.ts';
import { must } from '../catalogue/roles.ts';
import { openComments, type BacklogComment, type BacklogComments } from './backlog-comments.ts';
import {
  backlogTag,
  capital,
  itemFaults,
  itemFields,
  kindIn,
  mostText,
  stateMeanings,
  votesText,
} from './backlog-parts.ts';
import { openVotes, type BacklogVotes } from './backlog-votes.ts';
import { backlogStates, openBacklog, type Backlog, type BacklogItem } from './backlog.ts';
import { mustBeRight } from './checks.ts';
import { button, formOn, radios, textarea } from './fields.ts';
import type { Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { table, time } from './parts.ts';

export function backlogDeskPages(hub: Hub): Pages {
  const backlog = openBacklog(hub);
  const votes = openVotes(hub);
  const comments = openComments(hub);
  return {
    '/operations/backlog': accountPage({
      show: (visit) => deskPage(backlog, comments, visit),
    }),
    '/operations/backlog/:item': itemPage(backlog, votes),
    '/operations/backlog/comments/:comment': accountPage({
      show: () => ({ to: '/operations/backlog' }),
      async act(visit, form) {
        const state = form.get('decision') === 'shown' ? 'shown' : 'removed';
        await comments.decide(visit.me.actor, visit.params.comment ?? '', state);
        const told = state === 'shown' ? 'Everybody sees the comment.' : 'Nobody sees the comment.';
        return { to: '/operations/backlog', told };
      },
    }),
  };
}

async function deskPage(
  backlog: Backlog,
  comments: BacklogComments,
  visit: SignedIn,
): Promise<Page> {
  const { actor } = visit.me;
  const state = backlogStates.find((one) => one === visit.query.get('state')) ?? 'suggested';
  const after = visit.query.get('after') ?? '';
  const found = await backlog.list(actor, state, after === '' ? {} : { after });
  const [waiting, shown] = await Promise.all([
    comments.list(actor, 'waiting'),
    comments.list(actor, 'shown'),
  ]);
  const next = new URLSearchParams({ state, after: found.next ?? '' }).toString();
  return {
    ...{ title: 'Backlog', here: 'operations' },
    back: { href: '/operations', text: 'Operations' },
    content: html`<p>What <a href="/backlog">everybody sees</a> is decided here.</p>
<nav class="hub-turn" aria-label="State"><ul>${backlogStates.map((one) => html`<li><a href="/operations/backlog?state=${one}"${one === state ? html` aria-current="true"` : undefined}>${one}</a></li>`)}</ul></nav>
${found.items.length === 0 ? html`<p>There is none.</p>` : itemTable(found.items.map(({ value }) => value))}
${found.next === undefined ? undefined : html`<p><a href="/operations/backlog?${next}">More</a></p>`}
<h2>Comments that wait</h2>${waiting.length === 0 ? html`<p>There are none.</p>` : waiting.map((one) => commentShown(visit, one))}
<h2>Comments that everybody sees</h2>${shown.length === 0 ? html`<p>There are none.</p>` : shown.map((one) => commentShown(visit, one))}`,
  };
}

function itemTable(items: readonly BacklogItem[]): Html {
  const rows = items.map(({ id, title, state, created }) => [
    html`<a href="/operations/backlog/${id}">${title}</a>`,
    backlogTag(state),
    time(created),
  ]);
  return table('Items', ['What', 'State', 'Since'], rows);
}

function commentShown(visit: SignedIn, { id, item, name, text, created, state }: BacklogComment) {
  const action = `/operations/backlog/comments/${id}`;
  const decide = (decision: string, label: string) =>
    formOn(visit, button(label, 'secondary'), { action, hidden: { decision } });
  return html`<div class="nhsuk-inset-text"><p>${name} on <a href="/backlog/${item}">${item}</a>, ${time(created)}</p><p class="hub-said">${text}</p>${state === 'waiting' ? decide('shown', 'Show it to everybody') : undefined}${decide('removed', 'Remove it')}</div>`;
}

function itemPage(backlog: Backlog, votes: BacklogVotes) {
  return accountPage({
    async show(visit, form) {
      must(visit.me.actor, 'backlog.change');
      const { value, version } = await backlog.read(visit.params.item ?? '', visit.me.actor);
      const states = backlogStates.map((one) => ({
        ...{ value: one, text: capital(one), hint: stateMeanings[one] },
      }));
      const fields = html`${itemFields(form, value)}
${radios(form, { name: 'state', label: 'What becomes of it', choices: states, value: value.state })}
${textarea(form, { name: 'answer', label: 'What you have to say of it (optional)', hint: 'It stands on its page', value: value.answer })}`;
      return {
        ...{ title: value.title, here: 'operations', form },
        back: { href: '/operations/backlog', text: 'Backlog' },
        content: html`<p>${value.id}, ${votesText(await votes.count(value.id))}. ${value.author === '' ? 'Put there by the platform' : 'Suggested by somebody with an account'}, ${time(value.created)}.</p>${formOn(visit, html`${fields}${button('Save')}`, { hidden: { version } })}`,
      };
    },
    async act(visit, form) {
      const { fields, expected } = readItem(form);
      await backlog.change(visit.me.actor, visit.params.item ?? '', fields, expected);
      return { to: '/operations/backlog', told: 'It is saved.' };
    },
  });
}

/** @throws FormRefused */
function readItem(form: Form) {
  const state = backlogStates.find((one) => one === form.get('state'));
  const kind = kindIn(form);
  const answer = form.get('answer');
  mustBeRight(
    itemFaults(form),
    state ? [] : [{ field: 'state', text: 'Say what becomes of it' }],
    answer.length > mostText
      ? [{ field: 'answer', text: 'Say it in 4,000 characters or fewer' }]
      : [],
  );
  const version = Number(form.get('version'));
  return {
    fields: {
      ...{ title: form.get('title'), text: form.get('text'), answer },
      ...(kind ? { kind } : {}),
      ...(state ? { state } : {}),
    },
    expected: Number.isInteger(version) && version > 0 ? version : undefined,
  };
}
