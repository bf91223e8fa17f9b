/** Reads everything that a store holds and names what is damaged; changes nothing and does not mind a running server. */
import { crc32 } from 'node:zlib';
import { Problem } from '../../core/problem.ts';
import { checksum } from './checksum.ts';
import { entriesOf, splitEntry } from './keys.ts';
import { formatOf } from './layout.ts';
import { faultOf, openSqlite } from './sqlite.ts';
import type { Row, Sqlite } from './sqlite.ts';

export interface CheckReport {
  readonly documents: number;
  readonly lastCommit: number;
  /** One sentence for each thing that is wrong; records are named by collection and row. */
  readonly faults: readonly string[];
}

/** Documents read at once. */
const step = 500;

/** What else must hold of a document of the base: the sentence that tells what is wrong, if anything. */
export type FurtherCheck = (collection: string, text: string) => string | undefined;

/**
 * Checks every document against its checksum and every index against the documents.
 * `progress` is told the documents done and their number.
 * @throws Problem `unavailable` when there is no store to read.
 */
export function checkStore(
  file: string,
  progress: (done: number, total: number) => void = () => undefined,
  further?: FurtherCheck,
): CheckReport {
  const sqlite = openToRead(file);
  try {
    sqlite.exec('BEGIN'); // one view of documents and indexes, whatever a server writes meanwhile
    const faults: string[] = [];
    const sums: Sums = new Map();
    const doubtful = new Set<number>();
    const documents = checkDocuments(sqlite, sums, faults, progress, (row, collection, text) => {
      if (further?.(collection, text) !== undefined) doubtful.add(row);
    });
    const meta = (name: string) =>
      Number(sqlite.value(`SELECT value FROM meta WHERE name = '${name}'`));
    if (meta('unindexed') > 0)
      faults.push('A load was cut short: start the server to finish its indexes.');
    else checkIndexes(sqlite, sums, faults);
    if (further) faults.push(...lookedAtAgain(sqlite, doubtful, further));
    return { documents, lastCommit: meta('last_commit'), faults };
  } finally {
    sqlite.close();
  }
}

/** A sum over the entries of each index that does not depend on their order, and how many they are. */
type Sums = Map<number, { count: number; sum: number }>;

function openToRead(file: string): Sqlite {
  let sqlite: Sqlite | undefined;
  try {
    sqlite = openSqlite(file, { readOnly: true });
    formatOf(sqlite);
    return sqlite;
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof Problem) throw cause;
    throw new Problem('unavailable', `There is no store in ${file} that can be read`, { cause });
  }
}

/** A server may have changed or removed them since: only what is wrong as they are now is told. */
function lookedAtAgain(
  sqlite: Sqlite,
  rows: ReadonlySet<number>,
  further: FurtherCheck,
): readonly string[] {
  sqlite.exec('COMMIT; BEGIN');
  const one = sqlite.prepare(
    'SELECT d.text, c.name FROM documents d JOIN collections c ON c.number = d.collection WHERE d.row = ? AND d.removed = 0',
  );
  return [...rows].flatMap((row) => {
    const found = one.get(row);
    const fault = found && further(String(found.name), String(found.text));
    return fault === undefined ? [] : [fault];
  });
}

function checkDocuments(
  sqlite: Sqlite,
  sums: Sums,
  faults: string[],
  progress: (done: number, total: number) => void,
  seen: (row: number, collection: string, text: string) => void,
): number {
  const total = Number(sqlite.value('SELECT max(row) FROM documents') ?? 0);
  const some = sqlite.prepare(
    `SELECT d.*, c.name FROM documents d LEFT JOIN collections c ON c.number = d.collection
     WHERE d.row > ? AND d.row <= ? ORDER BY d.row`,
  );
  let documents = 0;
  for (let row = 0; row < total; row += step) {
    try {
      for (const found of some.iterate(row, row + step)) {
        documents++;
        const isGood = checkDocument(found, sums, faults);
        if (isGood && found.workspace === 0 && found.removed === 0)
          seen(Number(found.row), String(found.name), String(found.text));
      }
    } catch (error) {
      if (faultOf(error) !== 'damaged') throw error;
      faults.push(`Rows ${row + 1} to ${row + step} cannot all be read: their pages are damaged.`);
    }
    progress(Math.min(row + step, total), total);
  }
  return documents;
}

/** Whether its checksum is right. */
function checkDocument(found: Row, sums: Sums, faults: string[]): boolean {
  const { row, workspace, version, removed, crc } = found;
  const id = String(found.id);
  const commit = Number(found.commit_number);
  const expected = checksum(id, Number(version), commit, removed === 1, String(found.text));
  if (expected !== crc)
    faults.push(`Collection ${String(found.name)}, row ${String(row)}: damaged.`);
  for (const entry of entriesOf(String(found.keys))) {
    const [index, key] = splitEntry(entry);
    add(sums, Number(index), 1, `${String(workspace)} ${key} ${id} ${String(row)}`);
  }
  return expected === crc;
}

/** Takes the entries of the indexes away from those of the documents: nothing may be left. */
function checkIndexes(sqlite: Sqlite, sums: Sums, faults: string[]): void {
  try {
    for (const { idx, workspace, key, id, row } of sqlite.prepare('SELECT * FROM keys').iterate())
      add(
        sums,
        Number(idx),
        -1,
        `${String(workspace)} ${String(key)} ${String(id)} ${String(row)}`,
      );
  } catch (error) {
    if (faultOf(error) !== 'damaged') throw error;
    faults.push('The indexes cannot all be read: their pages are damaged.');
    return;
  }
  const name = sqlite.prepare(
    'SELECT c.name AS collection, i.name FROM indexes i JOIN collections c ON c.number = i.collection WHERE i.number = ?',
  );
  for (const [index, { count, sum }] of sums) {
    if (count === 0 && sum === 0) continue;
    const named = name.get(index);
    faults.push(
      `Index ${String(named?.name ?? index)} of collection ${String(named?.collection ?? '?')}: not what its records say.`,
    );
  }
}

function add(sums: Sums, index: number, sign: 1 | -1, entry: string): void {
  const sum = sums.get(index) ?? { count: 0, sum: 0 };
  sum.count += sign;
  sum.sum += sign * crc32(entry);
  sums.set(index, sum);
}
