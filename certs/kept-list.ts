/**
 * One revocation list of ours: made anew when its entries or its age ask for it, kept in the store so that all processes
 * serve the same bytes, and checked before it is used. Many wishes at once make one list. Owns which bytes are in force.
 */
import type { Clock } from '../core/clock.ts';
import type { Collection, CollectionOf, Counters, Stored } from '../core/store.ts';
import type { OwnAuthority } from './own-authority.ts';
import { isConflict } from './burnt-keys.ts';
import { readList, signedList } from './crl.ts';
import type { EntrySet } from './entry-set.ts';
import { toPem } from './pem.ts';

/** A list in force. */
export interface RevocationList {
  /** Rises with each list. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly der: Buffer;
  readonly pem: string;
}

/** As it is stored. */
export interface StoredList {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** What is in it, as EntrySet prints it. */
  readonly print: string;
  /** DER, base64. */
  readonly der: string;
}

/** By `<environment>/<root or issuing>`. */
export const listCollection: CollectionOf<StoredList> = { name: 'certs.lists' };

export interface KeptListOptions {
  readonly id: string;
  readonly signer: OwnAuthority;
  readonly entries: EntrySet;
  readonly kept: Collection<StoredList>;
  readonly counters: Counters;
  readonly clock: Clock;
  /** Called when another list is in force. */
  readonly changed: () => void;
  /** Hears a sentence about a stored list that is not good. */
  readonly alarm: (sentence: string) => void;
}

export interface KeptList {
  current(): RevocationList | undefined;
  /** Makes a new one if that is due; of many calls at once the last ones share one. @throws Problem of the store */
  bring(): Promise<void>;
  /** Takes what another process has made. @throws Problem of the store */
  refresh(): Promise<void>;
}

interface Seen {
  readonly version: number;
  readonly print: string;
  readonly thisUpdate: number;
}

const hour = 60 * 60_000;
const listLifetime = 24 * hour;
const remadeAfter = 12 * hour;
/** So that a reader whose clock is behind takes a new list. */
const backDated = 5 * 60_000;

export function keepList(options: KeptListOptions): KeptList {
  const { id, signer, entries, kept, counters, clock } = options;
  let current: RevocationList | undefined;
  let running: Promise<void> | undefined;
  let wishes = 0;

  const use = (list: Omit<RevocationList, 'pem'>) => {
    if (current && current.number >= list.number) return;
    current = withPem(list);
    options.changed();
  };

  /** What is known of the stored list without reading it again: it may be long. */
  let seen: Seen | undefined;

  /** Reads a stored list, and uses it if it is good; undefined: it is not, or there is none. */
  const take = async (stored: Stored<StoredList> | undefined): Promise<Seen | undefined> => {
    if (!stored || stored.version === seen?.version) return stored && seen;
    const { der: text, number, thisUpdate, nextUpdate, print } = stored.value;
    const der = Buffer.from(text, 'base64');
    if (await isGood(der, number, signer)) {
      use({ number, thisUpdate, nextUpdate, der });
      return (seen = { version: stored.version, print, thisUpdate });
    }
    options.alarm(
      `The stored revocation list ${id} is not signed by its authority and is not used`,
    );
    return undefined;
  };

  const make = async (expected: number) => {
    const number = await counters.add(`certs.lists.${id}`);
    const now = clock.now();
    const dates = { thisUpdate: now - backDated, nextUpdate: now + listLifetime };
    const print = entries.print();
    const der = await signedList({ signer, number, ...dates, entries: entries.all() });
    const value = { number, ...dates, print, der: der.toString('base64') };
    const { version } = await kept.put(id, value, { expected, by: 'certs' });
    seen = { version, print, thisUpdate: dates.thisUpdate };
    use({ number, ...dates, der });
  };

  const once = async () => {
    for (;;) {
      const stored = await kept.get(id);
      const good = await take(stored);
      if (good?.print === entries.print() && !isOld(good, clock.now())) return;
      try {
        await make(stored?.version ?? 0);
        return;
      } catch (error) {
        if (!isConflict(error)) throw error; // another process was faster: perhaps its list will do
      }
    }
  };

  return {
    current: () => current,
    bring() {
      wishes++;
      return (running ??= (async () => {
        let seen: number;
        do {
          seen = wishes;
          await once();
        } while (seen !== wishes);
      })().finally(() => {
        running = undefined;
      }));
    },
    async refresh() {
      await take(await kept.get(id));
    },
  };
}

function isOld({ thisUpdate }: Seen, now: number): boolean {
  return now >= thisUpdate + backDated + remadeAfter;
}

async function isGood(der: Buffer, number: number, signer: OwnAuthority): Promise<boolean> {
  try {
    const list = readList(der);
    if (!list.issuer.equals(signer.name) || list.number !== number) return false;
    return await list.isSignedBy(signer.facts.key);
  } catch {
    return false;
  }
}

/** The text is made when somebody asks for it. */
function withPem(list: Omit<RevocationList, 'pem'>): RevocationList {
  let pem: string | undefined;
  return {
    ...list,
    get pem() {
      return (pem ??= toPem('X509 CRL', list.der));
    },
  };
}
