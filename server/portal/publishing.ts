/**
 * Which teams may publish APIs: a team asks, who runs the platform grants it once, and may take it back. Owns the requests and
 * decisions; with a refusal all credentials of the team end.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { must, type Actor } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';

export const publishingStates = ['asked', 'granted', 'refused'] as const;
export type PublishingState = (typeof publishingStates)[number];

export interface Publishing {
  /** The code of the team. */
  readonly team: string;
  readonly state: PublishingState;
  /** What it wants to publish, as it said. */
  readonly reason: string;
  /** When it asked; milliseconds since the epoch. */
  readonly asked: number;
  /** When that was decided. */
  readonly decided?: number;
}

const publishingCollection: CollectionOf<Publishing> = {
  name: 'portal.publishing',
  keys: ({ state, asked }) => ({ state: [[state, new Date(asked).toISOString()]] }),
};

/** Whether a team may publish, and what it asked. */
export async function publishingOf(ground: Ground, team: string): Promise<Publishing | undefined> {
  return (await ground.store.open(publishingCollection).get(team))?.value;
}

/** Oldest first, at most 500. @throws Problem `forbidden` */
export async function publishingIn(
  ground: Ground,
  actor: Actor,
  state: PublishingState,
): Promise<readonly Publishing[]> {
  must(actor, 'publishing.decide');
  const query = { index: 'state', equals: [state], limit: 500 };
  return (await ground.store.open(publishingCollection).find(query)).items.map(
    ({ value }) => value,
  );
}

/** Asks for it, again where it was refused. @param actor as a developer of the team. @throws Problem `forbidden`, `conflict` */
export async function askToPublish(
  ground: Ground,
  actor: Actor,
  team: string,
  reason: string,
): Promise<void> {
  const records = openRecords(ground, publishingCollection, 'request to publish');
  const asked: Publishing = { team, state: 'asked', reason, asked: ground.clock.now() };
  const deed = { actor, action: 'publishing.ask' };
  const allow = () => {
    must(actor, 'credential.change', { organisation: team });
  };
  if (!(await publishingOf(ground, team))) {
    await records.add(deed, team, () => {
      allow();
      return asked;
    });
    return;
  }
  await records.change({
    ...{ deed, id: team, expected: undefined, allow },
    edit(before) {
      if (before.state === 'refused') return asked;
      throw new Problem('conflict', 'Your team has asked already');
    },
  });
}

/** @throws Problem `forbidden`, `not-found` */
export async function decideOnPublishing(
  hub: Pick<Hub, 'store' | 'clock' | 'journal' | 'administration'>,
  actor: Actor,
  team: string,
  state: 'granted' | 'refused',
): Promise<void> {
  await openRecords(hub, publishingCollection, 'request to publish').change({
    ...{ deed: { actor, action: `publishing.${state}` }, id: team, expected: undefined },
    allow() {
      must(actor, 'publishing.decide');
    },
    edit: (before) => ({ ...before, state, decided: hub.clock.now() }),
  });
  if (state === 'refused') await hub.administration.credentials.revokeAll(actor, team);
}

/** Grants it without a request, to the team that is there to try. */
export async function grantPublishing(ground: Ground, actor: Actor, team: string): Promise<void> {
  const records = openRecords(ground, publishingCollection, 'request to publish');
  const at = ground.clock.now();
  await records.add({ actor, action: 'publishing.granted' }, team, () => ({
    ...{ team, state: 'granted', reason: 'The team to try with', asked: at, decided: at },
  }));
}

/** @throws Problem `forbidden` for a team that may not (yet) */
export async function mustPublish(ground: Ground, team: string): Promise<void> {
  if ((await publishingOf(ground, team))?.state === 'granted') return;
  throw new Problem('forbidden', 'Your team may not publish yet: ask for it on the page before', {
    code: 'PUBLISHING',
  });
}
