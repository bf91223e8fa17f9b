/**
 * Command line and publishing of a team: asking to publish, its credentials, and ending one. Making them is in
 * publishing-credential-pages.ts; deciding who may publish in publishing-desk-pages.ts.
 */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { managementAddresses } from '../catalogue/people.ts';
import type { KnownCredential } from '../catalogue/own-credentials.ts';
import { staffAddresses } from './help-pages.ts';
import { button, formOn, textarea } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { keyKind } from './key-table.ts';
import { publishMessage } from './messages.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, startLink, summaryList, table, tag, time, warning } from './parts.ts';
import { askToPublish, publishingOf, type Publishing } from './publishing.ts';
import { teamOf } from './team-words.ts';
import { actorIn, manages, roleIn, type Team } from './teams.ts';

export function publishingPages(hub: Hub): Pages {
  return {
    '/teams/:team/publishing': accountPage({
      show: (visit, form) => publishingPage(hub, visit, form),
      act: (visit, form) => ask(hub, visit, form),
    }),
    '/teams/:team/publishing/:credential': accountPage({
      show: (visit, form) => credentialPage(hub, visit, form),
      act: (visit) => revoke(hub, visit),
    }),
  };
}

async function publishingPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { value: team } = await teamOf(hub, visit);
  const actor = actorIn(team, visit.me.actor);
  const change = manages(team, actor.id);
  const path = `/teams/${team.id}/publishing`;
  const [publishing, all] = await Promise.all([
    publishingOf(hub, team.id),
    hub.administration.credentials.list(actor, team.id),
  ]);
  const granted = publishing?.state === 'granted';
  return {
    ...{ title: 'Command line and publishing', here: 'teams', form, of: team.name },
    back: { href: `/teams/${team.id}`, text: `Back to ${team.name}` },
    content: html`<p>With a credential your team publishes, updates and withdraws its own APIs by command, from a terminal or a pipeline. <a href="/guides/producer">How that is done, from an OpenAPI document to its end</a>.</p>
${granted ? undefined : asking(visit, form, publishing, change)}
<h2>Credentials</h2>
${all.length === 0 ? html`<p>Your team has none.</p>` : await credentialTable(hub, team, all)}
${granted && change ? html`<div class="hub-buttons">${startLink(`${path}/make`, 'Have a credential made')}${startLink(`${path}/key`, 'Use a key of your own', 'secondary')}</div>` : undefined}
<h2>What a credential may do</h2>
<p>What the owners and admins of the team may do here, as a developer of ${code(team.id)}: its APIs and apps, in sandbox, development and SIT. It reaches nobody else's, and nothing in UAT and production, where the platform deploys. <a href="/guides/administration">Who may do what</a>.</p>
<p>It belongs to the team, not to who made it: it goes on working when they leave, and whatever organisation the team says it works for. Revoke those of people who have left, for they may still have the key.</p>
${granted ? commands(hub, team) : undefined}`,
  };
}

function asking(
  visit: SignedIn,
  form: Form,
  publishing: Publishing | undefined,
  change: boolean,
): Html {
  if (publishing?.state === 'asked')
    return inset(
      html`Your team asked to publish on ${time(publishing.asked)}. Those who run the platform decide.`,
    );
  const refused =
    publishing?.state === 'refused'
      ? warning(
          'Not granted',
          'Those who run the platform have said no, or taken it back. Ask again if something has changed.',
        )
      : undefined;
  if (!change) return html`${refused}<p>An owner or admin of the team can ask to publish.</p>`;
  return html`${refused}<h2>Ask to publish</h2>
<p>What is published is seen and called by others, so those who run the platform grant it once for a team.</p>
${formOn(visit, html`${textarea(form, { name: 'reason', label: 'What do you want to publish?', hint: 'The API, who answers for it, and who will call it', rows: 4 })}${button('Ask to publish')}`)}`;
}

async function credentialTable(
  hub: Hub,
  team: Team,
  all: readonly KnownCredential[],
): Promise<Html> {
  const rows = await Promise.all(
    all
      .slice(0, 100)
      .map(async (one) => [
        html`<a href="/teams/${team.id}/publishing/${one.id}">${one.name}</a>`,
        one.state === 'active' ? tag('Works', 'green') : tag('Revoked', 'grey'),
        time(one.created),
        await makerOf(hub, team, one),
        one.used === undefined ? 'Never' : time(one.used),
      ]),
  );
  return table('Credentials', ['Name', 'State', 'Made', 'Made by', 'Last used'], rows);
}

async function makerOf(hub: Hub, team: Team, { madeBy = '' }: KnownCredential): Promise<Html> {
  const person = await hub.accounts.person(madeBy);
  const name = person?.name ?? 'Somebody without an account any more';
  return html`${name}${roleIn(team, madeBy) ? undefined : html` ${tag('Not in the team', 'yellow')}`}`;
}

function commands(hub: Hub, team: Team): Html {
  const end = `--credential my.json --url ${hub.publicUrl()}`;
  return html`<h2>The next commands</h2>
<p>In the folder of Gatehouse, with the file of the credential and the document of your API:</p>
<pre class="hub-sample" role="group" tabindex="0" aria-label="Commands"><code>chmod 600 my.json
npx gatehouse api new orders --owner ${team.id} --openapi orders.yaml --target https://orders.example.org ${end}
npx gatehouse api deploy orders development --definition definition.yaml ${end}</code></pre>
<p>The first makes the API with its documentation, a sandbox and a deployment in development; the second gives it another revision.</p>`;
}

async function credentialPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { value: team } = await teamOf(hub, visit);
  const one = await credentialOf(hub, visit, team);
  const [key] = one.keys;
  const working = one.state === 'active';
  const file = {
    ...{ clientId: one.id, kid: key?.kid ?? '', privateKey: 'PKCS#8 PEM, \\n for each new line' },
    ...managementAddresses(hub.publicUrl()),
  };
  return {
    ...{ title: one.name, of: team.name, here: 'teams', form },
    back: {
      href: `/teams/${team.id}/publishing`,
      text: 'Back to command line and publishing',
    },
    content: html`${summaryList([
      { key: 'State', value: working ? tag('Works', 'green') : tag('Revoked', 'grey') },
      { key: 'Client id', value: code(one.id) },
      { key: 'Key', value: key ? html`${code(key.kid)} (${keyKind(key)})` : 'None' },
      { key: 'Made', value: html`${time(one.created)} by ${await makerOf(hub, team, one)}` },
      { key: 'Last used', value: one.used === undefined ? 'Never' : time(one.used) },
    ])}
${
  working
    ? html`<h2>The file that the command line reads</h2>
<p>A credential that was made here came as this file, with its private key. With a key of your own, put yours into it; nobody here has it.</p>
<pre class="hub-sample" role="group" tabindex="0" aria-label="The file of the credential"><code>${JSON.stringify(file, null, 2)}</code></pre>`
    : undefined
}
${
  working && manages(team, visit.me.account.id)
    ? html`<h2>Revoke it</h2><p>Commands and pipelines that use it are refused from the next call on, with the tokens they have too. What they published stays. It cannot be taken back: make another.</p>${formOn(visit, button('Revoke the credential', 'warning'))}`
    : undefined
}`,
  };
}

/** @throws Problem `not-found` */
async function credentialOf(
  hub: Hub,
  { me, params }: SignedIn,
  team: Team,
): Promise<KnownCredential> {
  const all = await hub.administration.credentials.list(actorIn(team, me.actor), team.id);
  const found = all.find(({ id }) => id === params.credential);
  if (found) return found;
  throw new Problem('not-found', 'There is no such credential');
}

async function revoke(hub: Hub, visit: SignedIn): Promise<Move> {
  const { value: team } = await teamOf(hub, visit);
  const { id, name } = await credentialOf(hub, visit, team);
  await hub.administration.credentials.revoke(actorIn(team, visit.me.actor), team.id, id);
  return { to: `/teams/${team.id}/publishing`, told: `The credential ${name} is revoked.` };
}

async function ask(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { value: team } = await teamOf(hub, visit);
  const reason = form.get('reason');
  if (reason === '' || reason.length > 2000)
    throw new FormRefused([
      { field: 'reason', text: 'Say what you want to publish, in 2,000 characters or fewer' },
    ]);
  await askToPublish(hub, actorIn(team, visit.me.actor), team.id, reason);
  const link = `${hub.publicUrl()}/operations/publishing`;
  for (const to of await staffAddresses(hub))
    await hub.send(`hub-publish-${team.id}-${visit.now}-${to}`, publishMessage(to, team.id, link));
  return {
    to: `/teams/${team.id}/publishing`,
    told: 'Your team has asked. You see the answer here.',
  };
}
