/**
 * Sessions of the hub: in the store under the hash of what the cookie holds, a new one at each sign-in. They end when nothing
 * was asked for an hour, and after twelve hours whatever happens.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store, Stored } from '../../core/store.ts';
import { endKey } from './ended.ts';
import { digest, newSecret } from './secrets.ts';

/** Milliseconds. */
const idle = 3_600_000;
export const longest = 12 * 3_600_000;
/** Sessions of one account at a time. */
const most = 100;
/** How often it is noted that a session is used. */
const noted = 5 * 60_000;

export interface Session {
  readonly account: string;
  readonly created: number;
  readonly seen: number;
  readonly ends: number;
  /** When its person last proved who they are: password, and code where there is a second factor. */
  readonly proven: number;
  readonly address: string;
  /** The browser in a few words, for its owner to know it again. */
  readonly browser: string;
}

export const sessionCollection: CollectionOf<Session> = {
  name: 'portal.sessions',
  keys: ({ account, ends }) => ({ account: [[account]], end: endKey(ends) }),
};

export interface Sessions {
  /** Opens one, and ends the oldest where there are very many; gives what the cookie holds. */
  open(by: Pick<Session, 'account' | 'address' | 'browser'>): Promise<string>;
  /** The live session of a cookie. */
  find(secret: string): Promise<Stored<Session> | undefined>;
  /** Notes that it is used, now and then. */
  touch(session: Stored<Session>): Promise<void>;
  /** Changes it; one that has been changed meanwhile is left as it is. */
  change(session: Stored<Session>, fields: Partial<Session>): Promise<void>;
  /** The live ones of an account, newest first. */
  of(account: string): Promise<readonly Stored<Session>[]>;
  /** Ends one by its id. */
  end(id: string): Promise<void>;
  /** Ends all of an account but one. */
  endAll(account: string, but?: string): Promise<void>;
}

export function openSessions(store: Store, now: () => number): Sessions {
  const sessions = store.open(sessionCollection);
  const lives = ({ seen, ends }: Session) => now() < ends && now() < seen + idle;
  const end = async (id: string) => {
    for (;;) {
      const stored = await sessions.get(id);
      if (!stored) return;
      try {
        await sessions.remove(id, stored.version);
        return;
      } catch (error) {
        if (Problem.from(error).kind !== 'conflict') throw error;
      }
    }
  };
  const change = async (session: Stored<Session>, fields: Partial<Session>) => {
    try {
      const expected = { expected: session.version };
      await sessions.put(session.id, { ...session.value, ...fields }, expected);
    } catch (error) {
      if (Problem.from(error).kind !== 'conflict') throw error;
    }
  };
  const all = async (account: string) => {
    const { items } = await sessions.find({ index: 'account', equals: [account], limit: 500 });
    return items;
  };
  return {
    end,
    change,
    async open({ account, address, browser }) {
      const secret = newSecret();
      const at = now();
      const session: Session = {
        ...{ account, created: at, seen: at, ends: at + longest, proven: at, address, browser },
      };
      await sessions.put(digest(secret), session, { expected: 0 });
      const mine = [...(await all(account))].sort((a, b) => b.value.created - a.value.created);
      for (const { id } of mine.slice(most)) await end(id);
      return secret;
    },
    async find(secret) {
      const stored = await sessions.get(digest(secret));
      return stored && lives(stored.value) ? stored : undefined;
    },
    async touch(session) {
      if (session.value.seen + noted < now()) await change(session, { seen: now() });
    },
    of: async (account) =>
      (await all(account))
        .filter(({ value }) => lives(value))
        .sort((a, b) => b.value.created - a.value.created),
    async endAll(account, but) {
      for (;;) {
        const left = (await all(account)).filter(({ id }) => id !== but);
        if (left.length === 0) return;
        for (const { id } of left) await end(id);
      }
    },
  };
}

/** A browser in a few words, from what it says of itself. */
export function browserIn(agent: string | undefined): string {
  const text = (agent ?? '').slice(0, 500);
  const browsers = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'];
  const names: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera' };
  const systems = ['Windows', 'Android', 'iPhone', 'iPad', 'Mac OS', 'Linux'];
  const browser = browsers.find((one) => text.includes(`${one}/`));
  const system = systems.find((one) => text.includes(one));
  if (browser === undefined) return 'A program';
  return `${names[browser] ?? browser}${system === undefined ? '' : ` on ${system}`}`;
}
