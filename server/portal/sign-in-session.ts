/** The end of each sign-in: a new session whatever the browser had before, its cookie, and an entry in the audit. */
import type { Stored } from '../../core/store.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Account } from './accounts.ts';
import type { Hub } from './hub-parts.ts';
import type { Visit } from './page.ts';
import { browserIn, longest } from './sessions.ts';

/** @param edit what the sign-in changes of the account beside its time */
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
    edit: (now) => ({ ...edit(now), signedIn: hub.clock.now() }),
  });
  if (visit.me) await hub.sessions.end(visit.me.session.id);
  const secret = await hub.sessions.open({
    ...{ account: id, address: visit.call.address },
    browser: browserIn(visit.exchange.headers['user-agent']),
  });
  visit.setCookie('session', secret, longest / 1000);
  visit.setCookie('visit', '', 0);
  visit.setCookie('second', '', 0);
}
