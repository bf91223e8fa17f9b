/**
 * Keeps the counts of windows of an hour and longer over a restart: read at start, saved each second where they have
 * changed. A kill forgets the last second at most. Counting never waits for the store: while it is away, counts live in
 * memory alone. For the one process that counts (limit-counters.ts); several machines keep theirs in limit-slices.ts.
 */
import type { Log } from '../../core/log.ts';
import type { Collection, CollectionOf, Store } from '../../core/store.ts';
import type { KeptCount, LimitCounters } from './limit-counters.ts';

export interface KeeperOptions {
  readonly store: Store;
  readonly counters: LimitCounters;
  readonly log: Log;
  /** Milliseconds between savings; default 1,000. */
  readonly every?: number;
}

export interface LimitKeeper {
  /** Saves what has changed, now. Never rejects: what could not be saved is saved next time. */
  save(): Promise<void>;
  /** Saves a last time and stops. */
  close(): Promise<void>;
}

/** Counts share a few documents, so that a second costs a few writes however many apps call. */
interface Sheet {
  readonly counts: readonly KeptCount[];
}

export const limitCollection: CollectionOf<Sheet> = { name: 'gateway.limits' };

const sheetIds = Array.from({ length: 16 }, (_, i) => i.toString(16));

/** Puts back what was kept, and keeps it from now on. A store that is away is skipped. */
export async function keepLimits(options: KeeperOptions): Promise<LimitKeeper> {
  const { store, counters, log, every = 1_000 } = options;
  const sheets = new Sheets(store.open(limitCollection), counters, log);
  await sheets.read();
  const timer = setInterval(() => void sheets.save(), every).unref();
  return {
    save: () => sheets.save(),
    close: async () => {
      clearInterval(timer);
      await sheets.save();
    },
  };
}

class Sheets {
  readonly #collection: Collection<Sheet>;
  readonly #counters: LimitCounters;
  readonly #log: Log;
  readonly #versions = new Map<string, number>();
  /** Sheets that a failed write has left behind. */
  readonly #behind = new Set<string>();
  #saving: Promise<void> = Promise.resolve();

  constructor(collection: Collection<Sheet>, counters: LimitCounters, log: Log) {
    this.#collection = collection;
    this.#counters = counters;
    this.#log = log;
  }

  async read(): Promise<void> {
    await Promise.all(sheetIds.map((id) => this.#read(id)));
  }

  /** One after the other, so that no sheet is written twice at once. */
  save(): Promise<void> {
    return (this.#saving = this.#saving.then(() => this.#saveChanged()));
  }

  async #saveChanged(): Promise<void> {
    const sheets = new Map<string, KeptCount[]>();
    for (const { changed, ...kept } of this.#counters.dump()) {
      const id = sheetOf(kept.key);
      if (changed) this.#behind.add(id);
      const sheet = sheets.get(id);
      if (sheet) sheet.push(kept);
      else sheets.set(id, [kept]);
    }
    await Promise.all([...this.#behind].map((id) => this.#write(id, sheets.get(id) ?? [])));
  }

  async #write(id: string, counts: readonly KeptCount[]): Promise<void> {
    try {
      const expected = this.#versions.get(id) ?? 0;
      const { version } = await this.#collection.put(id, { counts }, { expected, by: 'limits' });
      this.#versions.set(id, version);
      this.#behind.delete(id);
    } catch {
      await this.#read(id); // somebody else wrote it, or the store is away
    }
  }

  async #read(id: string): Promise<void> {
    try {
      const stored = await this.#collection.get(id);
      this.#versions.set(id, stored?.version ?? 0);
      for (const kept of stored?.value.counts ?? []) this.#counters.restore(kept);
    } catch {
      this.#log.log('warn', 'counts of limits live in memory only: the store is away');
    }
  }
}

/** Any spread will do, as long as it stays the same (FNV-1a). */
function sheetOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 28).toString(16);
}
