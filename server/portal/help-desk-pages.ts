/** The desk of those who answer: requests for help by class and state, and one with its thread. */
import { html } from '../../core/html.ts';
import { mustBeRight } from './checks.ts';
import { button, formOn, radios, textarea } from './fields.ts';
import { textFaults } from './help-pages.ts';
import { threadOf, ticketTag } from './help-thread.ts';
import {
  openTickets,
  ticketKinds,
  ticketStates,
  type Ticket,
  type TicketKind,
  type Tickets,
} from './help-tickets.ts';
import type { Hub } from './hub-parts.ts';
import { ticketAnswerMessage } from './messages.ts';
import { accountPage, type Pages, type SignedIn } from './page.ts';
import { summaryList, table, time } from './parts.ts';

export function helpDeskPages(hub: Hub): Pages {
  const tickets = openTickets(hub);
  return {
    '/operations/tickets': accountPage({
      async show({ me, query }) {
        const state = ticketStates.find((one) => one === query.get('state')) ?? 'open';
        const kind = kindNames.find((one) => one === query.get('kind'));
        const all = await tickets.list(me.actor, state, kind);
        const link = (to: Record<string, string>, text: string, isHere: boolean) =>
          html`<li><a href="/operations/tickets?${new URLSearchParams(to).toString()}"${isHere ? html` aria-current="true"` : undefined}>${text}</a></li>`;
        const kept = kind === undefined ? {} : { kind };
        return {
          ...{ title: 'Requests for help', here: 'operations' },
          back: { href: '/operations', text: 'Operations' },
          content: html`<nav class="hub-turn" aria-label="State"><ul>${ticketStates.map((one) => link({ ...kept, state: one }, one, one === state))}</ul></nav>
<nav class="hub-turn" aria-label="Class"><ul>${link({ state }, 'all', kind === undefined)}${kindNames.map((one) => link({ kind: one, state }, one, one === kind))}</ul></nav>
${all.length === 0 ? html`<p>There are none.</p>` : table(`Requests that are ${state}`, ['Number', 'About', 'Class', 'Asked', 'First answer after'], all.map(rowOf))}`,
        };
      },
    }),
    '/operations/tickets/:ticket': ticketPage(hub, tickets),
  };
}

const kindNames = Object.keys(ticketKinds) as readonly TicketKind[]; // a constant: it has no other keys

function rowOf({ id, subject, kind, created, answered }: Ticket) {
  return [
    html`<a href="/operations/tickets/${id}">${id}</a>`,
    subject,
    kind,
    time(created),
    answered === undefined ? 'none yet' : hoursText(answered - created),
  ];
}

function hoursText(milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function ticketPage(hub: Hub, tickets: Tickets) {
  const who = ({ me }: SignedIn) => ({ actor: me.actor, account: '' });
  return accountPage({
    async show(visit, form) {
      const { value } = await tickets.read(who(visit), visit.params.ticket ?? '');
      const states = ticketStates.map((one) => ({ value: one, text: one }));
      return {
        ...{ title: value.subject, here: 'operations', form },
        back: { href: '/operations/tickets', text: 'Requests for help' },
        content: html`${summaryList([
          { key: 'Number', value: value.id },
          { key: 'State', value: ticketTag(value.state) },
          { key: 'Class', value: ticketKinds[value.kind] },
          {
            key: 'Answer to',
            value: value.email === '' ? 'nobody: no address was left' : value.email,
          },
        ])}${threadOf(value)}
${formOn(visit, html`${textarea(form, { name: 'text', label: 'Answer', hint: 'It is sent by mail and stands in the thread' })}${radios(form, { name: 'state', label: 'Then it is', choices: states, value: 'answered' })}${button('Answer')}`)}`,
      };
    },
    async act(visit, form) {
      mustBeRight(textFaults(form));
      const note = { by: 'staff', name: visit.me.person.name, text: form.get('text') } as const;
      const state = ticketStates.find((one) => one === form.get('state')) ?? 'answered';
      const { id, value } = await tickets.add(who(visit), visit.params.ticket ?? '', note, state);
      // An account may have another address by now.
      const asker = value.account === '' ? undefined : await hub.accounts.find(value.account);
      const to = asker?.value.email ?? value.email;
      if (to !== '')
        await hub.send(
          `hub-${id}-${value.notes.length}`,
          ticketAnswerMessage(to, value, note.text),
        );
      return {
        to: `/operations/tickets/${id}`,
        told: to === '' ? 'It is in the thread.' : 'The answer is sent.',
      };
    },
  });
}
