/** Signing in and out: password, code of the second factor, recovery code. Wrong and unknown look alike and take as long. */
import { html, type Html } from '../../core/html.ts';
import type { Stored } from '../../core/store.ts';
import type { Account } from './accounts.ts';
import { codeAttempts, mustNotExceed, passwordAttempts } from './attempts.ts';
import { emailFaults, mustBeRight } from './checks.ts';
import { enter } from './deeds.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { knownBrowser } from './known-browser.ts';
import { openPage, type Move, type Page, type Pages, type Visit } from './page.ts';
import { table } from './parts.ts';
import { safePath } from './same-origin.ts';
import { usedFactor } from './second-factor.ts';
import { openSession } from './sign-in-session.ts';

const minute = 60_000;

export function signInPages(hub: Hub): Pages {
  return {
    '/sign-in': openPage({
      show: (visit, form) => {
        const back = safePath(visit.query.get('return') ?? form.get('return'));
        return visit.me ? { to: back } : signInPage(hub, visit, form, back);
      },
      act: (visit, form) => signIn(hub, visit, form),
    }),
    '/sign-in/code': openPage({
      show(visit, form) {
        if (visit.cookie('second') === undefined) return { to: '/sign-in' };
        return codePage(visit, form);
      },
      act: (visit, form) => secondStep(hub, visit, form),
    }),
    '/sign-out': openPage({
      show: () => Promise.resolve({ to: '/' }),
      async act(visit) {
        if (visit.me) {
          const { account, session } = visit.me;
          await hub.sessions.end(session.id);
          await enter(hub, visit, { action: 'account.sign-out', id: account.id });
        }
        visit.setCookie('session', '', 0);
        return { to: '/', told: 'You are signed out.' };
      },
    }),
  };
}

function signInPage(hub: Hub, visit: Visit, form: Form, back: string): Page {
  return {
    title: 'Sign in',
    form,
    content: html`${visit.cookie('kept') === undefined ? undefined : html`<p>What you entered is kept: it is filled in again once you have signed in.</p>`}
${formOn(
  visit,
  html`${input(form, { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' })}
${input(form, { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' })}
${button('Sign in')}`,
  { action: '/sign-in', hidden: { return: back } },
)}
<p><a href="/forgotten">I have forgotten my password</a></p>
<p>No account yet? <a href="/sign-up">Create an account</a>.</p>
${visit.local ? tryOutList(hub) : undefined}`,
  };
}

/** On a laptop, and only to who sits at it: accounts to try. */
function tryOutList(hub: Hub): Html | undefined {
  const tryOut = hub.tryOut?.();
  if (!tryOut) return undefined;
  return html`<h2>Accounts to try</h2>
<p>This is a laptop installation, and you are asking from the laptop itself. All of these have the password <code class="hub-code">${tryOut.password}</code></p>
${table(
  'Accounts of this laptop',
  ['E-mail address', 'Role'],
  tryOut.accounts.map(({ email, what }) => [html`<code class="hub-code">${email}</code>`, what]),
)}`;
}

const wrong = 'The e-mail address or the password is wrong';

async function signIn(hub: Hub, visit: Visit, form: Form): Promise<Move> {
  mustBeRight(
    emailFaults(form),
    form.raw('password') === '' ? [{ field: 'password', text: 'Enter your password' }] : [],
  );
  const email = form.get('email');
  const account = await hub.accounts.byEmail(email);
  const mark = account?.value.signedIn ?? 0;
  const known = account && knownBrowser(hub, visit, account.id);
  await mustNotExceed(hub, passwordAttempts(visit, email, mark, known));
  const right = await hub.passwords.verify(form.raw('password'), account?.value.password);
  const person = account && (await hub.accounts.person(account.id));
  if (!account || !right || !person) {
    await enter(hub, visit, {
      ...{ action: 'account.sign-in', id: account?.id ?? '', user: '', status: 401 },
      code: 'WRONG_PASSWORD',
    });
    throw new FormRefused([{ field: 'email', text: wrong }], 401);
  }
  const back = safePath(form.get('return'));
  if (!account.value.secondFactor) {
    await openSession(hub, visit, account);
    return { to: back === '/' ? '/welcome' : back };
  }
  const purpose = {
    ...({ for: 'second-factor', account: account.id, back } as const),
    mark: account.value.passwordChanged,
  };
  visit.setCookie('second', await hub.links.issue(purpose, 10 * minute), 600);
  return { to: '/sign-in/code' };
}

function codePage(visit: Visit, form: Form): Page {
  return {
    title: 'Enter your code',
    form,
    back: { href: '/sign-in', text: 'Back to sign in' },
    content: formOn(
      visit,
      html`${input(form, { name: 'code', label: 'Code', hint: 'Six digits from your authenticator app, or one of your recovery codes', autocomplete: 'one-time-code', width: 10 })}
${button('Go on')}`,
    ),
  };
}

async function secondStep(hub: Hub, visit: Visit, form: Form): Promise<Move> {
  const found = await hub.links
    .find(visit.cookie('second') ?? '', 'second-factor')
    .catch(() => undefined);
  const account = found && (await hub.accounts.find(found.purpose.account));
  if (!found || account?.value.passwordChanged !== found.purpose.mark)
    return { to: '/sign-in', told: 'The sign-in took too long. Begin again.' };
  await mustNotExceed(hub, codeAttempts(account.id, account.value.signedIn));
  const code = form.get('code');
  if (!usedFactor(hub, account.value, code)) await refuseCode(hub, visit, account);
  await hub.links.use(found.link);
  await openSession(hub, visit, account, (now) => {
    const after = usedFactor(hub, now, code);
    if (after) return after;
    throw new FormRefused([wrongCode], 401); // the same code won elsewhere meanwhile
  });
  const { back } = found.purpose;
  return { to: back === '/' ? '/welcome' : back };
}

const wrongCode = {
  field: 'code',
  text: 'The code is wrong, or it was used already: wait for the next one',
};

async function refuseCode(hub: Hub, visit: Visit, { id }: Stored<Account>): Promise<never> {
  await enter(hub, visit, {
    ...{ action: 'account.second-factor', id, user: '', status: 401, code: 'WRONG_CODE' },
  });
  throw new FormRefused([wrongCode], 401);
}
