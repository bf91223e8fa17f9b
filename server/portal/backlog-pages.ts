/** The backlog for everybody: the list, one item with its votes and comments, a vote, a comment, a suggestion. */
import { html, type Html } from '../../core/html.ts';
import { may } from '../catalogue/roles.ts';
import { mustNotExceed } from './attempts.ts';
import { openComments, type BacklogComment, type BacklogComments } from './backlog-comments.ts';
import {
  backlogTag,
  capital,
  itemFaults,
  itemFields,
  kindIn,
  longTextFaults,
  stateMeanings,
  votesText,
} from './backlog-parts.ts';
import { openVotes, type BacklogVotes } from './backlog-votes.ts';
import {
  backlogKinds,
  isPublic,
  openBacklog,
  publicStates,
  type Backlog,
  type BacklogItem,
} from './backlog.ts';
import { mustBeRight } from './checks.ts';
import { button, formOn, textarea } from './fields.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, openPage, type Page, type Pages, type SignedIn, type Visit } from './page.ts';
import { list, startLink, tag, time } from './parts.ts';
import { newSecret } from './secrets.ts';

interface Parts {
  readonly hub: Hub;
  readonly backlog: Backlog;
  readonly votes: BacklogVotes;
  readonly comments: BacklogComments;
}

export function backlogPages(hub: Hub): Pages {
  const parts: Parts = {
    ...{ hub, backlog: openBacklog(hub), votes: openVotes(hub), comments: openComments(hub) },
  };
  return {
    '/backlog': openPage({ show: (visit) => listPage(parts, visit) }),
    '/backlog/suggest': suggestPage(parts),
    '/backlog/:item': openPage({ show: (visit) => itemPage(parts, visit) }),
    '/backlog/:item/vote': votePage(parts),
    '/backlog/:item/comment': commentPage(parts),
  };
}

async function listPage({ backlog, votes }: Parts, { me, query }: Visit): Promise<Page> {
  const kind = query.get('kind') ?? '';
  const groups: Html[] = [];
  for (const state of publicStates) {
    const all = (await backlog.published(state)).filter((one) => kind === '' || one.kind === kind);
    if (all.length === 0) continue;
    const counted = await Promise.all(
      all.map(async (item) => ({ item, count: await votes.count(item.id) })),
    );
    counted.sort((a, b) => b.count - a.count || b.item.created - a.item.created);
    groups.push(
      html`<h2>${capital(state)}</h2><p>${stateMeanings[state]}.</p><ol class="nhsuk-list hub-thread">${counted.map(({ item, count }) => shortly(item, count))}</ol>`,
    );
  }
  const own = me ? await backlog.suggestedBy(me.actor.id) : [];
  return {
    title: 'What comes next',
    ...(me ? {} : { keep: 'revalidate' as const }),
    content: html`<p class="nhsuk-lede-text">Upcoming APIs and features, with what those who use them think of it. Who has an account can vote, comment and suggest.</p>
<p>${startLink('/backlog/suggest', 'Suggest something', 'secondary')}</p>
<nav class="hub-turn" aria-label="Kind"><ul>${[['', 'Everything'], ...Object.entries(backlogKinds)].map(([value = '', text = '']) => html`<li><a href="/backlog${value === '' ? '' : `?kind=${value}`}"${value === kind ? html` aria-current="true"` : undefined}>${text}</a></li>`)}</ul></nav>
${groups.length === 0 ? html`<p>There is nothing in it yet.</p>` : groups}
${own.length === 0 ? undefined : html`<h2>Your suggestions that are not shown</h2>${list(own.map(({ id, title, state }) => html`<a href="/backlog/${id}">${title}</a> ${backlogTag(state)}`))}`}`,
  };
}

function shortly({ id, title, kind }: BacklogItem, count: number): Html {
  return html`<li><p><a href="/backlog/${id}">${title}</a></p><p>${backlogKinds[kind]}, ${votesText(count)}</p></li>`;
}

async function itemPage({ backlog, votes, comments }: Parts, visit: Visit): Promise<Page> {
  const { me, params } = visit;
  const { value: item } = await backlog.read(params.item ?? '', me?.actor);
  const count = await votes.count(item.id);
  const said = await comments.on(item.id, me?.actor.id);
  const shown = isPublic(item);
  return {
    title: item.title,
    ...(me ? {} : { keep: 'revalidate' as const }),
    back: { href: '/backlog', text: 'What comes next' },
    content: html`<p>${backlogTag(item.state)} ${stateMeanings[item.state]}. ${backlogKinds[item.kind]}; ${item.id}, since ${time(item.created)}.</p>
<p class="hub-said">${item.text}</p>
${item.answer === '' ? undefined : html`<h2>What those who decide say</h2><p class="hub-said">${item.answer}</p>`}
${shown ? html`<h2>Votes</h2><p>${capital(votesText(count))}.</p>${await voteForm(votes, item.id, visit)}` : undefined}
${shown ? html`<h2>Comments</h2>${thread(said)}<p><a href="/backlog/${item.id}/comment">Write a comment</a></p>` : undefined}
${me && may(me.actor, 'backlog.change') ? html`<p><a href="/operations/backlog/${item.id}">Decide on it, or edit it</a></p>` : undefined}`,
  };
}

async function voteForm(votes: BacklogVotes, item: string, visit: Visit): Promise<Html> {
  const { me } = visit;
  if (!me) return html`<p><a href="/backlog/${item}/vote">Sign in to vote</a></p>`;
  const has = await votes.has(item, me.actor.id);
  const text = has ? 'Take my vote back' : 'Vote for it';
  return html`${has ? html`<p>You have voted for it.</p>` : undefined}${formOn(visit, button(text, 'secondary'), { action: `/backlog/${item}/vote`, hidden: { wanted: has ? 'no' : 'yes' } })}`;
}

/** For the form of the item's page; whoever comes here over the sign-in is led there. */
function votePage({ backlog, votes }: Parts) {
  return accountPage({
    show: ({ params }) => ({ to: `/backlog/${params.item ?? ''}` }),
    async act(visit, form) {
      const id = await publicId(backlog, visit);
      const wanted = form.get('wanted') !== 'no';
      await votes.set(visit.me.actor, id, wanted);
      return {
        to: `/backlog/${id}`,
        told: wanted ? 'Your vote is counted.' : 'Your vote is taken back.',
      };
    },
  });
}

function commentPage({ hub, backlog, comments }: Parts) {
  return accountPage({
    once: true,
    async show(visit, form) {
      const id = await publicId(backlog, visit);
      const { value: item } = await backlog.read(id, visit.me.actor);
      const field = textarea(form, {
        ...{ name: 'text', label: 'Your comment' },
        hint: `It is shown with your name, ${visit.me.person.name}, once it has been read. Nothing about patients`,
      });
      return {
        ...{ title: `Comment on: ${item.title}`, form },
        back: { href: `/backlog/${id}`, text: item.title },
        content: formOn(visit, html`${field}${button('Send it')}`, {
          once: form.raw('form_once') || newSecret(),
        }),
      };
    },
    async act(visit, form) {
      const id = await publicId(backlog, visit);
      mustBeRight(longTextFaults(form, 'text', 'Write what you want to say'));
      await mustNotExceed(hub, writing(visit));
      const { name } = visit.me.person;
      await comments.add(visit.me.actor, { item: id, name, text: form.get('text') });
      return { to: `/backlog/${id}`, told: 'It is shown to everybody once it has been read.' };
    },
  });
}

function suggestPage({ hub, backlog }: Parts) {
  return accountPage({
    once: true,
    show: (visit, form) => ({
      ...{ title: 'Suggest something', form },
      back: { href: '/backlog', text: 'What comes next' },
      content: html`<p>Look first whether it is <a href="/backlog">there already</a>: a vote says as much. Somebody reads each suggestion before everybody sees it. Your name is not shown.</p>${formOn(visit, html`${itemFields(form)}${button('Suggest it')}`, { once: form.raw('form_once') || newSecret() })}`,
    }),
    async act(visit, form) {
      mustBeRight(itemFaults(form));
      await mustNotExceed(hub, writing(visit));
      const { id } = await backlog.suggest(visit.me.actor, {
        ...{ title: form.get('title'), text: form.get('text'), kind: kindIn(form) ?? 'platform' },
      });
      return { to: `/backlog/${id}`, told: 'Thank you. Somebody will read it.' };
    },
  });
}

/** Suggestions and comments together. */
function writing({ me }: SignedIn) {
  return [{ key: `hub-backlog:${me.actor.id}`, limit: 20, minutes: 60 }];
}

/** The item in the path, as everybody sees it. @throws Problem `not-found` */
async function publicId(backlog: Backlog, { params }: SignedIn): Promise<string> {
  return (await backlog.read(params.item ?? '', undefined)).id;
}

function thread(said: readonly BacklogComment[]): Html {
  if (said.length === 0) return html`<p>There are none.</p>`;
  return html`<ol class="nhsuk-list hub-thread">${said.map(
    ({ name, text, created, state }) =>
      html`<li><p><strong>${name}</strong>, ${time(created)} ${state === 'waiting' ? tag('Waits to be read', 'yellow') : undefined}</p><p class="hub-said">${text}</p></li>`,
  )}</ol>`;
}
