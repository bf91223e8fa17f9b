/**
 * Documents and their index entries as the writer changes them, inside a transaction that writes.ts opens and closes.
 * Owns versions, overlays, tombstones and the limit of a workspace; knows nothing of commits shared or threads.
 */
import { checksum } from './checksum.ts';
import { renameIndexes } from './keys.ts';
import { KeyRows } from './key-rows.ts';
import { Names } from './names.ts';
import type { Row, Sqlite, Statement } from './sqlite.ts';
import type { Outcome, PutWrite, RemoveWrite } from './write-terms.ts';

/** Most documents that one workspace may change (docs/decisions/0004). */
const workspaceLimit = 10_000;

/** The row that a view holds itself, or of the base beneath it. */
interface Held {
  readonly row: number;
  readonly version: number;
  readonly removed: boolean;
  readonly keys: string;
}

interface Place {
  readonly collection: number;
  readonly workspace: number;
  readonly id: string;
}

interface Content {
  readonly version: number;
  readonly commit: number;
  readonly removed: boolean;
  readonly text: string;
  /** With index numbers, as they are stored. */
  readonly keys: string;
}

export class Documents {
  readonly #names: Names;
  readonly #keyRows: KeyRows;
  readonly #held: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement;
  readonly #ofWorkspace: Statement;
  readonly #dropWorkspace: Statement;
  /** How many documents each workspace has changed, by number; counted at first use. */
  readonly #changed = new Map<number, number>();
  readonly #limits: Readonly<Record<string, number>>;
  readonly #countChanged: Statement;

  constructor(sqlite: Sqlite, limits: Readonly<Record<string, number>>) {
    this.#limits = limits;
    this.#names = new Names(sqlite);
    this.#keyRows = new KeyRows(sqlite);
    this.#held = sqlite.prepare(
      'SELECT row, version, removed, keys FROM documents WHERE collection = ? AND workspace = ? AND id = ?',
    );
    this.#insert = sqlite.prepare(
      'INSERT INTO documents (collection, workspace, id, version, commit_number, removed, crc, keys, text) VALUES (?,?,?,?,?,?,?,?,?) RETURNING row',
    );
    this.#update = sqlite.prepare(
      'UPDATE documents SET version = ?, commit_number = ?, removed = ?, crc = ?, keys = ?, text = ? WHERE row = ?',
    );
    this.#delete = sqlite.prepare('DELETE FROM documents WHERE row = ?');
    this.#ofWorkspace = sqlite.prepare(
      'SELECT row, id, keys FROM documents WHERE workspace = ? AND workspace > 0',
    );
    this.#dropWorkspace = sqlite.prepare(
      'DELETE FROM documents WHERE workspace = ? AND workspace > 0',
    );
    this.#countChanged = sqlite.prepare(
      'SELECT count(*) AS changed FROM documents WHERE workspace = ? AND workspace > 0',
    );
  }

  /** Puts a document if its view has it at the expected version. */
  put(write: PutWrite, commit: number): Outcome {
    const place = this.#placeOf(write);
    const held = this.#heldAt(place);
    const seen = this.#versionSeen(place, held);
    if (seen !== write.expected) return conflict(write.expected, seen);
    const full = this.#refuseNew(write.workspace, place, held);
    if (full !== undefined) return full;
    const version = seen + 1;
    const keys = this.#numbered(place.collection, write.keys);
    this.#write(place, held, { version, commit, removed: false, text: write.text, keys });
    if (place.workspace === 0 && held === undefined) this.#names.grow(place.collection, 1);
    return done(place, version, commit, true);
  }

  /** Removes a document; where a workspace hides one of the base a tombstone stays. */
  remove(write: RemoveWrite, commit: number): Outcome {
    const place = this.#placeOf(write);
    const held = this.#heldAt(place);
    const seen = this.#versionSeen(place, held);
    if (seen === 0 || seen !== write.expected) return conflict(write.expected, seen);
    const version = seen + 1;
    const hides = place.workspace !== 0 && this.#heldAt({ ...place, workspace: 0 }) !== undefined;
    if (hides) {
      const full = this.#refuseNew(write.workspace, place, held);
      if (full !== undefined) return full;
      this.#write(place, held, { version, commit, removed: true, text: '', keys: '' });
    } else if (held !== undefined) this.#drop(place, held);
    return done(place, version, commit, hides);
  }

  /** Puts a document of a bulk load into the base. Keys of a new one wait for `index`. */
  load(
    name: string,
    {
      id,
      text,
      keys: named,
    }: { readonly id: string; readonly text: string; readonly keys: string },
    commit: number,
  ): void {
    const place = { collection: this.#names.collection(name), workspace: 0, id };
    const held = this.#heldAt(place);
    const keys = this.#numbered(place.collection, named);
    const content = { version: (held?.version ?? 0) + 1, commit, removed: false, text, keys };
    if (held !== undefined) {
      this.#write(place, held, content);
      return;
    }
    const row = this.#insertRow(place, content);
    if (keys !== '') this.#keyRows.later(row);
    this.#names.grow(place.collection, 1);
  }

  /** Writes the index entries that loads have left for later; gives how many documents that were. */
  index(): number {
    return this.#keyRows.index();
  }

  /** Drops all of a workspace; gives how many documents that were. */
  reset(name: string): number {
    const workspace = this.#names.workspaceIfAny(name);
    if (workspace === undefined) return 0;
    for (const found of this.#ofWorkspace.all(workspace))
      this.#keyRows.change(workspace, String(found.id), Number(found.row), String(found.keys), '');
    const dropped = this.#dropWorkspace.run(workspace);
    this.#names.dropWorkspace(name);
    this.#changed.delete(workspace);
    return dropped;
  }

  /** Writes the sizes of collections that this batch has changed. */
  saveSizes(): void {
    this.#names.saveSizes();
  }

  /** Drops what is remembered, after a rollback. */
  forget(): void {
    this.#names.forget();
    this.#keyRows.forget();
    this.#changed.clear();
  }

  #placeOf({ collection, workspace, id }: PutWrite | RemoveWrite): Place {
    return {
      collection: this.#names.collection(collection),
      workspace: workspace === '' ? 0 : this.#names.workspace(workspace),
      id,
    };
  }

  #heldAt({ collection, workspace, id }: Place): Held | undefined {
    const found = this.#held.get(collection, workspace, id);
    return found === undefined ? undefined : toHeld(found);
  }

  #versionSeen(place: Place, held: Held | undefined): number {
    if (held !== undefined) return held.removed ? 0 : held.version;
    if (place.workspace === 0) return 0;
    return this.#heldAt({ ...place, workspace: 0 })?.version ?? 0;
  }

  #refuseNew(name: string, { workspace }: Place, held: Held | undefined): Outcome | undefined {
    if (workspace === 0 || held !== undefined) return undefined;
    const limit = this.#limits[name] ?? workspaceLimit;
    if (this.#changedIn(workspace) < limit) return undefined;
    return {
      kind: 'forbidden',
      message: `This workspace may change at most ${limit} records: reset it or use another`,
    };
  }

  #changedIn(workspace: number): number {
    const known = this.#changed.get(workspace);
    if (known !== undefined) return known;
    const counted = Number(this.#countChanged.get(workspace)?.changed);
    this.#changed.set(workspace, counted);
    return counted;
  }

  #write(place: Place, held: Held | undefined, content: Content): void {
    if (held === undefined) {
      const row = this.#insertRow(place, content);
      this.#keyRows.change(place.workspace, place.id, row, '', content.keys);
      return;
    }
    const { version, commit, removed, text, keys } = content;
    const crc = checksum(place.id, version, commit, removed, text);
    this.#update.run(version, commit, removed ? 1 : 0, crc, keys, text, held.row);
    this.#keyRows.change(place.workspace, place.id, held.row, held.keys, keys);
  }

  #insertRow({ collection, workspace, id }: Place, content: Content): number {
    const { version, commit, removed, text, keys } = content;
    const crc = checksum(id, version, commit, removed, text);
    const flag = removed ? 1 : 0;
    const row = this.#insert.get(collection, workspace, id, version, commit, flag, crc, keys, text);
    if (workspace !== 0) this.#changed.set(workspace, this.#changedIn(workspace) + 1);
    return Number(row?.row);
  }

  #drop(place: Place, held: Held): void {
    this.#keyRows.change(place.workspace, place.id, held.row, held.keys, '');
    const changed = place.workspace === 0 ? 0 : this.#changedIn(place.workspace);
    this.#delete.run(held.row);
    if (place.workspace === 0) this.#names.grow(place.collection, -1);
    else this.#changed.set(place.workspace, changed - 1);
  }

  #numbered(collection: number, keys: string): string {
    return renameIndexes(keys, (index) => this.#names.index(collection, index));
  }
}

function toHeld(found: Row): Held {
  return {
    row: Number(found.row),
    version: Number(found.version),
    removed: found.removed === 1,
    keys: String(found.keys),
  };
}

function conflict(expected: number, seen: number): Outcome {
  const stands = seen === 0 ? 'is not there' : `is at version ${seen}`;
  const wanted = expected === 0 ? 'expected none' : `expected version ${expected}`;
  return { kind: 'conflict', message: `The record ${stands}, ${wanted}` };
}

function done({ workspace }: Place, value: number, commit: number, held: boolean): Outcome {
  return { value, commit, ...(workspace === 0 ? {} : { overlay: { number: workspace, held } }) };
}
