/**
 * The backlog that everybody sees: which APIs and features are wished for, planned, in progress and done. Owns the items, who may
 * change them, and that a suggestion is seen by its author and those who decide until it is taken; votes and comments are
 * backlog-votes.ts's and backlog-comments.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Page, Stored } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { may, must, type Actor } from '../catalogue/roles.ts';

/** In the order in which the page shows them. */
export const publicStates = ['in progress', 'planned', 'idea', 'done'] as const;
export const backlogStates = ['suggested', ...publicStates, 'declined'] as const;
export type BacklogState = (typeof backlogStates)[number];

export const backlogKinds = { api: 'An API', platform: 'The platform' } as const;
export type BacklogKind = keyof typeof backlogKinds;

export interface BacklogItem {
  /** `BL-1`. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly kind: BacklogKind;
  readonly state: BacklogState;
  /** What whoever decides has to say of it; may be empty. */
  readonly answer: string;
  /** Who suggested it; empty for what the platform itself put there. */
  readonly author: string;
  /** Milliseconds since the epoch, here and below. */
  readonly created: number;
  readonly changed: number;
}

export type BacklogFields = Pick<BacklogItem, 'title' | 'text' | 'kind' | 'state' | 'answer'>;

const backlogCollection: CollectionOf<BacklogItem> = {
  name: 'portal.backlog',
  keys: ({ state, author, created }) => {
    const at = new Date(created).toISOString();
    return {
      all: [['all', at]],
      state: [[state, at]],
      ...(author === '' ? {} : { author: [[author, at]] }),
    };
  },
};

export interface Backlog {
  /** What everybody sees of a state, oldest first; at most 500. */
  published(state: (typeof publicStates)[number]): Promise<readonly BacklogItem[]>;
  /** What somebody suggested and nobody has taken, newest first. */
  suggestedBy(author: string): Promise<readonly BacklogItem[]>;
  /** An item that this reader may see. @throws Problem `not-found` */
  read(id: string, reader: Actor | undefined): Promise<Stored<BacklogItem>>;
  suggest(
    actor: Actor,
    fields: Pick<BacklogFields, 'title' | 'text' | 'kind'>,
  ): Promise<Stored<BacklogItem>>;
  /** All of a state, or all. @throws Problem `forbidden`, here and below */
  list(
    actor: Actor,
    state: BacklogState | undefined,
    page: { readonly limit?: number; readonly after?: string },
  ): Promise<Page<BacklogItem>>;
  create(actor: Actor, fields: BacklogFields): Promise<Stored<BacklogItem>>;
  /** @throws Problem `precondition-failed` when it has changed since `expected` */
  change(
    actor: Actor,
    id: string,
    fields: Partial<BacklogFields>,
    expected: number | undefined,
  ): Promise<Stored<BacklogItem>>;
}

/** Suggestions of one author that wait for a decision. */
const mostWaiting = 20;

export function openBacklog(ground: Ground): Backlog {
  const { store, clock } = ground;
  const collection = store.open(backlogCollection);
  const records = openRecords(ground, backlogCollection, 'item of the backlog');
  const add = async (actor: Actor, action: string, author: string, fields: BacklogFields) => {
    const id = `BL-${await store.counters.add('portal.backlog')}`;
    const at = clock.now();
    return records.add({ actor, action }, id, () => ({
      ...{ id, ...fields, author, created: at, changed: at },
    }));
  };
  const suggestedBy = async (author: string) => {
    const found = await collection.find({ index: 'author', equals: [author], limit: 1000 });
    return found.items
      .map(({ value }) => value)
      .filter((item) => !isPublic(item))
      .reverse();
  };
  return {
    suggestedBy,
    async published(state) {
      const found = await collection.find({ index: 'state', equals: [state], limit: 500 });
      return found.items.map(({ value }) => value);
    },
    async read(id, reader) {
      const found = await records.read(id);
      if (isPublic(found.value) || (reader && sees(reader, found.value))) return found;
      throw new Problem('not-found', 'There is no such item of the backlog');
    },
    async suggest(actor, fields) {
      const waiting = (await suggestedBy(actor.id)).filter(({ state }) => state === 'suggested');
      if (waiting.length >= mostWaiting)
        throw new Problem('conflict', 'Too many of your suggestions wait: nobody can read as fast');
      const whole: BacklogFields = { ...fields, state: 'suggested', answer: '' };
      return add(actor, 'backlog.suggest', actor.id, whole);
    },
    async list(actor, state, page) {
      must(actor, 'backlog.read');
      const place = state === undefined ? ['all', 'all'] : ['state', state];
      const [index = '', part = ''] = place;
      return collection.find({ index, equals: [part], ...page });
    },
    async create(actor, fields) {
      must(actor, 'backlog.change');
      return add(actor, 'backlog.create', '', fields);
    },
    change: (actor, id, fields, expected) =>
      records.change({
        ...{ deed: { actor, action: 'backlog.change' }, id, expected },
        allow: () => {
          must(actor, 'backlog.change');
        },
        edit: (item) => ({ ...item, ...fields, changed: clock.now() }),
      }),
  };
}

/** Whether everybody sees it. */
export function isPublic({ state }: BacklogItem): boolean {
  return state !== 'suggested' && state !== 'declined';
}

function sees(reader: Actor, { author }: BacklogItem): boolean {
  return may(reader, 'backlog.read') || author === reader.id;
}
