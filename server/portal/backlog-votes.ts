/** Votes for items of the backlog: one an account for each item, which can be taken back. Owns the documents and the count. */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import type { Actor } from '../catalogue/roles.ts';

/** Its id is that of the item; apart from the item, so that a vote is no change of what somebody edits. */
interface Votes {
  /** Ids of accounts, each once. */
  readonly accounts: readonly string[];
}

const voteCollection: CollectionOf<Votes> = { name: 'portal.backlog.votes' };

const mostVotes = 20_000;

export interface BacklogVotes {
  count(item: string): Promise<number>;
  has(item: string, account: string): Promise<boolean>;
  /** Gives the vote of whoever acts, or takes it back; what is so already stays so. */
  set(actor: Actor, item: string, wanted: boolean): Promise<void>;
}

export function openVotes(ground: Ground): BacklogVotes {
  const collection = ground.store.open(voteCollection);
  const records = openRecords(ground, voteCollection, 'vote');
  const accountsOf = async (item: string) => (await collection.get(item))?.value.accounts ?? [];
  return {
    count: async (item) => (await accountsOf(item)).length,
    has: async (item, account) => (await accountsOf(item)).includes(account),
    async set(actor, item, wanted) {
      const known = await collection.get(item);
      if ((known?.value.accounts ?? []).includes(actor.id) === wanted) return;
      const deed = { actor, action: wanted ? 'backlog.vote' : 'backlog.unvote' };
      if (!known)
        try {
          await records.add(deed, item, () => ({ accounts: [actor.id] }));
          return;
        } catch (error) {
          // Somebody was the first to vote meanwhile: the vote is added to theirs.
          if (Problem.from(error).kind !== 'conflict') throw error;
        }
      await records.change({
        ...{ deed, id: item, expected: undefined },
        allow({ accounts }) {
          if (wanted && accounts.length >= mostVotes)
            throw new Problem('conflict', 'The item has as many votes as are counted');
        },
        edit: ({ accounts }) => {
          const others = accounts.filter((one) => one !== actor.id);
          return { accounts: wanted ? [...others, actor.id] : others };
        },
      });
    },
  };
}
