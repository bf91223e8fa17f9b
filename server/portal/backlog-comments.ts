/** Comments on items of the backlog: seen by their author and those who decide, and by everybody once they are let through. */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { must, type Actor } from '../catalogue/roles.ts';

export const commentStates = ['waiting', 'shown', 'removed'] as const;
export type CommentState = (typeof commentStates)[number];

export interface BacklogComment {
  readonly id: string;
  /** Id of the item. */
  readonly item: string;
  readonly author: string;
  /** As it is shown beside the text. */
  readonly name: string;
  readonly text: string;
  readonly state: CommentState;
  readonly created: number;
}

const commentCollection: CollectionOf<BacklogComment> = {
  name: 'portal.backlog.comments',
  keys: ({ item, author, state, created }) => {
    const at = new Date(created).toISOString();
    return { item: [[item, at]], state: [[state, at]], waits: [[`${author} ${state}`, at]] };
  },
};

/** Comments of one author that wait. */
const mostWaiting = 20;

export interface BacklogComments {
  /** Oldest first: what everybody sees, and what this reader wrote; at most 500. */
  on(item: string, reader: string | undefined): Promise<readonly BacklogComment[]>;
  add(
    actor: Actor,
    comment: Pick<BacklogComment, 'item' | 'name' | 'text'>,
  ): Promise<Stored<BacklogComment>>;
  /** Oldest first, at most 200. @throws Problem `forbidden`, here and below */
  list(actor: Actor, state: CommentState): Promise<readonly BacklogComment[]>;
  decide(actor: Actor, id: string, state: 'shown' | 'removed'): Promise<Stored<BacklogComment>>;
}

export function openComments(ground: Ground): BacklogComments {
  const { store, clock } = ground;
  const collection = store.open(commentCollection);
  const records = openRecords(ground, commentCollection, 'comment');
  return {
    async on(item, reader) {
      const { items } = await collection.find({ index: 'item', equals: [item], limit: 500 });
      return items
        .map(({ value }) => value)
        .filter(
          ({ state, author }) => state === 'shown' || (state === 'waiting' && author === reader),
        );
    },
    async add(actor, comment) {
      const waiting = await collection.find({
        ...{ index: 'waits', equals: [`${actor.id} waiting`], limit: mostWaiting },
      });
      if (waiting.items.length >= mostWaiting)
        throw new Problem('conflict', 'Too many of your comments wait: nobody can read as fast');
      const id = clock.newId();
      return records.add({ actor, action: 'backlog.comment' }, id, () => ({
        ...{ id, ...comment, author: actor.id, state: 'waiting', created: clock.now() },
      }));
    },
    async list(actor, state) {
      must(actor, 'backlog.read');
      const { items } = await collection.find({ index: 'state', equals: [state], limit: 200 });
      return items.map(({ value }) => value);
    },
    decide: (actor, id, state) =>
      records.change({
        ...{ deed: { actor, action: 'backlog.comment.decide' }, id, expected: undefined },
        allow: () => {
          must(actor, 'backlog.change');
        },
        edit: (comment) => ({ ...comment, state }),
      }),
  };
}
