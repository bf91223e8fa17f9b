/**
 * Search over the audit's files: who saw or changed whom. Looks for the asked value among the raw bytes and parses
 * only the lines that hold it, so a million entries take some tenths of a second and no index has to be kept right.
 * Works beside a running server. Whether the chain is sound is the verifier's question.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLine, quote, type AuditLine } from './line.ts';
import { chainsIn, segmentsIn } from './segment.ts';

/** What to look for; all that is given must hold. Times in milliseconds since the epoch, both ends included. */
export interface AuditFilter {
  readonly patient?: string;
  readonly app?: string;
  readonly user?: string;
  readonly role?: string;
  readonly purpose?: string;
  readonly kind?: AuditLine['kind'];
  readonly from?: number;
  readonly to?: number;
}

/** Counts kept while a search runs. */
export interface SearchTally {
  /** Lines that hold the asked value but cannot be read: run the verifier. */
  unreadable: number;
}

/**
 * Gives the entries that fit, oldest first; several chains are merged by time.
 * Rejects when the files cannot be read.
 */
export async function* searchAudit(
  dir: string,
  filter: AuditFilter,
  tally: SearchTally = { unreadable: 0 },
): AsyncGenerator<AuditLine> {
  const chains = await chainsIn(dir);
  const streams = chains.map((chain) => searchChain(join(dir, chain), filter, tally));
  const heads = await Promise.all(
    streams.map(async (stream) => ({ stream, next: await stream.next() })),
  );
  for (;;) {
    let oldest: { stream: AsyncGenerator<AuditLine>; next: IteratorResult<AuditLine> } | undefined;
    for (const head of heads) {
      if (head.next.done) continue;
      if (!oldest || timeOf(head.next) < timeOf(oldest.next)) oldest = head;
    }
    if (!oldest || oldest.next.done) return;
    yield oldest.next.value;
    oldest.next = await oldest.stream.next();
  }
}

function timeOf(next: IteratorResult<AuditLine>): number {
  return next.done ? Infinity : next.value.at;
}

async function* searchChain(
  folder: string,
  filter: AuditFilter,
  tally: SearchTally,
): AsyncGenerator<AuditLine> {
  const needle = needleOf(filter);
  for (const { path } of await segmentsIn(folder)) {
    for await (const block of wholeLines(path)) {
      for (const line of linesWith(block, needle)) {
        const entry = mayFit(line, filter) ? parseLine(line) : null;
        if (entry === undefined) tally.unreadable++;
        else if (entry && fits(entry, filter)) yield entry;
      }
    }
  }
}

/** The bytes that every line must hold which fits: the rarest of what is asked for. */
function needleOf(filter: AuditFilter): Buffer | undefined {
  if (filter.patient !== undefined) return Buffer.from(quote(filter.patient));
  for (const name of ['user', 'role', 'app', 'purpose', 'kind'] as const) {
    const value = filter[name];
    if (value !== undefined) return Buffer.from(`"${name}":${quote(value)}`);
  }
  return undefined;
}

const chunk = 4 * 1024 * 1024;
const lineBreak = 10;

/** Blocks of whole lines. The buffer is lent until the next block. */
async function* wholeLines(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunk);
    for (let at = 0; ;) {
      const { bytesRead } = await file.read(buffer, 0, chunk, at);
      if (bytesRead === 0) return;
      const view = buffer.subarray(0, bytesRead);
      const end = view.lastIndexOf(lineBreak) + 1;
      if (end > 0) yield view.subarray(0, end);
      // Without a line break this is the zeros behind the end, or damage; lines may still follow a hole.
      at += end > 0 ? end : bytesRead;
    }
  } finally {
    await file.close();
  }
}

function* linesWith(block: Buffer, needle: Buffer | undefined): Generator<Buffer> {
  for (let at = 0; at < block.length;) {
    const hit = needle ? block.indexOf(needle, at) : at;
    if (hit < 0) return;
    const start = needle ? Math.max(at, block.lastIndexOf(lineBreak, hit) + 1) : at;
    const end = block.indexOf(lineBreak, hit);
    const line = block.subarray(start, end);
    yield line.subarray(line.lastIndexOf(0) + 1);
    at = end + 1;
  }
}

/** A cheap look at the time, before a line is parsed. Lines of an odd form pass, to be counted as unreadable. */
function mayFit(line: Buffer, { from, to }: AuditFilter): boolean {
  if (from === undefined && to === undefined) return true;
  const start = line.indexOf('"at":') + 5;
  const at = Number(line.toString('latin1', start, line.indexOf(',', start)));
  return Number.isNaN(at) || ((from === undefined || at >= from) && (to === undefined || at <= to));
}

function fits(entry: AuditLine, filter: AuditFilter): boolean {
  if (filter.patient !== undefined && !entry.people.includes(filter.patient)) return false;
  for (const name of ['app', 'user', 'role', 'purpose', 'kind'] as const)
    if (filter[name] !== undefined && filter[name] !== entry[name]) return false;
  return (
    (filter.from === undefined || entry.at >= filter.from) &&
    (filter.to === undefined || entry.at <= filter.to)
  );
}
