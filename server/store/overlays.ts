/**
 * Which documents each workspace has changed, kept in memory so that a read knows where to look without asking twice.
 * Loaded at a workspace's first use; a set may name too many documents, never too few that are acknowledged.
 */
import type { Change } from '../../core/store.ts';
import type { Reads } from './reads.ts';
import type { Done, Write } from './write-terms.ts';

/** What a workspace lays over the base. */
export interface Overlay {
  /** 0 when it has never been written to. */
  readonly number: number;
  /** By the number of the collection. */
  readonly changed: ReadonlyMap<number, ReadonlySet<string>>;
}

interface Known {
  readonly number: number;
  readonly changed: Map<number, Set<string>>;
}

/** Workspaces and ids remembered at once; the workspace least recently used is read again when needed. */
const mostKnown = 500;
const mostIds = 1_000_000;

export class Overlays {
  readonly #reads: Reads;
  readonly #known = new Map<string, Known>();
  readonly #before: () => void;

  /** @param before called before each look: where another process writes, it takes in what has landed. */
  constructor(reads: Reads, before: () => void = () => undefined) {
    this.#reads = reads;
    this.#before = before;
  }

  of(workspace: string): Overlay {
    this.#before();
    const known = this.#known.get(workspace) ?? this.#load(workspace);
    this.#known.delete(workspace);
    this.#known.set(workspace, known); // last again: Map keeps the order of entering
    return known;
  }

  /** How many documents a workspace has changed. */
  changed(workspace: string): number {
    return sizeOf(this.of(workspace).changed);
  }

  /** Follows a write that has landed. */
  landed(write: Write, done: Done): void {
    if (write.kind === 'reset') this.#known.delete(write.workspace);
    if (write.kind !== 'put' && write.kind !== 'remove') return;
    const known = this.#known.get(write.workspace);
    if (known === undefined || done.overlay === undefined) return;
    const collection = this.#reads.collection(write.collection);
    if (known.number !== done.overlay.number || collection === undefined) {
      this.#known.delete(write.workspace); // as it was before its first write: read again
      return;
    }
    const ids = known.changed.get(collection) ?? new Set();
    known.changed.set(collection, ids);
    if (done.overlay.held) ids.add(write.id);
    else ids.delete(write.id);
  }

  /** Follows a change that another process has made; what it tells is enough to know where to look. */
  follow({ collection: name, workspace, id, removed }: Change): void {
    if (workspace === '') return;
    const known = this.#known.get(workspace);
    if (known === undefined) return;
    const collection = this.#reads.collection(name);
    if (id === '' || known.number === 0 || collection === undefined) {
      this.#known.delete(workspace); // reset, or before its first write: read again
      return;
    }
    const ids = known.changed.get(collection) ?? new Set();
    known.changed.set(collection, ids);
    const held = !removed || this.#reads.holds(collection, known.number, id); // a tombstone is a row
    if (held) ids.add(id);
    else ids.delete(id);
  }

  #load(workspace: string): Known {
    const number = this.#reads.workspace(workspace) ?? 0;
    const changed = new Map<number, Set<string>>();
    if (number > 0)
      for (const { collection, id } of this.#reads.changedIds(number)) {
        const ids = changed.get(collection) ?? new Set();
        changed.set(collection, ids.add(id));
      }
    let ids = sizeOf(changed);
    for (const known of this.#known.values()) ids += sizeOf(known.changed);
    for (const [oldest, known] of this.#known) {
      if (this.#known.size < mostKnown && ids <= mostIds) break;
      this.#known.delete(oldest);
      ids -= sizeOf(known.changed);
    }
    return { number, changed };
  }
}

function sizeOf(changed: ReadonlyMap<number, ReadonlySet<string>>): number {
  let ids = 0;
  for (const set of changed.values()) ids += set.size;
  return ids;
}
