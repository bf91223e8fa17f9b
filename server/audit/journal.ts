/**
 * The audit journal: entries become lines of one hash chain, on disk before `append` resolves.
 * One write is in flight; what arrives meanwhile goes into the next. A failed write or sync is never tried again: what
 * waited is refused, and a fresh segment is begun as soon as one can be made (docs/decisions/0005-audit-journal.md).
 * Files are in segment.ts, the form of a line in line.ts, what happens at start in opening.ts, heads in heads.ts.
 */
import { join } from 'node:path';
import type { AuditEntry, Journal } from '../../core/audit.ts';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import { HeadKeeper } from './head-keeper.ts';
import { HeadWriter, openHeadKey, readHeads } from './heads.ts';
import { toLine, type Link } from './line.ts';
import { findEnd, type Opening, type SeenCommits } from './opening.ts';
import { mostInWrite } from './scan.ts';
import { appendTo, cutSegment, openSegment, prepareSegment, type Segment } from './segment.ts';

export interface JournalOptions {
  /** The folder of all chains, `<DATA_DIR>/audit`. */
  readonly dir: string;
  /** The second place, for signed heads; best on another file system. */
  readonly heads: string;
  /** The folder of keys, kept apart from both: `audit.pem` in it signs the heads, and is made if absent. */
  readonly keys: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** The chain of this process: lower-case letters, digits and hyphens. Default `main`; it is continued at the next start. */
  readonly chain?: string;
  /** Bytes in a segment, default 64 MiB. */
  readonly segmentBytes?: number;
  /** Entries that may wait to be written before more are refused, default 10,000. */
  readonly mostWaiting?: number;
  /** Milliseconds between attempts to begin a fresh segment after a failure, default 3,000. */
  readonly retryEvery?: number;
  /** A head is signed after so many entries (default 1,000), and after 60 s if anything was added. */
  readonly headEvery?: number;
}

export interface OpenJournal extends Journal {
  readonly failed: boolean;
  /** The highest store commit named by an entry when the journal was opened; 0 for none. */
  readonly lastCommit: number;
  /** Which commits were accounted for then. */
  readonly seen: Pick<SeenCommits, 'floor' | 'has'>;
  /** What opening found and did about it, in sentences; empty after a clean stop. */
  readonly recovered: readonly string[];
  /** Entries and writes acknowledged, and refused appends, since opening. */
  readonly counts: Readonly<JournalCounts>;
  /** Writes what waits, signs the head, and closes the files. Later appends are refused. */
  close(): Promise<void>;
}

export interface JournalCounts {
  entries: number;
  writes: number;
  refused: number;
}

interface Waiting {
  readonly line: string;
  readonly bytes: number;
  readonly link: Link;
  readonly entry: AuditEntry;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens this process's chain and continues it. Only one process may have a chain open (the lock on the data folder
 * sees to that). Rejects with a Problem `unavailable` when the folders cannot be used.
 */
export async function openJournal(options: JournalOptions): Promise<OpenJournal> {
  const { dir, chain = 'main', segmentBytes = 64 * 1024 * 1024 } = options;
  if (!/^[a-z0-9-]{1,32}$/.test(chain)) throw new Problem('invalid', `"${chain}" is no chain name`);
  const folder = join(dir, chain);
  try {
    const key = await openHeadKey(join(options.keys, 'audit.pem'));
    const head = (await readHeads(options.heads)).get(chain)?.heads.at(-1);
    const found = await findEnd(folder, chain, segmentBytes, head);
    const segment = found.segment
      ? await openSegment(found.segment.path, found.segment.index, found.segment.offset)
      : await prepareSegment(folder, found.nextIndex, segmentBytes);
    const heads = new HeadWriter(options.heads, chain, key);
    for (const sentence of found.recovered) options.log?.log('warn', sentence);
    const journal = new ChainJournal(
      { ...defaults, ...options, chain, segmentBytes, folder },
      found,
      segment,
      heads,
    );
    await journal.signEnd();
    return journal;
  } catch (cause) {
    throw new Problem('unavailable', `The audit folder ${dir} cannot be used: ${told(cause)}`, {
      cause,
    });
  }
}

const defaults = { mostWaiting: 10_000, retryEvery: 3000, headEvery: 1000 };
/** Entries with a commit that were refused and are owed to the audit; more than this are left to the next start. */
const mostOwed = 10_000;

type Settings = Required<Omit<JournalOptions, 'log' | 'dir' | 'heads' | 'keys'>> &
  Pick<JournalOptions, 'log'> & { readonly folder: string };

class ChainJournal implements OpenJournal {
  readonly lastCommit: number;
  readonly seen: Pick<SeenCommits, 'floor' | 'has'>;
  readonly recovered: readonly string[];
  readonly counts: JournalCounts = { entries: 0, writes: 0, refused: 0 };
  readonly #settings: Settings;
  readonly #heads: HeadKeeper;
  #state: 'open' | 'failed' | 'closed' = 'open';
  #segment: Segment;
  /** The segment after this one, while and after it is made. */
  #spare: Promise<Segment> | undefined;
  #spareAfter = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #reopening: Promise<void> | undefined;
  /** The last entry handed in, and the last on disk. */
  #tip: Link;
  #synced: Link;
  #owed: AuditEntry[] = [];

  constructor(settings: Settings, found: Opening, segment: Segment, heads: HeadWriter) {
    this.#settings = settings;
    this.#segment = segment;
    this.#tip = found.tip;
    this.#synced = found.tip;
    this.lastCommit = found.tip.top;
    this.seen = found.seen;
    this.recovered = found.recovered;
    const { headEvery, clock, log } = settings;
    this.#heads = new HeadKeeper(heads, headEvery, clock, log, () => this.#synced);
  }

  get failed(): boolean {
    return this.#state !== 'open';
  }

  append(entry: AuditEntry): Promise<void> {
    if (this.#state !== 'open' || this.#waiting.length >= this.#settings.mostWaiting)
      return this.#refuse(entry);
    const { line, link } = toLine(this.#settings.chain, entry, this.#tip, this.#synced.seq);
    this.#tip = link;
    return new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(line);
      this.#waiting.push({ line, bytes, link, entry, resolve, reject });
      // Waits for the end of the turn, so that what arrives in one turn shares a write.
      this.#writing ??= new Promise((turn) => setImmediate(turn)).then(() => this.#write());
    });
  }

  #refuse(entry: AuditEntry): Promise<void> {
    this.counts.refused++;
    this.#owe(entry);
    const why =
      this.#state === 'open' ? `more than ${this.#settings.mostWaiting} entries wait` : this.#state;
    return Promise.reject(new Error(`The audit journal takes no entry: ${why}`));
  }

  /** Writes batch after batch until nothing waits. Never rejects. */
  async #write(): Promise<void> {
    let batch: Waiting[] = [];
    try {
      for (;;) {
        if (this.#isFull()) {
          this.#acknowledge(batch);
          batch = [];
          await this.#turnOver();
        }
        const next = this.#take();
        const text = next.map(({ line }) => line).join('');
        const written = appendTo(this.#segment, Buffer.from(text));
        // Only now, so that the disk has work again before the callers of the batch before go on.
        this.#acknowledge(batch);
        batch = next;
        await written;
        this.#synced = batch.at(-1)?.link ?? this.#synced;
        if (this.#waiting.length === 0) break;
      }
      this.#writing = undefined;
      this.#acknowledge(batch);
      this.#payOwed();
    } catch (error) {
      this.#fail(batch, error);
    }
  }

  /** What goes into the next write: all that waits, as far as the segment has room. */
  #take(): Waiting[] {
    const room = Math.min(this.#segment.size - this.#segment.offset, mostInWrite);
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (bytes > room && count > 0) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #acknowledge(batch: readonly Waiting[]): void {
    if (batch.length === 0) return;
    this.counts.entries += batch.length;
    this.counts.writes++;
    for (const { resolve } of batch) resolve();
    this.#prepareAhead();
    this.#heads.signIfDue();
  }

  #isFull(): boolean {
    const { offset, size } = this.#segment;
    return offset > 0 && offset + (this.#waiting[0]?.bytes ?? 0) > size;
  }

  async #turnOver(): Promise<void> {
    const full = this.#segment;
    const spare = this.#spare ?? this.#makeSpare();
    this.#spare = undefined;
    this.#segment = await spare;
    await full.file.close();
  }

  /** Has the next segment made when half of this one is used. */
  #prepareAhead(): void {
    const { clock, log, retryEvery } = this.#settings;
    if (this.#spare || this.#segment.offset <= this.#segment.size / 2) return;
    if (clock.now() < this.#spareAfter) return;
    this.#spare = this.#makeSpare();
    this.#spare.catch((error: unknown) => {
      // Part of this segment is left: try again later, and fail only when that is used up.
      this.#spare = undefined;
      this.#spareAfter = clock.now() + retryEvery;
      log?.log('warn', 'The next audit segment cannot be made', { cause: told(error) });
    });
  }

  #makeSpare(): Promise<Segment> {
    const { folder, segmentBytes } = this.#settings;
    return prepareSegment(folder, this.#segment.index + 1, segmentBytes);
  }

  /** Nothing that was not acknowledged stays in the chain: it goes back to the last entry known to be on disk. */
  #fail(batch: readonly Waiting[], cause: unknown): void {
    this.#writing = undefined;
    this.#tip = this.#synced;
    const refused = [...batch, ...this.#waiting];
    this.#waiting = [];
    this.counts.refused += refused.length;
    this.#settings.log?.log(
      'error',
      'The audit cannot be written; calls are refused until it can',
      {
        cause: told(cause),
        refused: refused.length,
      },
    );
    for (const { entry, reject } of refused) {
      this.#owe(entry);
      reject(new Error('The audit entry could not be written', { cause }));
    }
    if (this.#state === 'closed') return;
    this.#state = 'failed';
    this.#retryLater();
  }

  /** A change that is in the store although its call was refused must still come into the audit. */
  #owe(entry: AuditEntry): void {
    if (entry.commit > 0 && this.#owed.length < mostOwed) this.#owed.push(entry);
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#reopening = this.#reopen().catch(() => {
        if (this.#state === 'failed') this.#retryLater();
      });
    }, this.#settings.retryEvery).unref();
  }

  async #reopen(): Promise<void> {
    const { folder, segmentBytes, log } = this.#settings;
    const broken = this.#segment;
    // What the failed write left must not follow the chain's end. If the file is gone there is nothing to cut.
    await cutSegment(broken.path, broken.offset).catch(unlessGone);
    const spare = await this.#spare?.catch(() => undefined);
    this.#spare = undefined;
    await spare?.file.close();
    const fresh = await prepareSegment(folder, broken.index + 1, segmentBytes);
    if (this.#state !== 'failed') {
      await fresh.file.close();
      return;
    }
    this.#segment = fresh;
    this.#state = 'open';
    await broken.file.close().catch(() => undefined); // its failure has been told already
    log?.log('info', 'The audit can be written again', { owed: this.#owed.length });
    this.#payOwed();
  }

  /** Enters what was refused although its change is in the store. */
  #payOwed(): void {
    for (const entry of this.#owed.splice(0))
      this.append({ ...entry, kind: 'recovered' }).catch(() => undefined); // then it is owed again
  }

  /** Signs what was found at opening: from now on it cannot be cut unseen. */
  signEnd(): Promise<void> {
    return this.#heads.sign();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    while (this.#writing) await this.#writing;
    clearTimeout(this.#retry);
    await this.#reopening;
    await this.#heads.close();
    const spare = await this.#spare?.catch(() => undefined);
    await spare?.file.close();
    await this.#segment.file.close().catch(() => undefined); // each entry was synced by its own write
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

/** A file system's error names a path and a code, never data. */
function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
