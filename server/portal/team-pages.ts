/** Teams: list, make, show, change, members. Who may do what is in teams.ts; these pages show only what one may. */
import { html, type Html } from '../../core/html.ts';
import { mustBeRight, ownNameFaults } from './checks.ts';
import { button, formOn, input, radios, select } from './fields.ts';
import { blankForm, FormRefused, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { inviteForm } from './invitation-pages.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, startLink, summaryList, table, tag, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { roleWords, teamOf } from './team-words.ts';
import {
  manages,
  organisationTypes,
  roleIn,
  teamRoles,
  type OrganisationType,
  type Team,
  type TeamOrganisation,
} from './teams.ts';

export function teamPages(hub: Hub): Pages {
  return {
    '/teams': accountPage({ show: (visit) => teamList(hub, visit) }),
    '/teams/new': accountPage({
      once: true,
      show: (visit, form) => ({
        ...{ title: 'Create a team', form, back: { href: '/teams', text: 'Back to teams' } },
        content: formOn(visit, html`${teamFields(form)}${button('Create the team')}`, {
          once: form.raw('form_once') || newSecret(),
        }),
      }),
      async act(visit, form) {
        const { name, organisation } = await readTeam(hub, form);
        const team = await hub.teams.create(visit.me.actor, name, organisation);
        return { to: `/teams/${team.id}`, told: `The team ${name} is made. Invite others to it.` };
      },
    }),
    '/teams/:team': accountPage({ show: (visit) => teamPage(hub, visit) }),
    '/teams/:team/change': accountPage({
      async show(visit, form) {
        const { value, version } = await teamOf(hub, visit);
        const shown = form.sent ? form : formFor(value);
        return {
          ...{ title: 'Change the team', form, back: backTo(value) },
          content: formOn(visit, html`${teamFields(shown)}${button('Save')}`, {
            hidden: { version: form.raw('version') || version },
          }),
        };
      },
      async act(visit, form) {
        const { id } = await teamOf(hub, visit);
        const fields = await readTeam(hub, form);
        await hub.teams.change(visit.me.actor, id, fields, versionIn(form));
        return { to: `/teams/${id}`, told: 'The team is changed.' };
      },
    }),
    '/teams/:team/members/:member': accountPage({
      show: (visit, form) => memberPage(hub, visit, form),
      act: (visit, form) => changeMember(hub, visit, form),
    }),
  };
}

function backTo({ id, name }: Team) {
  return { href: `/teams/${id}`, text: `Back to ${name}` };
}

/** A version that was changed by hand is none that was ever stored. */
function versionIn(form: Form): number {
  const text = form.get('version');
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

async function teamList(hub: Hub, { me }: SignedIn): Promise<Page> {
  const teams = await hub.teams.of(me.account.id);
  const rows = teams.map(({ value }) => [
    html`<a href="/teams/${value.id}">${value.name}</a>`,
    roleIn(value, me.account.id),
    value.members.length,
    value.organisation?.name ?? 'Not said yet',
  ]);
  return {
    ...{ title: 'Teams', here: 'teams' },
    content: html`<p>A team owns apps, keys and subscriptions, so that nothing hangs on one person.</p>
${rows.length === 0 ? html`<p>You are in no team.</p>` : table('Your teams', ['Team', 'Your role', 'Members', 'Organisation'], rows)}
${startLink('/teams/new', 'Create a team')}`,
  };
}

function teamFields(form: Form): Html {
  return html`${input(form, { name: 'name', label: 'Name of the team' })}
<h2>Organisation</h2>
<p>For whom the team works. Asked once, and used in every request and application.</p>
${input(form, { name: 'organisation', label: 'Name of the organisation (optional)', autocomplete: 'organization' })}
${radios(form, { name: 'type', label: 'Kind of organisation', choices: Object.entries(organisationTypes).map(([value, text]) => ({ value, text })) })}
${input(form, { name: 'ods_code', label: 'ODS code (optional)', hint: 'For example Y12345. Looked up in the directory of this server.', width: 10 })}`;
}

function formFor({ name, organisation }: Team): Form {
  return blankForm({
    ...{ name, organisation: organisation?.name ?? '' },
    ...{ type: organisation?.type ?? '', ods_code: organisation?.odsCode ?? '' },
  });
}

async function readTeam(
  hub: Hub,
  form: Form,
): Promise<{ name: string; organisation: TeamOrganisation | undefined }> {
  const odsCode = form.get('ods_code').toUpperCase();
  const type = form.get('type');
  const told = form.get('organisation');
  const known = odsCode === '' ? undefined : await nameInDirectory(hub, odsCode);
  const faults: Fault[] = [];
  if (told.length > 200)
    faults.push({ field: 'organisation', text: 'Enter at most 200 characters' });
  if ((told !== '' || odsCode !== '') && !isType(type))
    faults.push({ field: 'type', text: 'Choose the kind of organisation' });
  if (odsCode !== '' && known === undefined)
    faults.push({
      field: 'ods_code',
      text: 'There is no active organisation with this ODS code in the directory',
    });
  mustBeRight(ownNameFaults(form, 'name', 'a name for the team'), faults);
  const name = form.get('name');
  if ((told === '' && odsCode === '') || !isType(type)) return { name, organisation: undefined };
  const organisation: TeamOrganisation = {
    ...{ name: told === '' ? (known ?? '') : told, type },
    ...(odsCode === '' ? {} : { odsCode }),
  };
  return { name, organisation };
}

async function nameInDirectory(hub: Hub, odsCode: string): Promise<string | undefined> {
  return /^[A-Z0-9]{3,12}$/.test(odsCode) ? hub.organisation(odsCode) : undefined;
}

function isType(text: string): text is OrganisationType {
  return Object.hasOwn(organisationTypes, text);
}

async function teamPage(hub: Hub, visit: SignedIn): Promise<Page> {
  const { value: team } = await teamOf(hub, visit);
  const mine = visit.me.account.id;
  const may = manages(team, mine);
  const { organisation } = team;
  return {
    ...{ title: team.name, here: 'teams', back: { href: '/teams', text: 'Back to teams' } },
    content: html`${summaryList([
      { key: 'Your role', value: roleIn(team, mine) },
      { key: 'Code', value: html`${code(team.id)}: the owner of its apps in the management API` },
      {
        key: 'Organisation',
        value: organisation
          ? `${organisation.name} (${organisationTypes[organisation.type]})`
          : 'Not said yet',
      },
      { key: 'ODS code', value: organisation?.odsCode ?? 'None' },
    ])}
${may ? html`<p><a href="/teams/${team.id}/change">Change name or organisation</a></p>` : undefined}
<p><a href="/teams/${team.id}/publishing">Command line and publishing</a>: credentials to publish APIs with</p>
<h2>Members</h2>
${await members(hub, team, may, mine)}
${may ? await inviteForm(hub, visit, team, blankForm()) : undefined}`,
  };
}

async function members(hub: Hub, team: Team, may: boolean, mine: string): Promise<Html> {
  const rows = await Promise.all(
    team.members.map(async ({ account, role, since }) => {
      const { name, email } = await wordsFor(hub, account);
      const own = account === mine;
      return [
        html`${name}${own ? html` ${tag('You', 'blue')}` : undefined}<br />${email}`,
        role,
        time(since),
        may || own
          ? html`<a href="/teams/${team.id}/members/${account}">${own ? 'Change or leave' : 'Change or remove'}<span class="nhsuk-u-visually-hidden"> ${name}</span></a>`
          : undefined,
      ];
    }),
  );
  return table('Who is in the team', ['Name', 'Role', 'Since', 'Actions'], rows);
}

async function wordsFor(hub: Hub, account: string): Promise<{ name: string; email: string }> {
  const [person, found] = await Promise.all([
    hub.accounts.person(account),
    hub.accounts.find(account),
  ]);
  return { name: person?.name ?? 'Nobody any more', email: found?.value.email ?? '' };
}

async function memberPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { value: team } = await teamOf(hub, visit);
  const member = visit.params.member ?? '';
  const role = roleIn(team, member);
  const own = member === visit.me.account.id;
  const may = manages(team, visit.me.account.id);
  if (!role || (!own && !may)) return notThere(team);
  const { name } = await wordsFor(hub, member);
  const choices = teamRoles.map((value) => ({ value, text: roleWords[value] }));
  return {
    ...{ title: own ? `Your place in ${team.name}` : name, form, back: backTo(team) },
    content: html`${
      may
        ? formOn(
            visit,
            html`${select(form, { name: 'role', label: 'Role in the team', value: role, choices })}${button('Save the role')}`,
          )
        : html`<p>Your role is ${role}.</p>`
    }
<h2>${own ? 'Leave the team' : 'Remove from the team'}</h2>
<p>${own ? 'You lose sight of the team and its apps at once.' : 'They lose sight of the team and its apps at once.'} Keys and <a href="/teams/${team.id}/publishing">credentials</a> are the team's and go on working: revoke those that ${own ? 'only you have' : 'they may still have'}.</p>
${formOn(visit, button(own ? 'Leave the team' : 'Remove from the team', 'warning', 'remove'))}`,
  };
}

function notThere(team: Team): Page {
  return {
    ...{ status: 404, title: 'Page not found', back: backTo(team) },
    content: html`<p>There is no such member, or they are for owners and admins to see.</p>`,
  };
}

async function changeMember(hub: Hub, visit: SignedIn, form: Form) {
  const { id } = await teamOf(hub, visit);
  const member = visit.params.member ?? '';
  const { actor, account } = visit.me;
  if (form.get('remove') === 'yes') {
    await hub.teams.remove(actor, id, member);
    return member === account.id
      ? { to: '/teams', told: 'You have left the team.' }
      : { to: `/teams/${id}`, told: 'They are removed from the team.' };
  }
  const role = teamRoles.find((one) => one === form.get('role'));
  if (!role) throw new FormRefused([{ field: 'role', text: 'Choose a role' }]);
  await hub.teams.setRole(actor, id, member, role);
  return { to: `/teams/${id}`, told: 'The role is changed.' };
}
