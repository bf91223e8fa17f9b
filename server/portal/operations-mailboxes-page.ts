/** All mailboxes of the installation, for operators and auditors: depth and age of each, by environment. */
import { html } from '../../core/html.ts';
import { environments, toEnvironment } from '../catalogue/environments.ts';
import { must } from '../catalogue/roles.ts';
import { ageText } from './age.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { allMailboxes, longestTable } from './mailbox-table.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';

const onPage = 50;

export function operationsMailboxesPage(hub: Hub): Pages {
  return { '/operations/mailboxes': accountPage({ show: (visit) => mailboxes(hub, visit) }) };
}

async function mailboxes(hub: Hub, visit: SignedIn): Promise<Page> {
  const { me, query, now } = visit;
  must(me.actor, 'mailbox.read');
  const environment = toEnvironment(query.get('environment') ?? '') ?? 'sandbox';
  const after = query.get('after')?.slice(0, 2000);
  const [standing, longest, { listed, next }] = await Promise.all([
    hub.operations.mailboxes(),
    hub.mailboxes.views.longest(me.actor, environment),
    hub.mailboxes.views.list(me.actor, {
      ...{ environment, limit: onPage },
      ...(after ? { after } : {}),
    }),
  ]);
  const path = (more: Readonly<Record<string, string>>) =>
    `/operations/mailboxes?${new URLSearchParams(more).toString()}`;
  const here = standing.find((one) => one.environment === environment);
  return {
    ...{ title: 'Mailboxes of the installation', here: 'operations' },
    back: { href: '/operations', text: 'Operations' },
    content: html`<nav class="hub-turn" aria-label="Environment"><ul>${environments.map((one) => html`<li><a href="${path({ environment: one })}"${one === environment ? html` aria-current="true"` : undefined}>${environmentName(one)}</a></li>`)}</ul></nav>
<p>${here === undefined ? 'Nothing waits' : `${here.count} messages wait${here.oldest === undefined ? '' : `, the oldest for ${ageText(now - here.oldest)}`}`} in ${environmentName(environment)}. What waits for five days goes back to its sender.</p>
${after || longest.length === 0 ? undefined : longestTable(environment, longest, now)}
${listed.length === 0 ? html`<p>There are no mailboxes.</p>` : allMailboxes(hub, listed, now)}
${next === undefined ? undefined : html`<p><a href="${path({ environment, after: next })}">Next mailboxes</a></p>`}`,
  };
}
