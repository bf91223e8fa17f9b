/** Which apps somebody may look into, and as whom: those of their teams. Owns that list. */
import type { App } from '../catalogue/apps.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';
import type { Me } from './page.ts';
import { actorIn, type Team } from './teams.ts';

/** An app, and as whom its team acts for it. */
export interface OwnApp {
  readonly app: App;
  readonly team: Team;
  readonly actor: Actor;
}

/** The apps of all teams that somebody is in, by name. */
export async function ownApps(hub: Hub, me: Me): Promise<readonly OwnApp[]> {
  const teams = await hub.teams.of(me.account.id);
  const byCode = new Map(teams.map(({ value }) => [value.id, value]));
  return [...hub.catalogue.apps()]
    .flatMap((app) => {
      const team = byCode.get(app.owner);
      return team ? [{ app, team, actor: actorIn(team, me.actor) }] : [];
    })
    .sort((one, other) => one.app.name.localeCompare(other.app.name));
}
