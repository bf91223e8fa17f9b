/**
 * The keys of clients, ready to verify with: registered by value, or fetched from the address of a key set and kept for a
 * while. Owns when to fetch and how long to keep; one fetch and what it finds is in key-set-fetch.ts.
 */
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { PublicJwk } from '../catalogue/apps.ts';
import type { BurntKeys } from '../catalogue/burnt-keys.ts';
import type { Client } from '../catalogue/catalogue.ts';
import { thumbprint } from '../catalogue/thumbprint.ts';
import {
  fetchKeySet,
  type CheckKeySet,
  type FetchedKeys,
  type FetchJson,
  type KeyFetch,
} from './key-set-fetch.ts';
import { toVerifyingKeys, type VerifyingKey } from './signature.ts';

export interface KeySets {
  /**
   * The keys of this client. A set by URL is fetched when its copy is too old or does not have this `kid`, at most once
   * in 30 s for each client; whether the kid is among what is given, the caller looks.
   * @throws KeysUnavailable
   */
  keysOf(client: Client, kid: string): Promise<readonly VerifyingKey[]>;
  /** What the last fetch found, for the client's owner. */
  lastFetch(clientId: string): KeyFetch | undefined;
  /**
   * Fetches now, at most once in 10 s for each client: within that it gives what the last fetch found.
   * @throws Problem `invalid` if no address of a key set is registered.
   */
  check(client: Client): Promise<KeyFetch>;
}

/** There is nothing to verify with. `message` says why, for the owner. */
export class KeysUnavailable extends Error {
  readonly reason: 'none registered' | 'unreachable';

  constructor(reason: 'none registered' | 'unreachable', message: string) {
    super(message);
    this.name = 'KeysUnavailable';
    this.reason = reason;
  }
}

export interface KeySetOptions {
  readonly fetch: FetchJson;
  readonly check: CheckKeySet;
  readonly burnt: BurntKeys;
  readonly clock: Clock;
}

/** In milliseconds. */
const refetchAfter = 30_000;
const recheckAfter = 10_000;
const keptAtMost = 24 * 3_600_000;
/** Clients whose sets are remembered; beyond that the one not used for longest is forgotten. */
const mostClients = 5000;

/** A key with the name under which it may be burnt. */
interface Ready {
  readonly key: VerifyingKey;
  readonly thumbprint: string;
}

/** What is known of one client's set by URL. */
interface Entry {
  readonly url: string;
  /** The last good copy, when it was fetched, and until when it needs no other. */
  keys: readonly Ready[];
  fetched: number;
  freshUntil: number;
  /** When the last fetch ended, well or not. */
  tried: number;
  last: KeyFetch | undefined;
  running: Promise<KeyFetch> | undefined;
}

export function createKeySets(options: KeySetOptions): KeySets {
  const { burnt, clock } = options;
  const byValue = new WeakMap<readonly PublicJwk[], readonly Ready[]>();
  const entries = new Map<string, Entry>();

  const unburnt = (keys: readonly Ready[]) =>
    keys.filter((one) => !burnt.has(one.thumbprint)).map(({ key }) => key);

  const valuesOf = (keys: readonly PublicJwk[]): readonly Ready[] => {
    let ready = byValue.get(keys);
    if (!ready) byValue.set(keys, (ready = toReady(keys)));
    return ready;
  };

  /** The client's entry, moved to the end of those that are forgotten first; a new one if the address is another. */
  const entryOf = (clientId: string, url: string): Entry => {
    const known = entries.get(clientId);
    const entry = known?.url === url ? known : newEntry(url);
    entries.delete(clientId);
    for (const oldest of entries.keys()) {
      if (entries.size < mostClients) break;
      entries.delete(oldest);
    }
    entries.set(clientId, entry);
    return entry;
  };

  const refresh = (entry: Entry, clientId: string): Promise<KeyFetch> =>
    (entry.running ??= (async () => {
      try {
        const found = await fetchKeySet(options, entry.url, clientId);
        keep(entry, found, clock.now());
        for (const leaked of found.leaked)
          await burnt.burn(leaked, `The key set of client ${clientId} had its private members`);
        return found.report;
      } finally {
        entry.running = undefined;
      }
    })());

  return {
    async keysOf({ registration: { clientId, keys } }, kid) {
      if (!keys || (keys.kind === 'value' && keys.keys.length === 0))
        throw new KeysUnavailable('none registered', 'No public key is registered');
      if (keys.kind === 'value') return unburnt(valuesOf(keys.keys));
      const entry = entryOf(clientId, keys.url);
      if (wants(entry, kid, clock.now())) await refresh(entry, clientId);
      if (clock.now() - entry.fetched > keptAtMost)
        throw new KeysUnavailable(
          'unreachable',
          entry.last?.fault ?? 'The key set could not be read',
        );
      return unburnt(entry.keys);
    },
    lastFetch: (clientId) => entries.get(clientId)?.last,
    async check({ registration: { clientId, keys } }) {
      if (keys?.kind !== 'url')
        throw new Problem('invalid', 'No address of a key set is registered for this client');
      const entry = entryOf(clientId, keys.url);
      const recent = clock.now() - entry.tried < recheckAfter;
      return recent && entry.last && !entry.running ? entry.last : refresh(entry, clientId);
    },
  };
}

function newEntry(url: string): Entry {
  const never = Number.NEGATIVE_INFINITY;
  return {
    url,
    keys: [],
    fetched: never,
    freshUntil: never,
    tried: never,
    last: undefined,
    running: undefined,
  };
}

/** Whether to fetch, or to join the fetch that runs: a try counts when it has ended. */
function wants(entry: Entry, kid: string, now: number): boolean {
  const known = entry.keys.some(({ key }) => key.kid === kid);
  if (known && now < entry.freshUntil) return false;
  return now - entry.tried >= refetchAfter;
}

/**
 * Takes over what was found. A host that cannot be reached leaves the last good copy; a set that was read and refused
 * takes the place of it in so far as keys that it no longer names are dropped: that is how an owner withdraws one.
 */
function keep(entry: Entry, found: FetchedKeys, now: number): void {
  entry.tried = now;
  entry.last = found.report;
  if (found.keys) {
    entry.keys = toReady(found.keys);
    entry.fetched = now;
    entry.freshUntil = now + found.freshFor;
  } else if (found.named) {
    const { named } = found;
    entry.keys = entry.keys.filter(({ key }) => named.has(key.kid));
    if (entry.keys.length === 0) entry.fetched = Number.NEGATIVE_INFINITY;
  }
}

function toReady(keys: readonly PublicJwk[]): readonly Ready[] {
  const names = keys.map((key) => thumbprint(key));
  return toVerifyingKeys(keys).map((key, i) => ({ key, thumbprint: names[i] ?? '' }));
}
