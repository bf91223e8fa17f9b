/** Mailboxes in tables: of an App by environment with what goes in and out, and of the whole installation for operators. */
import { html, type Html, type Part } from '../../core/html.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { Actor } from '../catalogue/roles.ts';
import { ageText } from './age.ts';
import type { Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import type { MailboxListed } from './mailbox-port.ts';
import { atLeast, mailboxesPath, mailboxPath } from './mailbox-reach.ts';
import { table, tag } from './parts.ts';

/** Messages that are looked at for each mailbox of a list. */
const looked = 200;

/** Those of an App in one environment, each with counts; undefined where it has none there. */
export async function mailboxesIn(
  hub: Hub,
  actor: Actor,
  app: string,
  environment: Environment,
): Promise<Html | undefined> {
  const { views } = hub.mailboxes;
  const { listed } = await views.list(actor, { environment, app, limit: 200 });
  if (listed.length === 0) return undefined;
  const now = hub.clock.now();
  const rows = listed.map(async ({ mailbox, waiting }) => {
    const { id } = mailbox;
    const { inFlight, undeliverable, received, sent, more } = await views.traffic(
      ...([actor, { environment, id }, looked] as const),
    );
    return [
      html`<a href="${mailboxPath({ environment, id })}">${id}</a><br />${mailbox.name}`,
      waitingText({ waiting }),
      oldestText({ waiting }, now),
      inFlight,
      undeliverable === 0 ? 0 : html`${tag(String(undeliverable), 'red')}`,
      html`${received} received<br />${sent} sent${more ? html`<br />(of the newest ${looked})` : undefined}`,
    ] satisfies readonly Part[];
  });
  const head = ['Mailbox', 'Waiting', 'Oldest', 'In flight', 'Not delivered', 'Last 24 hours'];
  return table(`Mailboxes in ${environmentName(environment)}`, head, await Promise.all(rows));
}

/** The part of the page of an App. */
export async function mailboxSection(hub: Hub, { app, actor }: Reached): Promise<Html> {
  const { mesh } = hub.mailboxes;
  const counts = await Promise.all(
    environments.map(async (environment) => {
      const { items } = await mesh.list(actor, { environment, app: app.id, limit: 200 });
      return items.length === 0 ? [] : [`${environmentName(environment)} ${items.length}`];
    }),
  );
  const found = counts.flat();
  return html`<h2>Mailboxes</h2>
<p>Where others leave messages for the app, by MESH. ${found.length === 0 ? 'It has none yet.' : `It has: ${found.join(', ')}.`}</p>
<p><a href="${mailboxesPath(app.id)}">${found.length === 0 ? 'Make a mailbox' : 'See its mailboxes'}</a></p>`;
}

/** All of an environment, for who runs the platform: a page of them. */
export function allMailboxes(
  { catalogue }: Pick<Hub, 'catalogue'>,
  listed: readonly MailboxListed[],
  now: number,
): Html {
  const rows = listed.map(({ mailbox, waiting }) => [
    html`<a href="${mailboxPath({ ...mailbox, environment: mailbox.environment as Environment })}">${mailbox.id}</a>`, // create was given one
    mailbox.name,
    mailbox.odsCode,
    mailbox.app === undefined
      ? 'None'
      : html`<a href="/apps/${mailbox.app}">${catalogue.app(mailbox.app)?.name ?? mailbox.app}</a>`,
    waitingText({ waiting }),
    oldestText({ waiting }, now),
  ]);
  const head = ['Mailbox', 'Name', 'ODS code', 'App', 'Waiting', 'Oldest'];
  return table('Mailboxes and what waits in them', head, rows);
}

/** Those in which something has waited longest; twenty are enough to begin with. */
export function longestTable(
  environment: Environment,
  longest: Awaited<ReturnType<Hub['mailboxes']['views']['longest']>>,
  now: number,
): Html {
  const rows = longest
    .slice(0, 20)
    .map(({ mailbox, count, oldest }) => [
      html`<a href="${mailboxPath({ environment, id: mailbox })}">${mailbox}</a>`,
      `${ageText(now - oldest)} ago`,
      count,
    ]);
  return table('Where messages have waited longest', ['Mailbox', 'Oldest', 'Waiting'], rows);
}

function waitingText({ waiting }: Pick<MailboxListed, 'waiting'>): string {
  return atLeast(waiting.count, waiting.more);
}

function oldestText({ waiting }: Pick<MailboxListed, 'waiting'>, now: number): string {
  return waiting.oldest === undefined ? 'Nothing waits' : `${ageText(now - waiting.oldest)} ago`;
}
