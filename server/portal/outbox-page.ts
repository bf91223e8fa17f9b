/** The messages of a laptop without a mail server, for who sits at it. Elsewhere there is no such page. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Hub, OutboxMail } from './hub-parts.ts';
import { openPage, type Pages } from './page.ts';
import { time } from './parts.ts';

export function outboxPage(hub: Hub): Pages {
  const { outbox } = hub;
  if (!outbox) return {};
  return {
    '/outbox': openPage({
      async show({ local }) {
        if (!local)
          throw new Problem('not-found', 'The outbox is shown on the machine of the server alone');
        const mails = await outbox();
        return {
          ...{ title: 'Outbox', here: 'outbox' },
          content: html`<p>This server has no mail server (SMTP_URL). Messages stay here, newest first.</p>
${mails.length === 0 ? html`<p>There are none.</p>` : mails.map(shown)}`,
        };
      },
    }),
  };
}

function shown({ to, subject, text, created }: OutboxMail): Html {
  return html`<article class="hub-mail"><h2>${subject}</h2><p>To ${to}, ${time(created)}</p><pre>${linked(text)}</pre></article>`;
}

/** The text with its addresses as links. */
function linked(text: string): readonly Html[] {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`));
}
