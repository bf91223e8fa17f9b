/** What all pages of a team share: the team in the path, and the roles in words. */
import type { Hub } from './hub-parts.ts';
import type { SignedIn } from './page.ts';
import type { TeamRole } from './teams.ts';

export const roleWords: Readonly<Record<TeamRole, string>> = {
  owner: 'Owner: everything, also who else is an owner',
  admin: 'Admin: apps, keys and members',
  viewer: 'Viewer: sees everything, changes nothing',
};

/** The team in the path, for a member. @throws Problem `not-found` for anybody else */
export function teamOf(hub: Hub, { me, params }: SignedIn) {
  return hub.teams.seenBy(me.account.id, params.team ?? '');
}
