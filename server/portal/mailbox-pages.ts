/** Mailboxes of an App: all with counts, making one, one by itself, its name and its password. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { ageText } from './age.ts';
import { appOf, backToApp, beside, versionIn, type Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { mustBeRight, nameFaults } from './checks.ts';
import { button, formOn, input, radios, select } from './fields.ts';
import { blankForm, FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { handOver } from './key-handover.ts';
import { messageSearch } from './mailbox-message-pages.ts';
import {
  atLeast,
  backToMailbox,
  hasMesh,
  mailboxesPath,
  mailboxName,
  mailboxOf,
  mailboxPath,
  mustManage,
  type ReachedMailbox,
} from './mailbox-reach.ts';
import { mailboxesIn } from './mailbox-table.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, startLink, summaryList, tag, time } from './parts.ts';
import { pushSection } from './push-pages.ts';
import { newSecret } from './secrets.ts';

const here = 'apps';
const base = '/mailboxes/:environment/:mailbox';

export function mailboxPages(hub: Hub): Pages {
  return {
    '/apps/:app/mailboxes': accountPage({ show: (visit) => listPage(hub, visit) }),
    '/apps/:app/mailboxes/new': accountPage({
      once: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => make(hub, visit, form),
    }),
    [base]: accountPage({ show: (visit) => onePage(hub, visit) }),
    [`${base}/change`]: accountPage({
      async show(visit, form) {
        const reached = await managed(hub, visit);
        const { mailbox, version } = reached;
        const shown = form.sent
          ? form
          : blankForm({ name: mailbox.name, active: mailbox.active ? 'yes' : 'no' });
        return {
          ...{
            title: `Change ${mailboxName(reached.at)}`,
            form,
            here,
            back: backToMailbox(reached),
          },
          content: formOn(
            visit,
            html`${input(shown, { name: 'name', label: 'Name' })}${radios(shown, { name: 'active', label: 'Is it in use?', hint: 'Out of use it is refused: nobody sends to it or fetches from it.', choices: inUse })}${button('Save')}`,
            { hidden: { version: form.raw('version') || version } },
          ),
        };
      },
      async act(visit, form) {
        const { actor, at } = await managed(hub, visit);
        mustBeRight(nameFaults(form, 'name', 'a name'));
        const fields = { name: form.get('name'), active: form.get('active') !== 'no' };
        await hub.mailboxes.mesh.change(actor, at, fields, versionIn(form));
        return { to: mailboxPath(at), told: 'The mailbox is changed.' };
      },
    }),
    [`${base}/password`]: accountPage({
      once: true,
      async show(visit, form) {
        const reached = await managed(hub, visit);
        return {
          ...{ title: `New password for ${mailboxName(reached.at)}`, form, here },
          back: backToMailbox(reached),
          content: html`${inset('The password before ends at once: whoever calls with it is refused until the new one is in place.')}
${formOn(visit, button('Make a new password', 'warning'), { once: form.raw('form_once') || newSecret() })}`,
        };
      },
      async act(visit) {
        const { actor, at } = await managed(hub, visit);
        const { secret } = await hub.mailboxes.mesh.newPassword(actor, at);
        return handPassword(hub, visit, at, secret);
      },
    }),
  };
}

const inUse = [
  { value: 'yes', text: 'Yes' },
  { value: 'no', text: 'No' },
];

async function managed(hub: Hub, visit: SignedIn): Promise<ReachedMailbox> {
  const reached = await mailboxOf(hub, visit);
  mustManage(reached);
  return reached;
}

/** The App of the path, for who may see its mailboxes. */
async function ownerOf(hub: Hub, visit: SignedIn): Promise<Reached> {
  const reached = await appOf(hub, visit);
  if (reached.may('mailbox.read')) return reached;
  throw new Problem('not-found', 'There is no such app');
}

/** Where somebody may make a mailbox for an App. */
async function placesFor(hub: Hub, { app, actor }: Reached): Promise<readonly Environment[]> {
  const allowed = await Promise.all(
    environments.map((environment) =>
      hub.mailboxes.mesh.allows(actor, { environment, app: app.id }),
    ),
  );
  return environments.filter((one, at) => allowed[at] === true && app.registrations[one]);
}

async function listPage(hub: Hub, visit: SignedIn): Promise<Page> {
  const reached = await ownerOf(hub, visit);
  const { app, actor } = reached;
  const found = environments.map((environment) => mailboxesIn(hub, actor, app.id, environment));
  const tables = (await Promise.all(found)).flatMap((one) => one ?? []);
  const places = await placesFor(hub, reached);
  return {
    ...{ title: `Mailboxes of ${app.name}`, here, back: backToApp(app) },
    content: html`<p>Others leave messages in a mailbox; the app fetches and acknowledges them (<a href="/guides/mesh">how MESH works</a>). What nobody fetches within five days goes back to its sender as a report.</p>
${tables.length === 0 ? html`<p>The app has no mailbox yet.</p>` : tables}
${places.length > 0 ? startLink(`${mailboxesPath(app.id)}/new`, 'Make a mailbox') : undefined}
${places.includes('production') ? undefined : forProduction}`,
  };
}

const forProduction = html`<p>In production a mailbox speaks for the organisation whose code it bears, so those who run the platform make it: <a href="/help/ask">ask them</a> with the name of the app and the ODS code.</p>`;

async function newPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await ownerOf(hub, visit);
  const { app, team } = reached;
  const places = await placesFor(hub, reached);
  const back = { href: mailboxesPath(app.id), text: `Back to the mailboxes of ${app.name}` };
  const title = 'Make a mailbox';
  if (places.length === 0)
    return {
      ...{ title, here, back },
      content: html`<p>Owners and admins of the team make mailboxes, where the app is registered.</p>${forProduction}`,
    };
  const shown = form.sent
    ? form
    : blankForm({ name: app.name.slice(0, 100), ods_code: team?.organisation?.odsCode ?? '' });
  const choices = places.map((value) => ({
    value,
    text: `${environmentName(value)}${hasMesh(hub, value) ? '' : ' (MESH does not run there)'}`,
  }));
  return {
    ...{ title, form, here, back },
    content: html`${formOn(
      visit,
      html`${select(shown, { name: 'environment', label: 'Environment', choices })}
${input(shown, { name: 'name', label: 'Name', hint: 'Who looks mailboxes up sees it.' })}
${input(shown, { name: 'ods_code', label: 'ODS code of the organisation', width: 10 })}
${input(shown, { name: 'id', label: 'Id (optional)', hint: '4 to 32 letters and digits. Left empty, one is made: the ODS code, two letters, three digits.', width: 20 })}
${button('Make the mailbox')}`,
      { once: form.raw('form_once') || newSecret() },
    )}${places.includes('production') ? undefined : forProduction}`,
  };
}

async function make(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const reached = await ownerOf(hub, visit);
  const { app, actor } = reached;
  const places = await placesFor(hub, reached);
  const environment = places.find((one) => one === form.get('environment'));
  const odsCode = form.get('ods_code').toUpperCase();
  const id = form.get('id').toUpperCase();
  mustBeRight(
    nameFaults(form, 'name', 'a name'),
    /^[A-Z0-9]{1,12}$/.test(odsCode)
      ? []
      : [{ field: 'ods_code', text: 'Enter an ODS code: 1 to 12 letters and digits' }],
  );
  if (!environment)
    throw new FormRefused([{ field: 'environment', text: 'Choose one of the environments' }]);
  const { stored, secret } = await beside('id', () =>
    hub.mailboxes.mesh.create(actor, environment, {
      ...{ name: form.get('name'), odsCode, app: app.id },
      ...(id === '' ? {} : { id }),
    }),
  );
  return handPassword(hub, visit, { environment, id: stored.value.id }, secret);
}

function handPassword(hub: Hub, visit: SignedIn, at: ReachedMailbox['at'], secret: string) {
  return handOver(hub, visit, {
    title: `Password of ${mailboxName(at)}`,
    about: 'With it and the shared key of the environment the token of each call is made.',
    text: secret,
    file: `${at.id}-${at.environment}-password.txt`,
    back: { href: mailboxPath(at), text: `Go on to ${mailboxName(at)}` },
  });
}

async function onePage(hub: Hub, visit: SignedIn): Promise<Page> {
  const reached = await mailboxOf(hub, visit);
  const { at, app, actor, manages } = reached;
  const { views } = hub.mailboxes;
  const [shown, traffic] = await Promise.all([views.show(actor, at), views.traffic(actor, at)]);
  const { waiting, seen } = shown;
  const { received, sent, inFlight, undeliverable, more } = traffic;
  const { now } = visit;
  return {
    ...{ title: capital(mailboxName(at)), here },
    back: app
      ? { href: mailboxesPath(app.id), text: `Back to the mailboxes of ${app.name}` }
      : { href: '/operations/mailboxes', text: 'Back to all mailboxes' },
    content: html`${await facts(hub, reached)}
${manages ? html`<p><a href="${mailboxPath(at, '/change')}">Change the mailbox</a></p><p><a href="${mailboxPath(at, '/password')}">Make a new password</a></p>` : undefined}
<h2>What goes in and out</h2>
${summaryList([
  {
    key: 'Waiting to be fetched',
    value: html`${atLeast(waiting.count, waiting.more)}${waiting.oldest === undefined ? undefined : `; the oldest came ${ageText(now - waiting.oldest)} ago`}`,
  },
  { key: 'Sent, on the way', value: atLeast(inFlight, more) },
  {
    key: 'Sent, not delivered',
    value: html`${atLeast(undeliverable, more)} in the last 30 days`,
  },
  {
    key: 'In the last 24 hours',
    value: `${atLeast(received, more)} received, ${atLeast(sent, more)} sent`,
  },
  {
    key: 'Last used',
    value: seen
      ? html`${time(seen.at)}${seen.client === '' ? undefined : `, by ${seen.client}`}`
      : 'Never',
  },
  { key: 'May send', value: flowsText(shown.sends) },
  { key: 'Takes', value: flowsText(shown.takes) },
])}
<h2>Messages</h2>
<p><a href="${mailboxPath(at, '/messages?direction=received')}">Inbox: what came</a></p>
<p><a href="${mailboxPath(at, '/messages?direction=sent')}">Outbox: what was sent</a></p>
${messageSearch(at, '')}
${await pushSection(hub, reached)}`,
  };
}

async function facts(hub: Hub, { mailbox, at, app }: ReachedMailbox): Promise<Html> {
  const isPublic = await hub.mailboxes.hasPublicKey(at.environment);
  return summaryList([
    { key: 'Mailbox id', value: code(at.id) },
    { key: 'Name', value: mailbox.name },
    { key: 'Organisation', value: html`${code(mailbox.odsCode)} ${mailbox.orgName}` },
    ...(app ? [{ key: 'App', value: html`<a href="/apps/${app.id}">${app.name}</a>` }] : []),
    {
      key: 'State',
      value: mailbox.active ? tag('In use', 'green') : tag('Out of use', 'grey'),
    },
    {
      key: 'Shared key',
      value: isPublic
        ? html`That of public clients, as <a href="/guides/mesh">the guide</a> shows it`
        : html`A key of this environment: <a href="/help/ask">ask those who run the platform</a>`,
    },
    {
      key: 'Calls',
      value: hasMesh(hub, at.environment)
        ? html`<a href="/catalogue/${hub.mailboxes.api}">Addresses and calls of MESH</a>`
        : 'MESH does not run in this environment',
    },
  ]);
}

function flowsText(ids: readonly string[]): string {
  if (ids.length === 0)
    return 'No workflow names it; workflows that nobody has registered are free';
  return ids.length > 20
    ? `${ids.slice(0, 20).join(', ')} and ${ids.length - 20} more`
    : ids.join(', ');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
