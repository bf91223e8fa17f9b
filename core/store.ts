/**
 * The port for all lasting state. Built in server/store/; every implementation passes store.conformance.ts.
 * One document, with the outbox entries that land with it, is the unit of atomicity, on every store:
 * rules that need more are written so that each single write leaves a valid state.
 */

/** A document as stored. Its version rises by one with each write; 1 is the first. */
export interface Stored<T> {
  readonly id: string;
  readonly version: number;
  /** The number of the commit that wrote it; rises over the whole store. */
  readonly commit: number;
  /** The document as text, exactly as the collection's `encode` made it. A hot path may send it unparsed. */
  readonly text: string;
  /** The document, decoded at first use and then kept. Treat as frozen: copy before changing. */
  readonly value: T;
}

/** One key of an index: parts compared in order as text, by code point. No part may hold a NUL. */
export type Key = readonly string[];

/** Names a collection, and says how its documents are written and looked up; declared beside the type it holds. */
export interface CollectionOf<T> {
  readonly name: string;
  /** Keys by index name, several per document and index allowed. Must be a pure function of the document. */
  readonly keys?: (value: T) => Readonly<Record<string, readonly Key[]>>;
  /** Whether workspaces overlay this collection. Without it `in` is refused. */
  readonly overlaid?: boolean;
  /** Text form; JSON when absent. */
  readonly encode?: (value: T) => string;
  readonly decode?: (text: string) => T;
}

/** What to look for on one index: leading parts equal, then at most one of `prefix` or a range on the next part. */
export interface Find {
  readonly index: string;
  readonly equals?: Key;
  readonly prefix?: string;
  /** Both ends included; either may be absent. */
  readonly from?: string;
  readonly to?: string;
  /** At most this many documents; default 50, at most 1,000. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface Page<T> {
  /** In key order, then by id. A document is given once a page even if several of its keys fit. */
  readonly items: readonly Stored<T>[];
  /** Opaque; absent on the last page. */
  readonly next?: string;
}

/** An entry that leaves the process later; it lands with the document or not at all. */
export interface OutboxEntry {
  readonly topic: string;
  readonly body: string;
}

export interface PutOptions {
  /** The version that must be stored now; 0: the document must not exist. A mismatch throws `conflict`. */
  readonly expected: number;
  readonly outbox?: readonly OutboxEntry[];
  /** Who wrote it, for the audit's recovery: any short text without patient data. */
  readonly by?: string;
}

export interface Collection<T> {
  get(id: string): Promise<Stored<T> | undefined>;
  /** Resolves when the document is on disk. */
  put(id: string, value: T, options: PutOptions): Promise<Stored<T>>;
  /** Resolves when the removal is on disk. In a workspace it hides the base's document. */
  remove(id: string, expected: number): Promise<void>;
  find(query: Find): Promise<Page<T>>;
  /** The same collection as a workspace sees it; the empty name is the base. */
  in(workspace: string): Collection<T>;
  /** How many documents there are in this view; exact. May take time proportional to the overlay. */
  count(): Promise<number>;
}

/** A change as the feed tells it: at least once, in commit order. A reset is one change with empty collection and id. */
export interface Change {
  readonly cursor: number;
  readonly collection: string;
  readonly workspace: string;
  readonly id: string;
  readonly version: number;
  /** The commit that made it, and who asked for it. */
  readonly commit: number;
  readonly by: string;
  readonly removed: boolean;
}

/** Atomic counters that survive a restart. */
export interface Counters {
  /** Adds `by` (default 1) to the counter and gives the new value, on disk. A counter never used stands at 0. */
  add(name: string, by?: number): Promise<number>;
}

/** What has changed since a cursor: drops caches, wakes waiters, fills in the audit after a crash. */
export interface Changes {
  /** Changes after this cursor, oldest first, at most `limit` (default 1,000). Throws `gone` when some are no longer kept. */
  since(cursor: number, limit?: number): Promise<readonly Change[]>;
  /** The newest cursor. */
  latest(): Promise<number>;
  /** The cursor after which all changes are still kept; 0 when none were dropped. */
  oldest(): Promise<number>;
  /**
   * Milliseconds since this process last knew all changes; absent where it always does. Who keeps copies of what must be
   * revocable stops believing them after a while (families.ts: 5 s).
   */
  silent?(): number;
  /** Calls back after each commit of this process; returns the function that stops it. */
  listen(fn: (changes: readonly Change[]) => void): () => void;
}

/** A taken outbox entry. */
export interface Outgoing extends OutboxEntry {
  readonly id: number;
}

export interface Store {
  open<T>(definition: CollectionOf<T>): Collection<T>;
  readonly counters: Counters;
  readonly changes: Changes;
  /** Outbox entries of a topic, oldest first. */
  outgoing(topic: string, limit?: number): Promise<readonly Outgoing[]>;
  /** Marks an outbox entry as delivered. */
  delivered(id: number): Promise<void>;
  /** Drops all that a workspace has changed, in every collection; says how many documents that were. */
  reset(workspace: string): Promise<number>;
  /** How many documents a workspace has changed (tombstones included). */
  changed(workspace: string): Promise<number>;
  close(): Promise<void>;
}
