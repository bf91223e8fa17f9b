/** From a stranger to an account: the form, the message, the link with its button. Nothing of it tells whether an address is known. */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { messageAttempts, mustNotExceed, passwordAttempts } from './attempts.ts';
import { emailFaults, mustBeRight, ownNameFaults, newPasswordFaults } from './checks.ts';
import { button, checkboxes, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { knownMessage, verifyMessage } from './messages.ts';
import { openPage, type Pages, type Visit } from './page.ts';
import { shortestPassword } from './passwords.ts';
import { inset } from './parts.ts';
import { digest } from './secrets.ts';
import { openSession } from './sign-in-session.ts';

const day = 86_400_000;

export function signUpPages(hub: Hub): Pages {
  return {
    '/sign-up': openPage({
      show: (visit, form) =>
        visit.me
          ? { to: '/account' }
          : { title: 'Create an account', form, content: signUpForm(visit, form) },
      async act(visit, form) {
        mustBeRight(
          ownNameFaults(form, 'name', 'your name'),
          emailFaults(form),
          newPasswordFaults(form, [form.get('name'), form.get('email').split('@')[0] ?? '']),
          form.get('terms') === 'yes' ? [] : [{ field: 'terms', text: termsFault }],
        );
        await mustNotExceed(hub, messageAttempts(visit, form.get('email')));
        await sendVerification(hub, visit, form);
        return { to: '/sign-up/sent' };
      },
    }),
    '/sign-up/sent': openPage({
      show: (visit) => ({
        title: 'Check your e-mail',
        content: html`<p>We have sent a message to the address that you gave. Open the link in it to go on. It works once, within 24 hours, in any browser.</p>
${hub.outbox && visit.local ? inset(html`This server has no mail server: <a href="/outbox">the message is in the outbox</a>.`) : undefined}
<h2>No message?</h2>
<p>Look among unwanted messages first. Otherwise <a href="/sign-up">fill in the form again</a>; a minute must have passed.</p>`,
      }),
    }),
    '/sign-up/confirm/:link': openPage({
      async show(visit, form) {
        const { purpose } = await hub.links.find(visit.params.link ?? '', 'sign-up');
        return {
          title: 'Confirm your e-mail address',
          form,
          content: formOn(
            visit,
            html`<p>Your account will have the e-mail address <strong>${purpose.email}</strong>.</p>
${isSameBrowser(visit, purpose.browser) ? undefined : input(form, { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', hint: 'The one you chose when you filled in the form, as this is another browser' })}
${button('Confirm and sign in')}`,
          ),
        };
      },
      act: async (visit, form) => confirm(hub, visit, form),
    }),
  };
}

const termsFault = 'Tick the box: accounts are for work with invented people only';

function signUpForm(visit: Visit, form: Form) {
  return html`<p>An account lets you register apps, get keys and call every API in the sandbox. It needs nobody's approval.</p>
${formOn(
  visit,
  html`${input(form, { name: 'name', label: 'Your name', autocomplete: 'name' })}
${input(form, { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email', hint: 'We send you a link to confirm it' })}
${input(form, { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: `${shortestPassword} characters or more. Three words are easier to keep in mind than one that is short and odd.` })}
${checkboxes(form, { name: 'terms', label: 'Data', choices: [{ value: 'yes', text: 'I will not put data of real people into a test environment' }] })}
${button('Create an account')}`,
)}
<p>You have an account? <a href="/sign-in">Sign in</a>.</p>`;
}

/** The same work for every address: a hash, a link, a message. */
async function sendVerification(hub: Hub, visit: Visit, form: Form): Promise<void> {
  const email = form.get('email');
  const name = form.get('name');
  const url = hub.publicUrl();
  const password = await hub.passwords.hash(form.raw('password'));
  const known = await hub.accounts.byEmail(email);
  const browser = digest(`browser ${visit.formToken()}`);
  const secret = await hub.links.issue(
    known ? { for: 'nothing' } : { for: 'sign-up', email, name, password, browser },
    day,
  );
  await hub.send(
    hub.clock.newId(),
    known
      ? knownMessage(email, `${url}/sign-in`, `${url}/forgotten`)
      : verifyMessage(email, `${url}/sign-up/confirm/${secret}`),
  );
}

function isSameBrowser(visit: Visit, browser: string): boolean {
  return !visit.me && digest(`browser ${visit.formToken()}`) === browser;
}

async function confirm(hub: Hub, visit: Visit, form: Form) {
  const { link, purpose } = await hub.links.find(visit.params.link ?? '', 'sign-up');
  if (!isSameBrowser(visit, purpose.browser)) {
    await mustNotExceed(hub, passwordAttempts(visit, `link ${link.id}`, 0));
    if (!(await hub.passwords.verify(form.raw('password'), purpose.password)))
      throw new FormRefused([
        { field: 'password', text: 'This is not the password that was chosen' },
      ]);
  }
  await hub.links.use(link);
  const account = await hub.accounts
    .create({ email: purpose.email, name: purpose.name, password: purpose.password }, visit.call)
    .catch((error: unknown) => {
      // Two links for one address: the other was faster.
      throw Problem.from(error).kind === 'conflict'
        ? new Problem('gone', 'There is an account with this e-mail address already: sign in')
        : error;
    });
  const person = await hub.accounts.person(account.id);
  if (!person) throw new Problem('gone', 'This account has been ended');
  const { id, role, organisation } = person;
  const actor = { id, role, organisation, call: visit.call };
  await hub.teams.create(actor, `Team of ${purpose.name}`.slice(0, 100));
  await openSession(hub, visit, account);
  return { to: '/welcome', told: 'Your e-mail address is confirmed and your account is ready.' };
}
