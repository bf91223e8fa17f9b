/**
 * What the one writer does: applies a batch of writes in one transaction, judging each against those before it.
 * The kinds of write are in write-terms.ts; the thread is writer-thread.ts.
 */
import { Documents } from './documents.ts';
import type { Sqlite, Statement } from './sqlite.ts';
import type { BulkWrite, Outcome, PutWrite, RemoveWrite, Write } from './write-terms.ts';

/** Changes kept for those who follow: enough for a process that was away for a while. */
const changesKept = 100_000;
/** They are pruned this many at a time. */
const pruneEvery = 1000;

/** Applies writes; one instance for the one writing connection. */
export class Writes {
  readonly #sqlite: Sqlite;
  readonly #documents: Documents;
  #commit: number;
  #pruned: number;
  readonly #saveMeta: Statement;
  readonly #change: Statement;
  readonly #prune: Statement;
  readonly #outbox: Statement;
  readonly #delivered: Statement;
  readonly #add: Statement;
  readonly #setMark: Statement;
  readonly #clearMark: Statement;

  /** @param limits how many records a workspace may change, by name, where that is not 10,000. */
  constructor(sqlite: Sqlite, limits: Readonly<Record<string, number>> = {}) {
    this.#sqlite = sqlite;
    this.#documents = new Documents(sqlite, limits);
    this.#commit = this.#meta('last_commit');
    this.#pruned = this.#meta('pruned');
    this.#saveMeta = sqlite.prepare('UPDATE meta SET value = ? WHERE name = ?');
    this.#change = sqlite.prepare(
      'INSERT INTO changes (commit_number, collection, workspace, id, version, removed, asked_by) VALUES (?,?,?,?,?,?,?)',
    );
    this.#prune = sqlite.prepare('DELETE FROM changes WHERE commit_number <= ?');
    this.#outbox = sqlite.prepare('INSERT INTO outbox (topic, body) VALUES (?, ?)');
    this.#delivered = sqlite.prepare('DELETE FROM outbox WHERE id = ?');
    this.#add = sqlite.prepare(
      'INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2 RETURNING value',
    );
    this.#setMark = sqlite.prepare(
      'INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2',
    );
    this.#clearMark = sqlite.prepare('DELETE FROM marks WHERE name = ?');
  }

  /**
   * Applies a batch in one transaction and gives an outcome for each write, in order.
   * `beforeCommit` runs when all is applied. When it throws nothing was applied.
   */
  apply(batch: readonly Write[], beforeCommit: () => void = () => undefined): readonly Outcome[] {
    const before = this.#commit;
    this.#sqlite.exec('BEGIN IMMEDIATE');
    try {
      const outcomes = batch.map((write) => this.#one(write));
      this.#saveCommit(before);
      beforeCommit();
      this.#sqlite.exec('COMMIT');
      return outcomes;
    } catch (error) {
      this.#commit = before;
      this.#forget();
      throw error;
    }
  }

  /** Moves what the log holds into the main file, as far as readers let it; at the end the log is emptied too. */
  checkpoint(how: 'PASSIVE' | 'TRUNCATE' = 'PASSIVE'): void {
    this.#sqlite.exec(`PRAGMA wal_checkpoint(${how})`);
  }

  #forget(): void {
    try {
      this.#sqlite.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself; the first error is the one to tell.
    }
    this.#pruned = this.#meta('pruned');
    this.#documents.forget();
  }

  #meta(name: string): number {
    return Number(this.#sqlite.value(`SELECT value FROM meta WHERE name = '${name}'`));
  }

  #saveCommit(before: number): void {
    if (this.#commit === before) return;
    this.#saveMeta.run(this.#commit, 'last_commit');
    this.#documents.saveSizes();
    const old = this.#commit - changesKept;
    if (old - this.#pruned < pruneEvery) return;
    if (this.#prune.run(old) > 0 || this.#pruned > 0) this.#saveMeta.run(old, 'pruned');
    this.#pruned = old;
  }

  #one(write: Write): Outcome {
    switch (write.kind) {
      case 'put':
        return this.#put(write);
      case 'remove':
        return this.#remove(write);
      case 'bulk':
        return this.#bulk(write);
      case 'index':
        return { value: this.#documents.index(), commit: this.#commit };
      case 'reset':
        return this.#reset(write.workspace);
      case 'add':
        return {
          value: Number(this.#add.get(write.name, write.by)?.value),
          commit: ++this.#commit,
        };
      case 'delivered':
        return { value: this.#delivered.run(write.id), commit: ++this.#commit };
      case 'mark':
        return this.#mark(write.name, write.value);
    }
  }

  #put(write: PutWrite): Outcome {
    const outcome = this.#documents.put(write, this.#commit + 1);
    if ('kind' in outcome) return outcome;
    const commit = ++this.#commit;
    for (const { topic, body } of write.outbox) this.#outbox.run(topic, body);
    const { collection, workspace, id, by } = write;
    this.#change.run(commit, collection, workspace, id, outcome.value, 0, by);
    return outcome;
  }

  #remove(write: RemoveWrite): Outcome {
    const outcome = this.#documents.remove(write, this.#commit + 1);
    if ('kind' in outcome) return outcome;
    const commit = ++this.#commit;
    const { collection, workspace, id } = write;
    this.#change.run(commit, collection, workspace, id, outcome.value, 1, '');
    return outcome;
  }

  #bulk({ collection, documents, mark }: BulkWrite): Outcome {
    const commit = ++this.#commit;
    for (const document of documents) this.#documents.load(collection, document, commit);
    if (mark !== undefined) this.#setMark.run(mark.name, mark.value);
    return { value: documents.length, commit };
  }

  #reset(workspace: string): Outcome {
    const value = this.#documents.reset(workspace);
    if (value === 0) return { value, commit: this.#commit };
    const commit = ++this.#commit;
    this.#change.run(commit, '', workspace, '', 0, 1, '');
    return { value, commit };
  }

  #mark(name: string, value: string | undefined): Outcome {
    if (value === undefined) this.#clearMark.run(name);
    else this.#setMark.run(name, value);
    return { value: 0, commit: ++this.#commit };
  }
}
