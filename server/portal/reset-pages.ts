/** A forgotten password: the same words, work and time whether or not the address is known. */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { emailKey } from './accounts.ts';
import { messageAttempts, mustNotExceed } from './attempts.ts';
import { emailFaults, mustBeRight, newPasswordFaults } from './checks.ts';
import { button, formOn, input } from './fields.ts';
import type { Hub } from './hub-parts.ts';
import { changedMessage, resetMessage, unknownMessage } from './messages.ts';
import { openPage, type Pages } from './page.ts';
import { inset } from './parts.ts';
import { shortestPassword } from './passwords.ts';

const hour = 3_600_000;

export function resetPages(hub: Hub): Pages {
  return {
    '/forgotten': openPage({
      show: (visit, form) => ({
        title: 'Set a new password',
        form,
        back: { href: '/sign-in', text: 'Back to sign in' },
        content: formOn(
          visit,
          html`<p>Enter the e-mail address of your account. We send you a link with which you set a new password.</p>
${input(form, { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' })}
${button('Send the link')}`,
        ),
      }),
      async act(visit, form) {
        mustBeRight(emailFaults(form));
        const email = form.get('email');
        await mustNotExceed(hub, messageAttempts(visit, email));
        const url = hub.publicUrl();
        const account = await hub.accounts.byEmail(email);
        const secret = await hub.links.issue(
          account
            ? { for: 'reset', account: account.id, email, mark: account.value.passwordChanged }
            : { for: 'nothing' },
          hour,
        );
        await hub.send(
          hub.clock.newId(),
          account
            ? resetMessage(account.value.email, `${url}/forgotten/${secret}`)
            : unknownMessage(email, `${url}/sign-up`),
        );
        return { to: '/forgotten/sent' };
      },
    }),
    '/forgotten/sent': openPage({
      show: (visit) => ({
        title: 'Check your e-mail',
        content: html`<p>We have sent a message to the address that you gave. The link in it works once, within an hour.</p>
${hub.outbox && visit.local ? inset(html`This server has no mail server: <a href="/outbox">the message is in the outbox</a>.`) : undefined}`,
      }),
    }),
    '/forgotten/:link': openPage({
      async show(visit, form) {
        await linkOf(hub, visit.params.link ?? '');
        return {
          title: 'Set a new password',
          form,
          content: formOn(
            visit,
            html`<p>You are then signed out everywhere, and sign in with the new password.</p>
${input(form, { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', hint: `${shortestPassword} characters or more` })}
${button('Set the password')}`,
          ),
        };
      },
      async act(visit, form) {
        const { link, account, person } = await linkOf(hub, visit.params.link ?? '');
        const { email } = account.value;
        mustBeRight(newPasswordFaults(form, [person.name, email.split('@')[0] ?? '']));
        const password = await hub.passwords.hash(form.raw('password'));
        await hub.links.use(link);
        const { id, role, organisation } = person;
        await hub.accounts.records.change({
          deed: { actor: { id, role, organisation, call: visit.call }, action: 'account.reset' },
          ...{ id, expected: undefined, allow: () => undefined },
          // attempts that were counted are forgotten with it
          edit: (now) => ({
            ...now,
            password,
            passwordChanged: hub.clock.now(),
            signedIn: now.signedIn + 1,
          }),
        });
        await hub.sessions.endAll(id);
        const help = `${hub.publicUrl()}/help`;
        await hub.send(hub.clock.newId(), changedMessage(email, 'a new password was set', help));
        return { to: '/sign-in', told: 'The new password is set. Sign in with it.' };
      },
    }),
  };
}

/** A live link, of a password and an address that were not changed since. @throws Problem `gone`, `not-found` */
async function linkOf(hub: Hub, secret: string) {
  const { link, purpose } = await hub.links.find(secret, 'reset');
  const account = await hub.accounts.find(purpose.account);
  const person = await hub.accounts.person(purpose.account);
  const moved = account && emailKey(account.value.email) !== emailKey(purpose.email);
  if (account?.value.passwordChanged !== purpose.mark || moved || !person)
    throw new Problem(
      'gone',
      `This link does not work any more: the ${moved ? 'e-mail address' : 'password'} was changed since`,
    );
  return { link, account, person };
}
