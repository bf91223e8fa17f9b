/** Invitations to a team: sent by mail, withdrawn, and taken by the account with that very address. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { emailKey } from './accounts.ts';
import { messageAttempts, mustNotExceed } from './attempts.ts';
import { emailFaults, mustBeRight } from './checks.ts';
import { enter } from './deeds.ts';
import { button, formOn, input, select } from './fields.ts';
import type { Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { invitationMessage } from './messages.ts';
import { accountPage, openPage, type Pages, type SignedIn } from './page.ts';
import { table, time } from './parts.ts';
import { roleWords, teamOf } from './team-words.ts';
import { manages, roleIn, teamRoles, type Team } from './teams.ts';

const week = 7 * 86_400_000;
const mostOpen = 50;

export function invitationPages(hub: Hub): Pages {
  return {
    '/teams/:team/invite': accountPage({
      async show(visit, form) {
        const { value: team } = await teamOf(hub, visit);
        return {
          ...{ title: `Invite somebody to ${team.name}`, form },
          back: { href: `/teams/${team.id}`, text: `Back to ${team.name}` },
          content: await inviteForm(hub, visit, team, form),
        };
      },
      act: (visit, form) => invite(hub, visit, form),
    }),
    '/invitations/:link': openPage({
      async show(visit, form) {
        const { purpose } = await hub.links.find(visit.params.link ?? '', 'invitation');
        const { value: team } = await hub.teams.records.read(purpose.team);
        const title = `Join the team ${team.name}`;
        const here = encodeURIComponent(visit.path);
        const asked = html`<p>You are invited to the team <strong>${team.name}</strong>. Your role will be: ${roleWords[purpose.role]}.</p>`;
        if (!visit.me)
          return {
            title,
            content: html`${asked}<p>Sign in, or create an account with the e-mail address that the invitation came to. Then open the link in the message again.</p>
<p><a class="nhsuk-button" href="/sign-in?return=${here}">Sign in</a></p><p><a href="/sign-up">Create an account</a></p>`,
          };
        mustBeInvited(visit.me.account.value.email, purpose.email);
        return { title, form, content: formOn(visit, html`${asked}${button('Join the team')}`) };
      },
      async act(visit) {
        const { me } = visit;
        const { link, purpose } = await hub.links.find(visit.params.link ?? '', 'invitation');
        if (!me) return { to: `/sign-in?return=${encodeURIComponent(visit.path)}` };
        mustBeInvited(me.account.value.email, purpose.email);
        // Who was an owner or admin then need not be one now.
        const { value: team } = await hub.teams.records.read(purpose.team);
        if (!mayInvite(team, purpose.by, purpose.role))
          throw new Problem('gone', 'Who invited you may not do so any more');
        await hub.links.use(link);
        await hub.teams.join(me.actor, team.id, purpose.role);
        return { to: `/teams/${team.id}`, told: `You are in the team ${team.name}.` };
      },
    }),
  };
}

function mustBeInvited(mine: string, invited: string): void {
  if (emailKey(mine) !== emailKey(invited))
    throw new Problem(
      'forbidden',
      'This invitation is for another e-mail address than that of your account',
      {
        code: 'FOREIGN_INVITATION',
      },
    );
}

function mayInvite(team: Team, by: string, role: string): boolean {
  return role === 'owner' ? roleIn(team, by) === 'owner' : manages(team, by);
}

/** The form to invite with, and what is open. */
export async function inviteForm(hub: Hub, visit: SignedIn, team: Team, form: Form): Promise<Html> {
  const open = await hub.links.invitations(team.id);
  const action = `/teams/${team.id}/invite`;
  const rows = open.flatMap(({ id, value: { purpose, ends } }) =>
    purpose.for === 'invitation'
      ? [
          [
            purpose.email,
            purpose.role,
            time(ends),
            formOn(
              visit,
              html`<button class="hub-link" type="submit">Withdraw<span class="nhsuk-u-visually-hidden"> the invitation of ${purpose.email}</span></button>`,
              { action, hidden: { withdraw: id } },
            ),
          ],
        ]
      : [],
  );
  const choices = [...teamRoles].reverse().map((value) => ({ value, text: roleWords[value] }));
  return html`<h2>Invite somebody</h2>
${formOn(
  visit,
  html`${input(form, { name: 'email', label: 'Their e-mail address', type: 'email' })}
${select(form, { name: 'role', label: 'Role in the team', choices })}
${button('Send the invitation')}`,
  { action },
)}
${rows.length === 0 ? undefined : table('Open invitations', ['E-mail address', 'Role', 'Ends', 'Actions'], rows)}`;
}

async function invite(hub: Hub, visit: SignedIn, form: Form) {
  const { value: team } = await teamOf(hub, visit);
  const { account, person } = visit.me;
  const role = teamRoles.find((one) => one === form.get('role')) ?? 'viewer';
  if (!mayInvite(team, account.id, role)) {
    const refused = { action: 'team.invite', id: team.id, user: account.id };
    await enter(hub, visit, { ...refused, status: 403, code: 'ROLE' });
    throw new Problem('forbidden', 'Only owners and admins invite, and only owners invite owners');
  }
  const open = await hub.links.invitations(team.id);
  const withdrawn = open.find(({ id }) => id === form.get('withdraw'));
  const to = `/teams/${team.id}`;
  if (withdrawn) {
    await hub.links.use(withdrawn);
    await enter(hub, visit, { action: 'team.invitation.withdraw', id: team.id, user: account.id });
    return { to, told: 'The invitation is withdrawn.' };
  }
  mustBeRight(emailFaults(form));
  if (open.length >= mostOpen)
    throw new Problem('conflict', `A team has at most ${mostOpen} open invitations`);
  const email = form.get('email');
  await mustNotExceed(hub, messageAttempts(visit, email));
  const purpose = { for: 'invitation', team: team.id, email, role, by: account.id } as const;
  const secret = await hub.links.issue(purpose, week);
  await enter(hub, visit, { action: 'team.invite', id: team.id, user: account.id });
  const link = `${hub.publicUrl()}/invitations/${secret}`;
  const mail = invitationMessage(email, team.name, person.name, role, link);
  await hub.send(hub.clock.newId(), mail);
  return { to, told: 'The invitation is sent. It can be taken for seven days.' };
}
