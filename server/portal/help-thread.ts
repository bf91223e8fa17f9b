/** A request for help as pages show it. */
import { html, type Html } from '../../core/html.ts';
import type { Ticket, TicketState } from './help-tickets.ts';
import { tag, time } from './parts.ts';

export function ticketTag(state: TicketState): Html {
  return {
    open: tag('Open', 'yellow'),
    answered: tag('Answered', 'green'),
    closed: tag('Closed', 'grey'),
  }[state];
}

/** What was asked and answered, oldest first. */
export function threadOf({ notes, reference }: Ticket): Html {
  return html`${reference === '' ? undefined : html`<p>Reference: <code class="hub-code">${reference}</code></p>`}
<ol class="nhsuk-list hub-thread">${notes.map(
    ({ at, by, name, text }) =>
      html`<li><p><strong>${by === 'asker' ? 'Asked' : `Answered by ${name}`}</strong>, ${time(at)}</p><p class="hub-said">${text}</p></li>`,
  )}</ol>`;
}
