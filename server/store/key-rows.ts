/** Index entries as the writer changes them: by difference at each write, and all at once after a bulk load. */
import { entriesOf, splitEntry } from './keys.ts';
import type { Sqlite, Statement } from './sqlite.ts';

export class KeyRows {
  readonly #sqlite: Sqlite;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #setUnindexed: Statement;
  #unindexed: number;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
    this.#insert = sqlite.prepare(
      'INSERT OR REPLACE INTO keys (idx, workspace, key, id, row) VALUES (?, ?, ?, ?, ?)',
    );
    this.#delete = sqlite.prepare(
      'DELETE FROM keys WHERE idx = ? AND workspace = ? AND key = ? AND id = ?',
    );
    this.#setUnindexed = sqlite.prepare("UPDATE meta SET value = ? WHERE name = 'unindexed'");
    this.#unindexed = this.#readUnindexed();
  }

  /** Makes the entries of a document those of `to` where they were those of `from`. */
  change(workspace: number, id: string, row: number, from: string, to: string): void {
    if (from === to) return;
    const old = new Set(entriesOf(from));
    const fresh = new Set(entriesOf(to));
    for (const entry of old) {
      if (fresh.has(entry)) continue;
      const [index, key] = splitEntry(entry);
      this.#delete.run(Number(index), workspace, key, id);
    }
    for (const entry of fresh) {
      if (old.has(entry)) continue;
      const [index, key] = splitEntry(entry);
      this.#insert.run(Number(index), workspace, key, id, row);
    }
  }

  /** Leaves the entries of a new row for `index`. */
  later(row: number): void {
    if (this.#unindexed !== 0 && this.#unindexed <= row) return;
    this.#setUnindexed.run(row);
    this.#unindexed = row;
  }

  /**
   * Writes all entries that were left, in their order, because entries written as they come touch a page each.
   * The documents say what their entries are, so writes in between do no harm. Gives the number of documents.
   */
  index(): number {
    if (this.#unindexed === 0) return 0;
    const documents = this.#gather();
    this.#sqlite.exec(
      'INSERT OR REPLACE INTO keys (idx, workspace, key, id, row) SELECT idx, workspace, key, id, row FROM temp.left_keys ORDER BY idx, workspace, key, id',
    );
    this.#sqlite.exec('DROP TABLE temp.left_keys');
    this.#setUnindexed.run(0);
    this.#unindexed = 0;
    return documents;
  }

  /** Drops what is remembered, after a rollback. */
  forget(): void {
    this.#unindexed = this.#readUnindexed();
  }

  #readUnindexed(): number {
    return Number(this.#sqlite.value("SELECT value FROM meta WHERE name = 'unindexed'"));
  }

  #gather(): number {
    this.#sqlite.exec(
      'CREATE TEMP TABLE left_keys (idx INTEGER, workspace INTEGER, key TEXT, id TEXT, row INTEGER)',
    );
    const put = this.#sqlite.prepare('INSERT INTO temp.left_keys VALUES (?, ?, ?, ?, ?)');
    const left = this.#sqlite.prepare(
      'SELECT row, workspace, id, keys FROM documents WHERE row >= ? ORDER BY row',
    );
    let documents = 0;
    for (const { row, workspace, id, keys } of left.iterate(this.#unindexed)) {
      documents++;
      for (const entry of entriesOf(String(keys))) {
        const [index, key] = splitEntry(entry);
        put.run(Number(index), Number(workspace), key, String(id), Number(row));
      }
    }
    return documents;
  }
}
