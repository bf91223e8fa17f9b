/**
 * The end of an account: what stands in its way, and what goes with it. Owns the order, so that a crash anywhere leaves an
 * account that is as it was or one that the sweep goes on removing.
 */
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Ground } from '../catalogue/records.ts';
import { openAccounts, platformActor } from './accounts.ts';
import { openTickets } from './help-tickets.ts';
import type { Hub } from './hub-parts.ts';
import type { Me } from './page.ts';
import { openSessions } from './sessions.ts';
import { belongingsOf } from './team-belongings.ts';
import { actorIn, type Team } from './teams.ts';

/** What has to be done first; empty when the account may end. */
export async function obstaclesTo(hub: Hub, { account }: Me): Promise<readonly Html[]> {
  const teams = await hub.teams.of(account.id);
  return teams.flatMap(({ value: team }) => {
    const link = html`<a href="/teams/${team.id}">${team.name}</a>`;
    if (!isLastOwner(team, account.id)) return [];
    if (team.members.length > 1)
      return [html`You are the last owner of ${link}: make somebody else an owner.`];
    return belongingsOf(hub, team).map(
      (one) => html`Nobody else is in ${link}, and it has ${one}: hand it over or end it.`,
    );
  });
}

/** Leaves all teams and ends the account. @throws Problem `conflict` for who is needed, with what they have to do first */
export async function endAccount(hub: Hub, { account, actor }: Me): Promise<void> {
  if (actor.role === 'administrator')
    await hub.administration.people.change(actor, account.id, { role: 'viewer' });
  for (const { id, value } of await hub.teams.of(account.id))
    if (value.members.length > 1) await hub.teams.remove(actor, id, account.id);
    else {
      await hub.administration.credentials.revokeAll(actorIn(value, actor), id);
      await hub.teams.end(actor, id);
    }
  await hub.accounts.end({ actor, action: 'account.end' }, account.id);
  await removeEndedAccounts(hub);
}

/** Goes on where a removal was cut off; says how many accounts are gone with it. */
export async function removeEndedAccounts(ground: Ground): Promise<number> {
  const accounts = openAccounts(ground);
  const ended = await accounts.ended();
  if (ended.length === 0) return 0;
  const tickets = openTickets(ground);
  const sessions = openSessions(ground.store, () => ground.clock.now());
  for (const { id } of ended) {
    await sessions.endAll(id);
    await tickets.forget(platformActor, id);
    await accounts.remove(id);
  }
  return ended.length;
}

function isLastOwner({ members }: Team, account: string): boolean {
  const owners = members.filter(({ role }) => role === 'owner');
  return owners.length === 1 && owners[0]?.account === account;
}
