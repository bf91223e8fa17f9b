/**
 * Counters by key, bounded: what is spent is dropped as new keys come, and a table that is full gives up its oldest.
 * Keys that callers choose at will (source addresses) have a table of their own, so that they push out only each other.
 */
import type { Counter, Moment } from './limit-counter.ts';

/** How keys of limits by source address begin: they live in a table of their own and are counted in one process only. */
export const addressPrefix = 'address-';

export class CounterTable<C extends Counter<never>> {
  readonly #lasting: BoundedMap<C>;
  readonly #passing: BoundedMap<C>;
  readonly #make: (key: string) => C;

  /** `most` keys of each sort. */
  constructor(make: (key: string) => C, most: number) {
    this.#make = make;
    this.#lasting = new BoundedMap(most);
    this.#passing = new BoundedMap(most);
  }

  /** The counter of a key; a new one when there was none. */
  get(key: string): C {
    const map = this.#mapOf(key);
    const known = map.get(key);
    if (known) return known;
    const made = this.#make(key);
    map.add(key, made);
    return made;
  }

  find(key: string): C | undefined {
    return this.#mapOf(key).get(key);
  }

  /** Drops what is spent, a little for each key that was new; not while a question is being answered. */
  sweep(at: Moment): void {
    this.#lasting.sweep(at);
    this.#passing.sweep(at);
  }

  /** All but those by source address. */
  lasting(): Iterable<[string, C]> {
    return this.#lasting.entries();
  }

  get size(): number {
    return this.#lasting.size + this.#passing.size;
  }

  #mapOf(key: string): BoundedMap<C> {
    return key.startsWith(addressPrefix) ? this.#passing : this.#lasting;
  }
}

class BoundedMap<C extends Counter<never>> {
  readonly #map = new Map<string, C>();
  readonly #most: number;
  /** Walks round the map, two steps for each new key, so that the spent never outnumber the live for long. */
  #walk: MapIterator<[string, C]> = this.#map.entries();
  #owed = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): C | undefined {
    return this.#map.get(key);
  }

  add(key: string, counter: C): void {
    this.#owed += 2;
    if (this.#map.size >= this.#most) {
      const [oldest = ''] = this.#map.keys();
      this.#map.delete(oldest);
    }
    this.#map.set(key, counter);
  }

  entries(): Iterable<[string, C]> {
    return this.#map.entries();
  }

  get size(): number {
    return this.#map.size;
  }

  sweep(at: Moment): void {
    for (; this.#owed > 0; this.#owed--) this.#drop(at);
  }

  #drop(at: Moment): void {
    const step = this.#walk.next();
    if (step.done === true) {
      this.#walk = this.#map.entries();
      return;
    }
    const [key, counter] = step.value;
    if (counter.spent(at)) this.#map.delete(key);
  }
}
