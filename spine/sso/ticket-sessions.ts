/**
 * Smartcard sessions: who signed in where and in which role, and until when that counts. Owns how they are kept, their idle
 * limit and their end; tickets for them are ticket.ts's.
 */
import type { Collection, CollectionOf, Store } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';

export interface SmartcardSession {
  /** The environment: a ticket of one is nothing in another. */
  readonly place: string;
  /** The workstation whose identity agent holds the ticket. */
  readonly workstation: string;
  /** National user id, 12 digits. */
  readonly userId: string;
  /** The role profile that was chosen. */
  readonly role: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly used: number;
}

export interface SmartcardSessions {
  /** Begins one, and ends what the workstation had before. @returns its id */
  begin(
    session: Pick<SmartcardSession, 'place' | 'workstation' | 'userId' | 'role'>,
  ): Promise<string>;
  /** One that lives; undefined for what never was or is over. */
  find(id: string, place: string): Promise<SmartcardSession | undefined>;
  /** The same, counted as used now. */
  use(id: string, place: string): Promise<SmartcardSession | undefined>;
  /** The id of what a workstation has now. */
  at(place: string, workstation: string): Promise<string | undefined>;
  end(id: string): Promise<void>;
}

export function openSmartcardSessions(
  store: Store,
  clock: { now(): number; newId(): string },
): SmartcardSessions {
  const kept = store.open(collection);
  const sweep = sweeper(kept, clock);
  const living = async (id: string, place: string) => {
    const stored = await kept.get(id);
    return stored?.value.place === place && lives(stored.value, clock.now()) ? stored : undefined;
  };
  const at = async (place: string, workstation: string) => {
    const { items } = await kept.find({ index: 'workstation', equals: [place, workstation] });
    return items.filter(({ value }) => lives(value, clock.now())).at(-1)?.id;
  };
  return {
    at,
    find: async (id, place) => (await living(id, place))?.value,
    end: (id) => remove(kept, id),
    async begin(session) {
      await sweep();
      const { items } = await kept.find({
        index: 'workstation',
        equals: [session.place, session.workstation],
      });
      for (const before of items) await remove(kept, before.id);
      const id = clock.newId();
      const now = clock.now();
      await kept.put(id, { ...session, started: now, used: now }, { expected: 0 });
      return id;
    },
    async use(id, place) {
      const stored = await living(id, place);
      if (stored && clock.now() - stored.value.used >= noted)
        await unlessFaster(
          kept.put(id, { ...stored.value, used: clock.now() }, { expected: stored.version }),
        );
      return stored?.value;
    },
  };
}

/** When a session ends if nobody uses it any more; milliseconds. */
export function endOf({ started }: SmartcardSession, now: number): number {
  return Math.min(now + idleLimit, started + longestSession);
}

/** Milliseconds without use after which a session is over, and how long it lasts at most. */
const idleLimit = 30 * 60_000;
const longestSession = 12 * 3_600_000;
/** Uses closer together than this are not written; and so often what is over is removed. Milliseconds. */
const noted = 60_000;
const swept = 10 * 60_000;

const collection: CollectionOf<SmartcardSession> = {
  name: 'sso.smartcard-sessions',
  keys: ({ place, workstation, started }) => ({
    workstation: [[place, workstation, sortable(started)]],
    started: [[sortable(started)]],
  }),
};

function sortable(time: number): string {
  return String(time).padStart(15, '0');
}

function lives({ used, started }: SmartcardSession, now: number): boolean {
  return now - used < idleLimit && now - started < longestSession;
}

/** Removes what is over by its age, now and then. */
function sweeper(kept: Collection<SmartcardSession>, clock: { now(): number }) {
  let last = -Infinity;
  return async () => {
    if (clock.now() - last < swept) return;
    last = clock.now();
    const to = sortable(Math.max(0, last - longestSession));
    const { items } = await kept.find({ index: 'started', to, limit: 1000 });
    for (const { id } of items) await remove(kept, id);
  };
}

/** One that is used at the same moment is removed all the same. */
async function remove(kept: Collection<SmartcardSession>, id: string): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const stored = await kept.get(id);
    if (!stored || (await unlessFaster(kept.remove(id, stored.version)))) return;
  }
  throw new Problem('conflict', 'The session is being used; try again');
}

/** Whether it was this write that came first. */
async function unlessFaster(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof Problem && ['conflict', 'not-found'].includes(error.kind)) return false;
    throw error;
  }
}
