/**
 * The answers to reads of the records most asked for, kept in memory as they were last sent (pds-fhir 10.6).
 * Only what everyone sees alike is kept; the change feed drops what has changed before its writer is answered.
 */
import type { Changes } from '../../core/store.ts';
import type { Shown } from './patients.ts';

/** Characters of text kept at most, in two halves: as much again as the store's own page cache. */
const budget = 32 * 1024 * 1024;

export class ShownCache {
  /** Two generations in place of a list by last use: a hit costs one look-up, and what is not asked for ages out. */
  #young = new Map<string, Shown>();
  #old = new Map<string, Shown>();
  #characters = 0;
  #generation = 0;

  /** @param collection the name of the collection whose changes drop entries. */
  constructor(changes: Changes, collection: string) {
    changes.listen((landed) => {
      for (const change of landed) {
        // A reset names no collection and no document; the base shows through every workspace.
        if (change.collection !== '' && change.collection !== collection) continue;
        this.#generation++;
        if (change.workspace === '' || change.id === '') this.#clear();
        else this.#drop(keyOf(change.workspace, change.id));
      }
    });
  }

  /** Rises with each change: what was read under an older one must not be kept. */
  get generation(): number {
    return this.#generation;
  }

  get(workspace: string, nhsNumber: string): Shown | undefined {
    const key = keyOf(workspace, nhsNumber);
    const young = this.#young.get(key);
    if (young) return young;
    const old = this.#old.get(key);
    if (old) this.#add(key, old);
    return old;
  }

  /** Keeps an answer that was read when the cache was at `generation`. */
  keep(workspace: string, shown: Shown, generation: number): void {
    if (generation === this.#generation) this.#add(keyOf(workspace, shown.nhsNumber), shown);
  }

  #add(key: string, shown: Shown): void {
    this.#young.set(key, shown);
    this.#characters += shown.text.length;
    if (this.#characters < budget / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#characters = 0;
  }

  #drop(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#characters = 0;
  }
}

function keyOf(workspace: string, nhsNumber: string): string {
  return `${nhsNumber} ${workspace}`;
}
