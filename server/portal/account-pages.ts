/** The profile: who I am, how I sign in, my teams with all their subscriptions, and changes of name, address and password. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { mustNotExceed, messageAttempts, passwordAttempts } from './attempts.ts';
import { emailFaults, mustBeRight, ownNameFaults, newPasswordFaults } from './checks.ts';
import { enter } from './deeds.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { changedMessage, newEmailMessage } from './messages.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { shortestPassword } from './passwords.ts';
import { code, list, summaryList, table, tag, time } from './parts.ts';
import { renewSession } from './sign-in-session.ts';
import { subscriptionTable } from './subscription-table.ts';
import { roleIn } from './teams.ts';

const day = 86_400_000;
const back = { href: '/account', text: 'Back to your account' };

export function accountPages(hub: Hub): Pages {
  return {
    '/account': accountPage({ show: (visit) => profile(hub, visit) }),
    '/account/name': accountPage({
      show: (visit, form) => ({
        ...{ title: 'Change your name', form, back },
        content: formOn(
          visit,
          html`${input(form, { name: 'name', label: 'Your name', autocomplete: 'name', value: visit.me.person.name })}
${button('Save')}`,
        ),
      }),
      async act({ me }, form) {
        mustBeRight(ownNameFaults(form, 'name', 'your name'));
        await hub.accounts.people.change({
          deed: { actor: me.actor, action: 'person.name' },
          ...{ id: me.account.id, expected: undefined, allow: () => undefined },
          edit: (person) => ({ ...person, name: form.get('name') }),
        });
        return { to: '/account', told: 'Your name is changed.' };
      },
    }),
    '/account/email': accountPage({
      show: (visit, form) => ({
        ...{ title: 'Change your e-mail address', form, back },
        content: formOn(
          visit,
          html`<p>We send a link to the new address. Until you have opened it, the address stays ${visit.me.account.value.email}.</p>
${input(form, { name: 'email', label: 'New e-mail address', type: 'email', autocomplete: 'email' })}
${currentPassword(form)}${button('Send the link')}`,
        ),
      }),
      act: (visit, form) => askNewEmail(hub, visit, form),
    }),
    '/account/email/:link': accountPage({
      async show(visit, form) {
        const { purpose } = await hub.links.find(visit.params.link ?? '', 'new-email');
        mustBeMine(visit, purpose.account);
        return {
          ...{ title: 'Confirm your new e-mail address', form },
          content: formOn(
            visit,
            html`<p>Your account will have the e-mail address <strong>${purpose.email}</strong>.</p>${button('Confirm')}`,
          ),
        };
      },
      act: (visit) => takeNewEmail(hub, visit),
    }),
    '/account/password': accountPage({
      show: (visit, form) => ({
        ...{ title: 'Change your password', form, back },
        content: formOn(
          visit,
          html`<p>You stay signed in here, and are signed out everywhere else.</p>
${currentPassword(form)}
${input(form, { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', hint: `${shortestPassword} characters or more` })}
${button('Change the password')}`,
        ),
      }),
      act: (visit, form) => changePassword(hub, visit, form),
    }),
    '/account/sessions': accountPage({
      show: async (visit) => ({
        title: 'Where you are signed in',
        back,
        content: await sessionList(hub, visit),
      }),
      async act(visit, form) {
        const { account, session } = visit.me;
        const one = form.get('session');
        if (one === '') await hub.sessions.endAll(account.id, session.id);
        else {
          const mine = (await hub.sessions.of(account.id)).find(({ id }) => id === one);
          if (mine) await hub.sessions.end(mine.id);
        }
        await enter(hub, visit, { action: 'account.session.end', id: account.id });
        const told = one === '' ? 'You are signed out everywhere else.' : 'That session is ended.';
        return { to: one === session.id ? '/' : '/account/sessions', told };
      },
    }),
  };
}

/** The password as it is now, for changes that a stranger at an open screen must not make. */
export function currentPassword(form: Form): Html {
  return input(form, {
    ...{ name: 'current_password', label: 'Your password now', type: 'password' },
    autocomplete: 'current-password',
  });
}

/** @throws FormRefused when the password in the form is not that of the account */
export async function mustKnowPassword(hub: Hub, visit: SignedIn, form: Form): Promise<void> {
  const { email, password, signedIn } = visit.me.account.value;
  await mustNotExceed(hub, passwordAttempts(visit, `again ${email}`, signedIn));
  if (await hub.passwords.verify(form.raw('current_password'), password)) return;
  await enter(hub, visit, {
    ...{ action: 'account.password', id: visit.me.account.id, status: 401, code: 'WRONG_PASSWORD' },
  });
  throw new FormRefused([{ field: 'current_password', text: 'This is not your password' }]);
}

async function profile(hub: Hub, { me }: SignedIn): Promise<Page> {
  const { email, passwordChanged, secondFactor } = me.account.value;
  const teams = await hub.teams.of(me.account.id);
  const values = teams.map(({ value }) => value);
  return {
    title: 'Your account',
    here: 'account',
    content: html`${summaryList([
      { key: 'Name', value: me.person.name, action: { href: '/account/name', text: 'Change' } },
      { key: 'E-mail address', value: email, action: { href: '/account/email', text: 'Change' } },
      { key: 'Role on this platform', value: me.person.role },
      {
        key: 'Password',
        value: html`Changed on ${time(passwordChanged)}`,
        action: { href: '/account/password', text: 'Change' },
      },
      {
        key: 'Second factor',
        value: secondFactor
          ? html`${tag('On', 'green')} since ${time(secondFactor.since)}; ${secondFactor.recovery.length} recovery codes left`
          : tag('Off', 'grey'),
        action: { href: '/account/second-factor', text: secondFactor ? 'Change' : 'Switch on' },
      },
      {
        key: 'Sessions',
        value: 'Where you are signed in',
        action: { href: '/account/sessions', text: 'Show' },
      },
      {
        key: 'Your data',
        value: 'What is kept about you, as a file',
        action: { href: '/account/data', text: 'Show' },
      },
    ])}
<p><a href="/account/delete">Delete your account</a></p>
<h2>Your teams</h2>
${list(values.map((team) => html`<a href="/teams/${team.id}">${team.name}</a>: ${roleIn(team, me.account.id)}`))}
<h2>Subscriptions of your teams</h2>
${subscriptionTable(hub, values)}`,
  };
}

async function askNewEmail(hub: Hub, visit: SignedIn, form: Form) {
  mustBeRight(emailFaults(form));
  await mustKnowPassword(hub, visit, form);
  const email = form.get('email');
  await mustNotExceed(hub, messageAttempts(visit, email));
  const { id } = visit.me.account;
  const purpose = { for: 'new-email', account: id, email } as const;
  const secret = await hub.links.issue(purpose, day);
  await hub.send(
    hub.clock.newId(),
    newEmailMessage(email, `${hub.publicUrl()}/account/email/${secret}`),
  );
  return { to: '/account', told: 'We have sent a link to the new address. Open it to confirm.' };
}

async function takeNewEmail(hub: Hub, visit: SignedIn) {
  const { account, actor } = visit.me;
  const { link, purpose } = await hub.links.find(visit.params.link ?? '', 'new-email');
  mustBeMine(visit, purpose.account);
  await hub.links.use(link);
  await hub.accounts.moveTo({ actor, action: 'account.email' }, account.id, purpose.email);
  const help = `${hub.publicUrl()}/help`;
  const old = changedMessage(account.value.email, 'the e-mail address was changed', help);
  await hub.send(hub.clock.newId(), old);
  return { to: '/account', told: 'Your e-mail address is changed.' };
}

function mustBeMine(visit: SignedIn, account: string): void {
  if (account !== visit.me.account.id)
    throw new Problem('forbidden', 'This link is for another account than the one you are in');
}

async function changePassword(hub: Hub, visit: SignedIn, form: Form) {
  const { account, person, actor } = visit.me;
  const { email } = account.value;
  mustBeRight(newPasswordFaults(form, [person.name, email.split('@')[0] ?? '']));
  await mustKnowPassword(hub, visit, form);
  const password = await hub.passwords.hash(form.raw('password'));
  await hub.accounts.records.change({
    deed: { actor, action: 'account.password' },
    ...{ id: account.id, expected: undefined, allow: () => undefined },
    edit: (now) => ({ ...now, password, passwordChanged: hub.clock.now() }),
  });
  await renewSession(hub, visit);
  const help = `${hub.publicUrl()}/help`;
  await hub.send(hub.clock.newId(), changedMessage(email, 'the password was changed', help));
  return { to: '/account', told: 'Your password is changed. You are signed out everywhere else.' };
}

async function sessionList(hub: Hub, visit: SignedIn): Promise<Html> {
  const { session, account } = visit.me;
  const all = await hub.sessions.of(account.id);
  const rows = all.map(({ id, value }) => [
    html`${value.browser}${id === session.id ? html` ${tag('This one', 'blue')}` : undefined}`,
    code(value.address),
    time(value.created),
    time(value.seen),
    formOn(
      visit,
      html`<button class="hub-link" type="submit">End<span class="nhsuk-u-visually-hidden"> the session in ${value.browser} from ${time(value.created)}</span></button>`,
      { hidden: { session: id } },
    ),
  ]);
  const head = ['Browser', 'Address', 'Signed in', 'Last used', 'End'];
  return html`<p>A session ends after an hour without use, and after twelve hours in any case.</p>
${table('Your sessions', head, rows)}
${all.length > 1 ? formOn(visit, button('End all others', 'secondary')) : undefined}`;
}
