/**
 * Families: everything one grant gave, as one document, so that look-up is one read and rotation or death one write at
 * the expected version, on any store (docs/decisions/0015). Owns what lives and what is dead; who gets what is the
 * grants' matter.
 */
import { Problem } from '../../core/problem.ts';
import type { UserRole } from '../../core/exchange.ts';
import type { Collection, CollectionOf, Store, Stored } from '../../core/store.ts';
import type { Environment } from '../catalogue/environments.ts';
import { endKey } from './sweeping.ts';
import { digest, familyIn, newFamilyId, newToken, sameDigest } from './tokens.ts';

/** Which dialect a grant belongs to; its tokens are good on that one only. */
export type Face = 'nhs' | 'smart' | 'management';

/** A person as an identity provider vouched for them. */
export interface SignedIn {
  readonly kind: 'nhs-cis2' | 'nhs-login';
  /** For logs and back ends: `nhs-cis2`, `apim-mock-nhs-login` … */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** `aal3`, `p9` … */
  readonly level: string;
  /** Absent when nobody told which roles there are. */
  readonly roles?: readonly UserRole[];
  readonly selectedRole?: string;
  /** NHS login: who the person is, and how surely (vector of trust). */
  readonly nhsNumber?: string;
  readonly vot?: string;
  /** The provider's session, for back-channel logout. */
  readonly sid?: string;
  /** Seconds since the epoch, when the person signed in. */
  readonly authTime?: number;
  /** The NHS number of somebody who acts for this person (verified delegation). */
  readonly actor?: string;
}

/** What was in context when a SMART app was launched. */
export interface LaunchContext {
  readonly patient?: string;
  readonly encounter?: string;
  readonly intent?: string;
  readonly needPatientBanner?: boolean;
}

export interface Family {
  readonly environment: Environment;
  readonly face: Face;
  readonly appId: string;
  readonly clientId: string;
  readonly grant: string;
  readonly scopes: readonly string[];
  readonly created: number;
  /** When the last thing of it ends; milliseconds since the epoch. */
  readonly ends: number;
  readonly user?: SignedIn;
  readonly launch?: LaunchContext;
  readonly nonce?: string;
  /** SHA-256 of the certificate its tokens are bound to (RFC 8705). */
  readonly certificate?: string;
  /** The provider's own tokens, sealed; for userinfo. */
  readonly sealed?: string;
  readonly access: readonly LiveToken[];
  readonly refresh?: Refresh;
  readonly dead?: { readonly at: number; readonly why: string };
}

export interface LiveToken {
  readonly hash: string;
  readonly ends: number;
  /** When narrower than the grant's. */
  readonly scopes?: readonly string[];
}

export interface Refresh {
  readonly hash: string;
  readonly ends: number;
  /** How often it was refreshed. */
  readonly count: number;
  /** Hashes that were current once, newest first. */
  readonly spent: readonly string[];
}

/** What a new grant gets. */
export type Grant = Omit<Family, 'access' | 'refresh' | 'ends' | 'created' | 'dead'>;

/** Milliseconds from now. Without `refresh` there is no refresh token. */
export interface Lifetimes {
  readonly access: number;
  readonly refresh?: number;
}

/** Tokens as they go to the client, once. */
export interface Issued {
  readonly id: string;
  readonly family: Family;
  readonly accessToken: string;
  /** When the access token ends. */
  readonly accessEnds: number;
  readonly refreshToken?: string;
  /** The commit that wrote it. */
  readonly commit: number;
}

export type Judged =
  | {
      readonly state: 'live';
      readonly id: string;
      readonly family: Family;
      readonly token: LiveToken;
    }
  | { readonly state: 'unknown' | 'expired' | 'revoked' };

export type FoundRefresh =
  | { readonly state: 'current'; readonly id: string; readonly stored: Stored<Family> }
  | { readonly state: 'spent' | 'expired'; readonly id: string; readonly family: Family }
  | { readonly state: 'unknown' };

export interface Families {
  /** A new family with its first tokens. `id` is given where something must name it beforehand. */
  create(grant: Grant, lifetimes: Lifetimes, id?: string): Promise<Issued>;
  /** What an access token is, now. One look-up, mostly in memory. */
  judge(token: string): Promise<Judged>;
  /** What a refresh token is, now; changes nothing. */
  findRefresh(token: string): Promise<FoundRefresh>;
  /**
   * Spends this refresh token and gives new tokens, or tells that somebody else did (and then the family is dead).
   * `scopes`: what the new access token may do, a part of the grant's. `certificate`: what all its tokens are bound to
   * from now on, where they are bound.
   */
  rotate(
    token: string,
    lifetimes: Lifetimes,
    scopes?: readonly string[],
    certificate?: string,
  ): Promise<Issued | 'spent' | 'expired' | 'unknown'>;
  /** Ends everything of a family; nothing happens to one that is dead or not there. */
  kill(id: string, why: string): Promise<void>;
  /** Ends one access token. */
  revokeAccess(token: string): Promise<void>;
  /** The family of a token, whichever of its tokens it is, alive or not. */
  familyOf(token: string): Promise<{ id: string; family: Family } | undefined>;
  /** Families of a provider's session. */
  bySession(issuer: string, sid: string): Promise<readonly string[]>;
}

export const familyCollection: CollectionOf<Family> = {
  name: 'auth.families',
  keys: ({ ends, user }) => ({
    end: endKey(ends),
    ...(user?.sid === undefined ? {} : { session: [[user.issuer, user.sid]] }),
  }),
};

/** A family that has ended is told from one that never was for this long. */
const keptAfterEnd = 60 * 60_000;
const mostSpent = 500;
const mostHeld = 100_000;
/** So long a token is judged by what is remembered when nobody can say whether it was revoked. Milliseconds. */
const lookAside = 5_000;

export function openFamilies(store: Store, now: () => number): Families {
  const collection = store.open(familyCollection);
  const held = new Map<string, Stored<Family>>();
  let changesSeen = 0;
  store.changes.listen((changes) => {
    for (const { collection: name, workspace, id } of changes)
      if (name === familyCollection.name) {
        held.delete(id);
        changesSeen++;
      } else if (name === '' && workspace === '' && id === '') {
        held.clear(); // some changes were never told
        changesSeen++;
      }
  });
  const hold = (stored: Stored<Family>) => {
    if (held.size >= mostHeld) {
      const [oldest = ''] = held.keys();
      held.delete(oldest);
    }
    held.set(stored.id, stored);
    return stored;
  };
  const read = async (id: string) => {
    const known = held.get(id);
    if (known && (store.changes.silent?.() ?? 0) <= lookAside) return known;
    const before = changesSeen;
    const stored = await collection.get(id);
    // What was read may be old if something changed meanwhile: then it serves this call only.
    return stored && before === changesSeen ? hold(stored) : stored;
  };
  const change = (id: string, to: (family: Family) => Family | undefined) =>
    changeAtVersion(collection, id, to);

  const findRefresh = async (token: string): Promise<FoundRefresh> => {
    const id = familyIn(token);
    const stored = id === undefined ? undefined : await collection.get(id);
    return stored ? judgeRefresh(stored, digest(token), now()) : { state: 'unknown' };
  };
  const kill = async (id: string, why: string) => {
    await change(id, (family) =>
      family.dead ? undefined : { ...family, dead: { at: now(), why } },
    );
  };

  return {
    findRefresh,
    kill,
    async create(grant, lifetimes, id = newFamilyId()) {
      const { family, issued } = firstTokens(id, grant, lifetimes, now());
      const stored = await collection.put(id, family, { expected: 0, by: grant.appId });
      hold(stored);
      return { ...issued, commit: stored.commit };
    },
    async judge(token) {
      const id = familyIn(token);
      const stored = id === undefined ? undefined : await read(id);
      if (!stored) return { state: 'unknown' };
      const { value: family } = stored;
      const hash = digest(token);
      const live = family.access.find((one) => sameDigest(one.hash, hash));
      if (!live || family.dead) return { state: 'revoked' };
      if (live.ends <= now()) return { state: 'expired' };
      return { state: 'live', id: stored.id, family, token: live };
    },
    async rotate(token, lifetimes, scopes, certificate) {
      for (;;) {
        const found = await findRefresh(token);
        if (found.state === 'spent') await kill(found.id, 'a refresh token was used twice');
        if (found.state !== 'current') return found.state;
        const { id, stored } = found;
        const before = certificate === undefined ? stored.value : { ...stored.value, certificate };
        const { family, issued } = nextTokens(id, before, lifetimes, scopes, now());
        try {
          const put = await collection.put(id, family, {
            expected: stored.version,
            by: family.appId,
          });
          return { ...issued, commit: put.commit };
        } catch (error) {
          if (!isConflict(error)) throw error; // a lost race is read again, and answered from what is found
        }
      }
    },
    async revokeAccess(token) {
      const id = familyIn(token);
      if (id === undefined) return;
      const hash = digest(token);
      await change(id, (family) => {
        const access = family.access.filter((one) => !sameDigest(one.hash, hash));
        return access.length === family.access.length ? undefined : { ...family, access };
      });
    },
    async familyOf(token) {
      const id = familyIn(token);
      const stored = id === undefined ? undefined : await collection.get(id);
      if (!stored) return undefined;
      const hash = digest(token);
      const { access, refresh } = stored.value;
      const hashes = [
        ...access.map((one) => one.hash),
        ...(refresh ? [refresh.hash, ...refresh.spent] : []),
      ];
      if (!hashes.some((one) => sameDigest(one, hash))) return undefined;
      return { id: stored.id, family: stored.value };
    },
    async bySession(issuer, sid) {
      const ids: string[] = [];
      let after: string | undefined;
      // Page by page: dead ones count too, and somebody may have exchanged an id_token a thousand times.
      do {
        const page = await collection.find({
          ...{ index: 'session', equals: [issuer, sid], limit: 1000 },
          ...(after === undefined ? {} : { after }),
        });
        ids.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      return ids;
    },
  };
}

function judgeRefresh(stored: Stored<Family>, hash: string, now: number): FoundRefresh {
  const { id, value: family } = stored;
  const { refresh, dead } = family;
  if (!refresh) return { state: 'unknown' };
  if (refresh.spent.some((one) => sameDigest(one, hash))) return { state: 'spent', id, family };
  if (!sameDigest(refresh.hash, hash) || dead) return { state: 'unknown' };
  if (refresh.ends <= now) return { state: 'expired', id, family };
  return { state: 'current', id, stored };
}

interface New {
  readonly family: Family;
  readonly issued: Omit<Issued, 'commit'>;
}

function firstTokens(id: string, grant: Grant, lifetimes: Lifetimes, now: number): New {
  const accessToken = newToken(id);
  const accessEnds = now + lifetimes.access;
  const refreshToken = lifetimes.refresh === undefined ? undefined : newToken(id);
  const refreshEnds = now + (lifetimes.refresh ?? 0);
  const family: Family = {
    ...grant,
    created: now,
    ends: Math.max(accessEnds, refreshEnds) + keptAfterEnd,
    access: [{ hash: digest(accessToken), ends: accessEnds }],
    ...(refreshToken === undefined
      ? {}
      : { refresh: { hash: digest(refreshToken), ends: refreshEnds, count: 0, spent: [] } }),
  };
  const issued = { id, family, accessToken, accessEnds };
  return { family, issued: refreshToken === undefined ? issued : { ...issued, refreshToken } };
}

/** The end of validity is the lesser of now + lifetime and what stood before, so it never moves out. */
function nextTokens(
  id: string,
  before: Family,
  lifetimes: Lifetimes,
  scopes: readonly string[] | undefined,
  now: number,
): New {
  const accessToken = newToken(id);
  const accessEnds = now + lifetimes.access;
  const refreshToken = newToken(id);
  const old = before.refresh ?? { hash: '', ends: now, count: 0, spent: [] };
  const refresh: Refresh = {
    hash: digest(refreshToken),
    ends: Math.min(old.ends, now + (lifetimes.refresh ?? 0)),
    count: old.count + 1,
    spent: [old.hash, ...old.spent].slice(0, mostSpent),
  };
  const family: Family = {
    ...before,
    ends: Math.max(accessEnds, refresh.ends) + keptAfterEnd,
    access: [
      { hash: digest(accessToken), ends: accessEnds, ...(scopes ? { scopes } : {}) },
      ...before.access.filter(({ ends }) => ends + keptAfterEnd > now).slice(0, 19),
    ],
    refresh,
  };
  return { family, issued: { id, family, accessToken, accessEnds, refreshToken } };
}

/** Puts what `to` makes of a document, again when somebody else was faster; `to` gives undefined for "leave it". */
export async function changeAtVersion<T>(
  collection: Collection<T>,
  id: string,
  to: (value: T) => T | undefined,
): Promise<Stored<T> | undefined> {
  for (;;) {
    const stored = await collection.get(id);
    const next = stored && to(stored.value);
    if (!stored || next === undefined) return stored;
    try {
      return await collection.put(id, next, { expected: stored.version });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Whether a put lost against another: the expected loser, no fault. */
export function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}
