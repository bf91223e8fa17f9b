/**
 * Who is to have an event: the subscriptions of a face, compiled once and held in memory under the keys that its events
 * are looked up by, so that no event is held against all of them. Owns that copy and that it is never behind a subscription
 * whose making was answered in this process; what keys and rules mean is the face's.
 *
 * A face gives `compile`: for each subscription the keys under which it is found (MNS: view and event type; NEMS: event type
 * and patient, or event type alone for a rule) and `fits`, asked only of those found. It asks `matches` with the keys of an
 * event and its facts.
 */
import type { CollectionOf, Store } from '../../core/store.ts';

/** A subscription made ready to be asked. */
export interface Compiled<F> {
  readonly keys: readonly string[];
  readonly fits: (facts: F) => boolean;
}

export interface Matching<S, F> {
  /** Those under any of the keys that fit, each once. @throws Problem when subscriptions cannot be read */
  matches(keys: readonly string[], facts: F): Promise<readonly S[]>;
  /** Whether any is under one of the keys: what costs much to find out need not be found out else. */
  any(keys: readonly string[]): Promise<boolean>;
  close(): void;
}

export interface MatchingOptions<S, F> {
  readonly store: Store;
  /** With an index `all`, under which every subscription is. */
  readonly collection: CollectionOf<S>;
  /** Undefined: it has no part in matching (ended, not active). */
  readonly compile: (subscription: S) => Compiled<F> | undefined;
}

interface Held<S, F> extends Compiled<F> {
  readonly subscription: S;
}

export function openMatching<S, F>(options: MatchingOptions<S, F>): Matching<S, F> {
  const { store, compile } = options;
  const collection = store.open(options.collection);
  const held = new Map<string, Held<S, F>>();
  const byKey = new Map<string, Map<string, Held<S, F>>>();
  /** Ids that have changed since they were read; `undefined` before all were read once. */
  let changed: Set<string> | undefined;
  let reading: Promise<void> | undefined;

  const forget = (id: string) => {
    for (const key of held.get(id)?.keys ?? []) {
      const those = byKey.get(key);
      those?.delete(id);
      if (those?.size === 0) byKey.delete(key);
    }
    held.delete(id);
  };
  const take = (id: string, subscription: S | undefined) => {
    forget(id);
    const compiled = subscription === undefined ? undefined : compile(subscription);
    if (subscription === undefined || !compiled) return;
    const one = { ...compiled, subscription };
    held.set(id, one);
    for (const key of new Set(one.keys)) {
      const those = byKey.get(key) ?? new Map<string, Held<S, F>>();
      byKey.set(key, those.set(id, one));
    }
  };
  const readAll = async () => {
    const noted = new Set<string>();
    changed = noted; // from here on, so that nothing falls between
    let after: string | undefined;
    try {
      do {
        const query = { index: 'all', limit: 1000, ...(after === undefined ? {} : { after }) };
        const page = await collection.find(query);
        for (const { id, value } of page.items) take(id, value);
        after = page.next;
      } while (after !== undefined);
    } catch (error) {
      changed = undefined;
      throw error;
    }
  };
  const readChanged = async () => {
    if (!changed) await readAll();
    for (const id of changed ?? []) {
      changed?.delete(id); // before the read: a change during it is one more
      try {
        take(id, (await collection.get(id))?.value);
      } catch (error) {
        changed?.add(id);
        throw error;
      }
    }
  };
  const fresh = async () => {
    while (!changed || changed.size > 0)
      await (reading ??= readChanged().finally(() => (reading = undefined)));
  };
  const stop = store.changes.listen((changes) => {
    for (const { collection: name, id } of changes)
      if (name === options.collection.name) changed?.add(id);
  });
  return {
    async matches(keys, facts) {
      await fresh();
      const found = new Map<string, S>();
      for (const key of keys)
        for (const [id, one] of byKey.get(key) ?? [])
          if (!found.has(id) && one.fits(facts)) found.set(id, one.subscription);
      return [...found.values()];
    },
    async any(keys) {
      await fresh();
      return keys.some((key) => byKey.has(key));
    },
    close: stop,
  };
}
