/** The numbers that stand for names of collections, indexes and workspaces, as the writer gives them out; and the size of each collection. */
import type { Sqlite, Statement } from './sqlite.ts';

export class Names {
  readonly #known = new Map<string, number>();
  readonly #grown = new Map<number, number>();
  readonly #collection: Statement;
  readonly #newCollection: Statement;
  readonly #index: Statement;
  readonly #newIndex: Statement;
  readonly #workspace: Statement;
  readonly #newWorkspace: Statement;
  readonly #nextWorkspace: Statement;
  readonly #dropWorkspace: Statement;
  readonly #saveSize: Statement;

  constructor(sqlite: Sqlite) {
    this.#collection = sqlite.prepare('SELECT number FROM collections WHERE name = ?');
    this.#newCollection = sqlite.prepare(
      'INSERT INTO collections (name) VALUES (?) RETURNING number',
    );
    this.#index = sqlite.prepare('SELECT number FROM indexes WHERE collection = ? AND name = ?');
    this.#newIndex = sqlite.prepare(
      'INSERT INTO indexes (collection, name) VALUES (?, ?) RETURNING number',
    );
    this.#workspace = sqlite.prepare('SELECT number FROM workspaces WHERE name = ?');
    this.#newWorkspace = sqlite.prepare(
      'INSERT INTO workspaces (number, name) VALUES (?, ?) RETURNING number',
    );
    this.#nextWorkspace = sqlite.prepare(
      "UPDATE meta SET value = value + 1 WHERE name = 'last_workspace' RETURNING value AS number",
    );
    this.#dropWorkspace = sqlite.prepare('DELETE FROM workspaces WHERE name = ?');
    this.#saveSize = sqlite.prepare('UPDATE collections SET size = size + ? WHERE number = ?');
  }

  /** The number of a collection; a new name gets one. */
  collection(name: string): number {
    return this.#number(
      `c ${name}`,
      () => this.#collection.get(name) ?? this.#newCollection.get(name),
    );
  }

  /** The number of an index of a collection; a new name gets one. */
  index(collection: number, name: string): number {
    return this.#number(
      `i ${collection} ${name}`,
      () => this.#index.get(collection, name) ?? this.#newIndex.get(collection, name),
    );
  }

  /** The number of a workspace; a new name gets one that no workspace has ever had. */
  workspace(name: string): number {
    return this.#number(
      `w ${name}`,
      () =>
        this.#workspace.get(name) ??
        this.#newWorkspace.get(Number(this.#nextWorkspace.get()?.number), name),
    );
  }

  workspaceIfAny(name: string): number | undefined {
    const found = this.#workspace.get(name)?.number;
    return found === undefined ? undefined : Number(found);
  }

  dropWorkspace(name: string): void {
    this.#dropWorkspace.run(name);
    this.#known.delete(`w ${name}`);
  }

  /** Remembers that a collection's base has grown or shrunk; saveSizes writes it. */
  grow(collection: number, by: number): void {
    this.#grown.set(collection, (this.#grown.get(collection) ?? 0) + by);
  }

  saveSizes(): void {
    for (const [collection, by] of this.#grown) if (by !== 0) this.#saveSize.run(by, collection);
    this.#grown.clear();
  }

  /** Drops what is remembered, after a rollback. */
  forget(): void {
    this.#known.clear();
    this.#grown.clear();
  }

  #number(key: string, find: () => Readonly<Record<string, unknown>> | undefined): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const number = Number(find()?.number);
    this.#known.set(key, number);
    return number;
  }
}
