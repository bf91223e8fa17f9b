/**
 * The end of each sign-in: a new session whatever the browser had before, its cookie, and an entry in the audit. And a new
 * one in the place of all when what opens the account has changed.
 */
import type { Stored } from '../../core/store.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Account } from './accounts.ts';
import { FormRefused } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { rememberBrowser } from './known-browser.ts';
import type { SignedIn, Visit } from './page.ts';
import { digest } from './secrets.ts';
import { browserIn, longest } from './sessions.ts';

/**
 * @param account as it was when its password was found right
 * @param edit what the sign-in changes of the account beside its time
 * @throws FormRefused when the password was changed meanwhile: whoever did that has ended all sessions
 */
export async function openSession(
  hub: Hub,
  visit: Visit,
  account: Stored<Account>,
  edit: (account: Account) => Account = (same) => same,
): Promise<void> {
  const { id } = account;
  const person = await hub.accounts.person(id);
  const actor: Actor = {
    ...{ id, role: person?.role ?? 'viewer', organisation: person?.organisation ?? '' },
    call: visit.call,
  };
  await hub.accounts.records.change({
    deed: { actor, action: 'account.sign-in' },
    ...{ id, expected: undefined, allow: () => undefined },
    edit: (now) => {
      if (now.passwordChanged !== account.value.passwordChanged) throw changedMeanwhile();
      return { ...edit(now), signedIn: hub.clock.now() };
    },
  });
  if (visit.me) await hub.sessions.end(visit.me.session.id);
  const secret = await hub.sessions.open({
    ...{ account: id, address: visit.call.address },
    browser: browserIn(visit.exchange.headers['user-agent']),
  });
  // A new password ends the sessions that it finds: this one it may have come too early for.
  const after = await hub.accounts.find(id);
  if (after?.value.passwordChanged !== account.value.passwordChanged) {
    await hub.sessions.end(digest(secret));
    throw changedMeanwhile();
  }
  visit.setCookie('session', secret, longest / 1000);
  rememberBrowser(hub, visit, id);
  visit.setCookie('visit', '', 0);
  visit.setCookie('second', '', 0);
}

/** Ends all sessions of the account; this browser goes on in a new one, so that a copy of its cookie is worth nothing more. */
export async function renewSession(hub: Hub, visit: SignedIn): Promise<void> {
  const { account } = visit.me;
  const secret = await hub.sessions.open({
    ...{ account: account.id, address: visit.call.address },
    browser: browserIn(visit.exchange.headers['user-agent']),
  });
  await hub.sessions.endAll(account.id, digest(secret));
  visit.setCookie('session', secret, longest / 1000);
}

function changedMeanwhile(): FormRefused {
  const text = 'The password was changed meanwhile: sign in with the new one';
  return new FormRefused([{ text }], 401);
}
