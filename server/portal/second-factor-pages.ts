/** Switching the second factor on and off, and new recovery codes. */
import { html, type Html } from '../../core/html.ts';
import type { Account } from './accounts.ts';
import { currentPassword, mustKnowPassword } from './account-pages.ts';
import { codeAttempts, mustNotExceed } from './attempts.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { changedMessage } from './messages.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, list, summaryList, tag, time, warning } from './parts.ts';
import { qrCode } from './qr-code.ts';
import { factorPlace, recoveryDigest } from './second-factor.ts';
import { renewSession } from './sign-in-session.ts';
import { newRecoveryCodes, newTotpSecret, stepOfCode, totpAddress } from './totp.ts';

const back = { href: '/account', text: 'Back to your account' };

export function secondFactorPages(hub: Hub): Pages {
  return {
    '/account/second-factor': accountPage({
      show: (visit, form) => overview(visit, form),
      act: (visit, form) => begin(hub, visit, form),
    }),
    '/account/second-factor/app': accountPage({
      show(visit, form) {
        const secret = begun(hub, visit.me.account.value);
        return secret === undefined
          ? { to: '/account/second-factor' }
          : appPage(visit, form, secret);
      },
      act: (visit, form) => switchOn(hub, visit, form),
    }),
    '/account/second-factor/off': accountPage({
      show: (visit, form) => ({
        ...{ title: 'Switch off the second factor', form, back },
        content: formOn(
          visit,
          html`<p>After this your password alone opens your account.</p>
${currentPassword(form)}${button('Switch off', 'warning')}`,
        ),
      }),
      async act(visit, form) {
        await mustKnowPassword(hub, visit, form);
        await change(hub, visit, 'account.second-factor.off', without);
        await renewSession(hub, visit);
        await tell(hub, visit, 'the second factor was switched off');
        return { to: '/account', told: 'The second factor is switched off.' };
      },
    }),
  };
}

function overview(visit: SignedIn, form: Form): Page {
  const { secondFactor } = visit.me.account.value;
  const about = html`<p>With a second factor nobody gets into your account with your password alone: you are also asked for six digits, which an authenticator app on your phone or computer shows you.</p>`;
  const on = secondFactor
    ? html`${summaryList([
        { key: 'State', value: html`${tag('On', 'green')} since ${time(secondFactor.since)}` },
        { key: 'Recovery codes left', value: secondFactor.recovery.length },
      ])}<p><a href="/account/second-factor/off">Switch it off</a></p><h2>Set it up anew</h2><p>For another phone, or for new recovery codes. What you have now works until the new one is confirmed.</p>`
    : undefined;
  return {
    ...{ title: 'Second factor', form, back },
    content: html`${about}${on}${formOn(visit, html`${currentPassword(form)}${button('Go on')}`)}`,
  };
}

async function begin(hub: Hub, visit: SignedIn, form: Form) {
  await mustKnowPassword(hub, visit, form);
  const { id } = visit.me.account;
  const begunFactor = hub.sealer.seal(newTotpSecret(), factorPlace(id));
  await change(hub, visit, 'account.second-factor.begin', (now) => ({ ...now, begunFactor }));
  return { to: '/account/second-factor/app' };
}

function begun(hub: Hub, { id, begunFactor }: Account): string | undefined {
  return begunFactor === undefined ? undefined : hub.sealer.open(begunFactor, factorPlace(id));
}

function appPage(visit: SignedIn, form: Form, secret: string): Page {
  const address = totpAddress(secret, visit.me.account.value.email);
  const picture = qrCode(address, 'QR code of the key that stands below it');
  const spaced = (secret.match(/.{4}/g) ?? []).join(' ');
  return {
    ...{ title: 'Set up your authenticator app', form, back },
    content: html`<ol class="nhsuk-list nhsuk-list--number">
<li>Add an account in your authenticator app. ${picture ? html`Scan this code with it:<br />${picture}Or type` : 'Type'} this key: ${code(spaced)}<br />On a phone, or with an app on this computer, <a href="${address}">this link opens the app</a>. (Time-based, six digits, 30 seconds.)</li>
<li>Enter the code that the app shows now.</li></ol>
${formOn(
  visit,
  html`${input(form, { name: 'code', label: 'Code', autocomplete: 'one-time-code', numeric: true, width: 10 })}
${button('Switch on')}`,
)}`,
  };
}

async function switchOn(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { account } = visit.me;
  const { id } = account;
  await mustNotExceed(hub, codeAttempts(id, account.value.signedIn));
  const secret = begun(hub, account.value);
  const entered = form.get('code').replace(/\s/g, '');
  const now = hub.clock.now();
  const step = secret === undefined ? undefined : stepOfCode(secret, entered, now, 0);
  if (secret === undefined || step === undefined)
    throw new FormRefused([
      { field: 'code', text: 'The code is wrong: enter the one that the app shows now' },
    ]);
  const codes = newRecoveryCodes();
  await change(hub, visit, 'account.second-factor.on', ({ begunFactor: _begun, ...rest }) => ({
    ...rest,
    secondFactor: {
      secret: hub.sealer.seal(secret, factorPlace(id)),
      ...{ step, since: now },
      recovery: codes.map((one) => recoveryDigest(id, one)),
    },
  }));
  await renewSession(hub, visit);
  await tell(hub, visit, 'a second factor was switched on');
  return {
    title: 'The second factor is on',
    content: html`${warning('Keep your recovery codes', 'Each opens your account once, if you lose your phone. They are shown only now: print them, or keep them where you keep passwords.')}
${codesShown(codes)}
<p><a href="/account">Go to your account</a></p>`,
  };
}

function codesShown(codes: readonly string[]): Html {
  return list(codes.map((one) => code(one)));
}

function without({ secondFactor: _factor, begunFactor: _begun, ...rest }: Account): Account {
  return rest;
}

async function change(
  hub: Hub,
  { me }: SignedIn,
  action: string,
  edit: (account: Account) => Account,
): Promise<void> {
  await hub.accounts.records.change({
    deed: { actor: me.actor, action },
    ...{ id: me.account.id, expected: undefined, allow: () => undefined, edit },
  });
}

async function tell(hub: Hub, { me }: SignedIn, what: string): Promise<void> {
  const help = `${hub.publicUrl()}/help`;
  await hub.send(hub.clock.newId(), changedMessage(me.account.value.email, what, help));
}
