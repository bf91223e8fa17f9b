/** Help: answers to what is asked often, a form that gives a number, and the thread for who has an account. */
import { html, type Html } from '../../core/html.ts';
import { administratorCollection } from '../catalogue/people.ts';
import { mustNotExceed } from './attempts.ts';
import { emailFaults, mustBeRight, nameFaults } from './checks.ts';
import { enter } from './deeds.ts';
import { button, formOn, input, radios, textarea } from './fields.ts';
import type { Fault, Form } from './form.ts';
import {
  openTickets,
  ticketKinds,
  type Ticket,
  type TicketKind,
  type Tickets,
} from './help-tickets.ts';
import { ticketTag, threadOf } from './help-thread.ts';
import type { Hub } from './hub-parts.ts';
import { ticketMessage } from './messages.ts';
import { accountPage, openPage, type Move, type Pages, type Visit } from './page.ts';
import { table, time } from './parts.ts';
import { newSecret } from './secrets.ts';

export function helpPages(hub: Hub): Pages {
  const tickets = openTickets(hub);
  return {
    '/help': openPage({
      show: (visit) => ({
        title: 'Help',
        ...(visit.me ? {} : { keep: 'revalidate' as const }),
        content: html`<p><a class="nhsuk-button" href="/help/ask">Ask for help</a></p>
${visit.me ? html`<p><a href="/help/mine">Your requests for help</a></p>` : undefined}
<h2>Look here first</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li>Does it work for others? <a href="/status">Status of the APIs</a></li><li>A token is refused: <a href="/explain/token">why</a></li><li>A call or message went astray: <a href="/explain/call">what happened to it</a></li><li>How something is done: <a href="/guides">guides</a>, <a href="/start">getting started</a></li><li>Something is missing: <a href="/backlog">what comes next</a>, and where to wish for it</li></ul>
<h2>I get no message</h2><p>Look among unwanted messages. Messages are sent once a minute at most. On a laptop without a mail server they are in the outbox.</p>
<h2>A link does not work</h2><p>Links work once and for a limited time. Ask for a new one on the page where you asked for the first.</p>
<h2>I am locked out</h2><p>After ten wrong passwords you have to wait a quarter of an hour. A <a href="/forgotten">new password</a> ends the wait.</p>
<h2>I have lost my phone</h2><p>Sign in with one of your recovery codes, and set up another phone in your account.</p>`,
      }),
    }),
    '/help/ask': askPage(hub, tickets),
    '/help/sent/:ticket': openPage({
      show: ({ params, me }) => {
        const number = /^HELP-\d{1,12}$/.exec(params.ticket ?? '')?.[0] ?? '';
        return {
          title: 'Your request is here',
          content: html`<p class="nhsuk-lede-text">Its number is <strong>${number}</strong>. Keep it, and name it when you ask again.</p>
<p>${me ? html`The answer comes by mail and stands in <a href="/help/mine">your requests for help</a>.` : 'If you left an e-mail address, the answer comes there.'}</p>`,
        };
      },
    }),
    '/help/mine': accountPage({
      async show({ me }) {
        const own = await tickets.of(me.account.id);
        return {
          title: 'Your requests for help',
          back: { href: '/help', text: 'Help' },
          content:
            own.length === 0
              ? html`<p>You have made none. <a href="/help/ask">Ask for help</a>.</p>`
              : ownList(own),
        };
      },
    }),
    '/help/mine/:ticket': ownPage(tickets),
  };
}

function askPage(hub: Hub, tickets: Tickets) {
  return openPage({
    once: true,
    show(visit, form) {
      const email = visit.me
        ? html`<p>The answer goes to ${visit.me.account.value.email}.</p>`
        : input(form, {
            name: 'email',
            label: 'Your e-mail address (optional)',
            hint: 'Only to answer you. Without one you get a number, and no answer',
            type: 'email',
            autocomplete: 'email',
          });
      const kinds = Object.entries(ticketKinds).map(([value, text]) => ({ value, text }));
      const fields = html`${radios(form, { name: 'kind', label: 'What is it about', choices: kinds, value: visit.query.get('about') ?? '' })}
${input(form, { name: 'subject', label: 'In a few words' })}
${textarea(form, { name: 'text', label: 'What did you do, what did you expect, what happened?', hint: 'Nothing about patients, no keys, no passwords', rows: 8 })}
${input(form, { name: 'reference', label: 'The X-Request-ID of the call, or another reference (optional)' })}
${email}`;
      return {
        ...{ title: 'Ask for help', form },
        back: { href: '/help', text: 'Help' },
        content: formOn(visit, html`${fields}${button('Send it')}`, {
          once: form.raw('form_once') || newSecret(),
        }),
      };
    },
    act: (visit, form) => ask(hub, tickets, visit, form),
  });
}

async function ask(hub: Hub, tickets: Tickets, visit: Visit, form: Form): Promise<Move> {
  const kind = (Object.keys(ticketKinds) as TicketKind[]).find((one) => one === form.get('kind')); // a constant's keys
  mustBeRight(
    kind ? [] : [{ field: 'kind', text: 'Say what it is about' }],
    nameFaults(form, 'subject', 'what it is about, in a few words'),
    textFaults(form),
    form.get('reference').length > 200
      ? [{ field: 'reference', text: 'Enter a reference of at most 200 characters' }]
      : [],
    visit.me || form.get('email') === '' ? [] : emailFaults(form),
  );
  await mustNotExceed(hub, [
    { key: 'hub-help-from', from: visit.call.address, limit: 10, minutes: 60 },
    // What strangers do takes nothing from who has an account.
    visit.me
      ? { key: `hub-help:${visit.me.account.id}`, limit: 30, minutes: 60 }
      : { key: 'hub-help', limit: 300, minutes: 60 },
  ]);
  const { id, value } = await tickets.create({
    ...{ kind: kind ?? 'other', subject: form.get('subject'), text: form.get('text') },
    ...{ reference: form.get('reference'), account: visit.me?.account.id ?? '' },
    email: visit.me?.account.value.email ?? form.get('email'),
  });
  await enter(hub, visit, { action: 'ticket.create', id, user: visit.me?.account.id ?? '' });
  for (const to of await staffAddresses(hub))
    await hub.send(
      `hub-ticket-${id}-${to}`,
      ticketMessage(to, value, `${hub.publicUrl()}/operations/tickets/${id}`),
    );
  return { to: `/help/sent/${id}` };
}

/** Where requests are sent: where the settings say, else to the accounts of those who answer. */
export async function staffAddresses(hub: Hub): Promise<readonly string[]> {
  if (hub.helpAddress !== '') return [hub.helpAddress];
  const people = await hub.store
    .open(administratorCollection)
    .find({ index: 'all', equals: ['all'], limit: 500 });
  const staff = people.items.filter(
    ({ value }) => value.role === 'operator' || value.role === 'administrator',
  );
  const accounts = await Promise.all(staff.slice(0, 50).map(({ id }) => hub.accounts.find(id)));
  const active = await Promise.all(staff.slice(0, 50).map(({ id }) => hub.accounts.person(id)));
  return accounts.flatMap((one, at) => (one && active[at] ? [one.value.email] : []));
}

function ownList(own: readonly Ticket[]): Html {
  const rows = own.map(({ id, subject, state, created }) => [
    html`<a href="/help/mine/${id}">${id}</a>`,
    subject,
    ticketTag(state),
    time(created),
  ]);
  return table('Your requests', ['Number', 'About', 'State', 'Asked'], rows);
}

function ownPage(tickets: Tickets) {
  const who = (visit: {
    me: { actor: Parameters<Tickets['list']>[0]; account: { id: string } };
  }) => ({
    actor: visit.me.actor,
    account: visit.me.account.id,
  });
  return accountPage({
    async show(visit, form) {
      const { value } = await tickets.read(who(visit), visit.params.ticket ?? '');
      return {
        ...{ title: value.subject, form },
        back: { href: '/help/mine', text: 'Your requests for help' },
        content: html`<p>${value.id} ${ticketTag(value.state)}</p>${threadOf(value)}
${formOn(visit, html`${textarea(form, { name: 'text', label: 'Add to it', hint: 'Nothing about patients, no keys, no passwords' })}${button('Send it')}`)}`,
      };
    },
    async act(visit, form) {
      mustBeRight(textFaults(form));
      const note = { by: 'asker', name: '', text: form.get('text') } as const;
      const { id } = await tickets.add(who(visit), visit.params.ticket ?? '', note);
      return { to: `/help/mine/${id}`, told: 'It is added.' };
    },
  });
}

export function textFaults(form: Form): readonly Fault[] {
  const text = form.get('text');
  if (text === '') return [{ field: 'text', text: 'Say what it is' }];
  return text.length > 10_000
    ? [{ field: 'text', text: 'Say it in 10,000 characters or fewer' }]
    : [];
}
