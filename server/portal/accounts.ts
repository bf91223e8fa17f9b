/**
 * Accounts of the hub: what a person signs in with. Who somebody is and may do is the administrator of the same id in the
 * catalogue: one model of people for hub, command line and management API. Owns sign-in facts and that an e-mail address
 * belongs to one account.
 */
import { randomInt } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { administratorCollection, newClientId, type Administrator } from '../catalogue/people.ts';
import { openRecords, type Deed, type Ground, type Records } from '../catalogue/records.ts';
import type { Actor, Role } from '../catalogue/roles.ts';
import { digest } from './secrets.ts';

export interface Account {
  /** The id of the administrator in the catalogue, too. */
  readonly id: string;
  /** As it was typed. */
  readonly email: string;
  readonly password: string;
  readonly passwordChanged: number;
  readonly created: number;
  /** The last sign-in that went well. */
  readonly signedIn: number;
  readonly secondFactor?: SecondFactor;
  /** A second factor that was begun: its sealed secret. */
  readonly begunFactor?: string;
  /** Its person has ended it, at this time: it opens nothing any more and is being removed. */
  readonly ended?: number;
}

export interface SecondFactor {
  /** Sealed. */
  readonly secret: string;
  /** The step of the last code: none up to it works again. */
  readonly step: number;
  /** Hashes of the recovery codes that are left. */
  readonly recovery: readonly string[];
  readonly since: number;
}

const accountCollection: CollectionOf<Account> = {
  name: 'portal.accounts',
  keys: ({ ended }) => ({ all: [['all']], ended: ended === undefined ? [] : [['ended']] }),
};

/** Whose an address is, under its hash. Written before the account, so two can never have the same. */
const emailCollection: CollectionOf<{ readonly account: string }> = { name: 'portal.emails' };

export interface Accounts {
  readonly records: Records<Account>;
  readonly people: Records<Administrator>;
  find(id: string): Promise<Stored<Account> | undefined>;
  byEmail(email: string): Promise<Stored<Account> | undefined>;
  /** The person of an account as they stand now; undefined when revoked. */
  person(id: string): Promise<Administrator | undefined>;
  /** Makes account and person. @throws Problem `conflict` when the address has an account */
  create(fields: NewAccount, call: Actor['call']): Promise<Stored<Account>>;
  /** Moves an account to another address. @throws Problem `conflict` when that has an account */
  moveTo(deed: Deed, id: string, email: string): Promise<Stored<Account>>;
  /** Ends it with one write; after that nobody signs in to it. `remove` does the rest. */
  end(deed: Deed, id: string): Promise<void>;
  /** Those that have ended and are still there. */
  ended(): Promise<readonly Stored<Account>[]>;
  /** Removes one that has ended, its claim on the address, and what tells who its person was. May be repeated. */
  remove(id: string): Promise<void>;
}

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  /** Hashed. */
  readonly password: string;
  readonly role?: Role;
  /** ODS code, or `*`; absent: a code of their own, that nothing belongs to. */
  readonly organisation?: string;
}

export function openAccounts(ground: Ground): Accounts {
  const { store, clock } = ground;
  const accounts = store.open(accountCollection);
  const emails = store.open(emailCollection);
  const people = store.open(administratorCollection);
  const records = openRecords(ground, accountCollection, 'account');
  const peopleRecords = openRecords(ground, administratorCollection, 'person');
  const byEmail = async (email: string) => {
    const claim = await emails.get(emailKey(email));
    const found = claim && (await accounts.get(claim.value.account));
    return found && isLive(found) && emailKey(found.value.email) === emailKey(email)
      ? found
      : undefined;
  };
  const unclaim = async (email: string, account: string) => {
    const claimed = await emails.get(emailKey(email));
    if (claimed?.value.account === account) await emails.remove(emailKey(email), claimed.version);
  };
  /** A claim without its account is one that was begun and never ended: it may be taken over. */
  const claim = async (email: string, account: string) => {
    if (await byEmail(email)) throw taken();
    const before = await emails.get(emailKey(email));
    try {
      await emails.put(emailKey(email), { account }, { expected: before?.version ?? 0 });
    } catch (error) {
      throw Problem.from(error).kind === 'conflict' ? taken() : error;
    }
  };
  return {
    records,
    people: peopleRecords,
    byEmail,
    async find(id) {
      const found = await accounts.get(id);
      return found && isLive(found) ? found : undefined;
    },
    async person(id) {
      const stored = await people.get(id);
      return stored?.value.state === 'active' ? stored.value : undefined;
    },
    async create({ email, name, password, role = 'developer', organisation }, call) {
      const id = newClientId();
      const place = organisation ?? newCode('P');
      const actor: Actor = { id, role, organisation: place, ...(call ? { call } : {}) };
      await claim(email, id);
      const at = clock.now();
      await peopleRecords.add({ actor, action: 'person.create' }, id, () => ({
        ...{ id, name, role, organisation: place, keys: [], state: 'active', created: at },
      }));
      return records.add({ actor, action: 'account.create' }, id, () => ({
        ...{ id, email, password, passwordChanged: at, created: at, signedIn: 0 },
      }));
    },
    async moveTo(deed, id, email) {
      const before = await records.read(id);
      await claim(email, id);
      const after = await records.change({
        ...{ deed, id, expected: undefined, allow: () => undefined },
        edit: (account) => ({ ...account, email }),
      });
      if (emailKey(before.value.email) !== emailKey(email)) await unclaim(before.value.email, id);
      return after;
    },
    async end(deed, id) {
      const at = clock.now();
      await records.change({
        ...{ deed, id, expected: undefined, allow: () => undefined },
        edit: (account) => ({ ...account, ended: at }),
      });
    },
    async ended() {
      const { items } = await accounts.find({ index: 'ended', equals: ['ended'], limit: 500 });
      return items;
    },
    async remove(id) {
      const { value } = await records.read(id);
      await peopleRecords.change({
        deed: { actor: platformActor, action: 'person.forget' },
        ...{ id, expected: undefined, allow: () => undefined },
        edit: (person) => ({
          ...{ ...person, name: formerPerson, role: 'viewer', keys: [], state: 'revoked' },
        }),
      });
      await unclaim(value.email, id);
      // The last: as long as it is there, the sweep begins again.
      await records.remove({
        deed: { actor: platformActor, action: 'account.remove' },
        ...{ id, expected: undefined, allow: () => undefined },
      });
    },
  };
}

/** What a person who has deleted their account is called in what they did. */
const formerPerson = 'Former user';

/** Who does what the platform does by itself. */
export const platformActor: Actor = { id: 'platform', role: 'operator', organisation: '*' };

function isLive({ value }: Stored<Account>): boolean {
  return value.ended === undefined;
}

function taken(): Problem {
  return new Problem('conflict', 'There is an account with this e-mail address already');
}

/** Addresses are told apart without regard to case, as every mail provider does in practice. */
export function emailKey(email: string): string {
  return digest(email.normalize('NFKC').toLowerCase());
}

/** Whether a text is a mail address as people have them (not all that RFC 5321 allows). */
export function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@"<>(),;:\\[\]]{1,64}@[^\s@"<>(),;:\\[\]./]+(\.[^\s@"<>(),;:\\[\]./]+)+$/.test(text)
  );
}

/**
 * A code as organisations have them, that is none: twelve letters and digits, longer than any ODS code given out.
 * @param letter the first: P for a person, T for a team
 */
export function newCode(letter: 'P' | 'T'): string {
  const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
  return (
    letter + Array.from({ length: 11 }, () => letters[randomInt(letters.length)] ?? '').join('')
  );
}
