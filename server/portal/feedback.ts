/**
 * What readers say of pages: useful or not, and why. Nothing is asked of who they are. Owns the documents, and that each is
 * looked at and may be answered.
 */
import type { CollectionOf, Stored } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { must, type Actor } from '../catalogue/roles.ts';
import { newestPart } from './newest.ts';

export const feedbackStates = ['new', 'planned', 'done', 'declined'] as const;
export type FeedbackState = (typeof feedbackStates)[number];

export interface Feedback {
  readonly id: string;
  /** The path it is about. */
  readonly page: string;
  readonly useful: 'yes' | 'no';
  /** May be empty. */
  readonly text: string;
  readonly created: number;
  readonly state: FeedbackState;
  /** What is told everybody; may be empty. */
  readonly answer: string;
}

export interface PageCount {
  readonly page: string;
  readonly yes: number;
  readonly no: number;
}

export const feedbackCollection: CollectionOf<Feedback> = {
  name: 'portal.feedback',
  keys: ({ state, created, answer }) => {
    const newest = newestPart(created);
    return {
      all: [['all', new Date(created).toISOString()]],
      newest: [['all', newest], [state, newest], ...(answer === '' ? [] : [['answered', newest]])],
    };
  },
};

export interface FeedbackBook {
  add(feedback: Pick<Feedback, 'page' | 'useful' | 'text'>): Promise<void>;
  /** Newest first, at most 200. @throws Problem `forbidden` for who does not run the platform */
  list(actor: Actor, state: FeedbackState): Promise<readonly Feedback[]>;
  /** Of the last thousand, most spoken of first. */
  counts(): Promise<readonly PageCount[]>;
  read(actor: Actor, id: string): Promise<Stored<Feedback>>;
  decide(actor: Actor, id: string, state: FeedbackState, answer: string): Promise<void>;
  /** What was answered, newest first. */
  answered(): Promise<readonly Feedback[]>;
}

/** Who looks at it. */
const right = 'feedback.decide';

export function openFeedback(ground: Ground): FeedbackBook {
  const { store, clock } = ground;
  const collection = store.open(feedbackCollection);
  const records = openRecords(ground, feedbackCollection, 'feedback');
  /** What is older than a year is found no more. */
  const newest = async (part: 'all' | 'answered' | FeedbackState, limit: number) => {
    const to = newestPart(clock.now() - 366 * 86_400_000);
    const { items } = await collection.find({ index: 'newest', equals: [part], to, limit });
    return items.map(({ value }) => value);
  };
  return {
    async add(feedback) {
      const id = clock.newId();
      const document: Feedback = {
        id,
        ...feedback,
        created: clock.now(),
        state: 'new',
        answer: '',
      };
      await collection.put(id, document, { expected: 0 });
    },
    async list(actor, state) {
      must(actor, right);
      return newest(state, 200);
    },
    async counts() {
      const pages = new Map<string, { yes: number; no: number }>();
      for (const { page, useful } of await newest('all', 1000)) {
        const count = pages.get(page) ?? { yes: 0, no: 0 };
        count[useful]++;
        pages.set(page, count);
      }
      return [...pages]
        .map(([page, count]) => ({ page, ...count }))
        .sort((a, b) => b.yes + b.no - a.yes - a.no || a.page.localeCompare(b.page, 'en'));
    },
    async read(actor, id) {
      must(actor, right);
      return records.read(id);
    },
    async decide(actor, id, state, answer) {
      await records.change({
        ...{ deed: { actor, action: 'feedback.decide' }, id, expected: undefined },
        allow: () => {
          must(actor, right);
        },
        edit: (feedback) => ({ ...feedback, state, answer }),
      });
    },
    answered: () => newest('answered', 100),
  };
}
