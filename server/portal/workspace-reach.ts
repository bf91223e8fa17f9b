/**
 * Which views of the sandbox somebody may see, and which they may change: those of their teams' apps, those they made, and
 * the shared one to look at. Anything else is not there for them. Owns that judgement.
 */
import { Problem } from '../../core/problem.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { WorkspaceTold } from './explain-ports.ts';
import { ownApps } from './explain-reach.ts';
import type { Hub } from './hub-parts.ts';
import type { Me } from './page.ts';
import { manages } from './teams.ts';

export interface Reached {
  readonly told: WorkspaceTold;
  /** "App Ward view", "All visitors". */
  readonly whose: string;
  readonly may: 'look' | 'change';
  readonly removable: boolean;
  /** As whom its people are looked at. */
  readonly actor: Actor;
}

/** How the maker of a workspace is written down. */
export function makerOf({ account }: Me): string {
  return `account ${account.id}`;
}

/** All that somebody may see; own ones first. */
export async function reachOf(hub: Hub, me: Me): Promise<readonly Reached[]> {
  const { workspaces } = hub.explain;
  const { actor } = me;
  const made = await workspaces.madeBy(makerOf(me));
  const apps = (await ownApps(hub, me)).filter(({ app }) => app.registrations.sandbox);
  const views = await Promise.all(
    apps.map(async ({ app, team, actor: by }): Promise<Reached> => {
      const may = manages(team, me.account.id) ? 'change' : 'look';
      const told = await workspaces.look(workspaces.ofApp(app.id));
      return { told, whose: `App ${app.name}`, may, removable: false, actor: by };
    }),
  );
  const shared = await workspaces.look(workspaces.shared);
  return [
    ...made.map((told): Reached => ({
      told,
      whose: told.name,
      may: 'change',
      removable: true,
      actor,
    })),
    ...views,
    { told: shared, whose: 'All visitors', may: 'look', removable: false, actor },
  ];
}

/** @throws Problem `not-found` for what is not theirs to see, in the words of what is not there */
export async function seenBy(hub: Hub, me: Me, id: string): Promise<Reached> {
  const found = (await reachOf(hub, me)).find(({ told }) => told.id === id);
  if (found) return found;
  throw new Problem('not-found', 'There is no such workspace, or it has expired');
}
