/**
 * Reads one segment and says how far its lines follow one another, and what stands where they stop.
 * Owns the judgement between a write that a crash cut short (never acknowledged) and damage; used by the journal when
 * it opens, and by the verifier. Changes nothing.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { follows, opening, soundHash, tailOf, type Link } from './line.ts';

/** A place in a chain. */
export type Place = Pick<Link, 'seq' | 'hash'>;

export interface SegmentScan {
  /** How many sound lines were read, and the last of them (what was handed in when there are none). */
  readonly entries: number;
  readonly last: Place | undefined;
  /** The byte after the last sound line. */
  readonly end: number;
  /** What stands there, when it is not the end. */
  readonly bad?: Bad;
}

export type BadKind = 'torn' | 'changed' | 'removed' | 'reordered' | 'repeated' | 'hole' | 'junk';

export interface Bad {
  readonly kind: BadKind;
  /** What is wrong, after `entry N `. */
  readonly why: string;
  /** Whether it can only be the rest of a write that was never acknowledged. */
  readonly unacknowledged: boolean;
  /** Where the chain may be taken up again: the last sound line behind the bad place, if there is one. */
  readonly resume: Link | undefined;
}

/** The most bytes in one write, so also the most that a crash can leave behind unacknowledged. */
export const mostInWrite = 1024 * 1024;

const chunk = 4 * 1024 * 1024;
const lineBreak = 10;

/** Called for each sound line; the buffer is only lent. */
export type OnLine = (line: Buffer, place: Place, offset: number) => void;

/**
 * Reads a segment from `from`. Without `after` the first line is taken as it is, if its own hash is right.
 * Rejects when the file cannot be read.
 */
export async function scanSegment(
  path: string,
  chain: string,
  after: Place | undefined,
  onLine: OnLine = () => undefined,
  from = 0,
): Promise<SegmentScan> {
  const file = await open(path, 'r');
  try {
    const read = await readLines(file, chain, after, onLine, from);
    const bad = examine(await readRest(file, read.end), chain, read.last);
    return bad ? { ...read, bad } : read;
  } finally {
    await file.close();
  }
}

async function readLines(
  file: FileHandle,
  chain: string,
  after: Place | undefined,
  onLine: OnLine,
  from: number,
): Promise<SegmentScan> {
  const buffer = Buffer.allocUnsafe(chunk);
  let last = after;
  let entries = 0;
  let end = from;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, chunk, end);
    const view = buffer.subarray(0, bytesRead);
    let at = 0;
    for (;;) {
      const stop = view.indexOf(lineBreak, at);
      if (stop < 0) break;
      const line = view.subarray(at, stop);
      const place = placeOf(line, chain, last);
      if (!place) return { entries, last, end: end + at };
      onLine(line, place, end + at);
      last = place;
      entries++;
      at = stop + 1;
    }
    // No whole line in a whole chunk: what stands here is no line of ours, or the file has ended.
    if (at === 0) return { entries, last, end };
    end += at;
  }
}

function placeOf(line: Buffer, chain: string, after: Place | undefined): Place | undefined {
  const hash = soundHash(line);
  if (hash === undefined) return undefined;
  if (after) return follows(line, chain, after) ? { seq: after.seq + 1, hash } : undefined;
  const seq = seqOf(line, chain);
  return seq === undefined ? undefined : { seq, hash };
}

function seqOf(line: Buffer, chain: string): number | undefined {
  const found = /^\{"chain":"([^"]*)","seq":(\d+),"prev":"[0-9a-f]{64}",/.exec(
    line.toString('latin1', 0, 250),
  );
  return found?.[1] === chain ? Number(found[2]) : undefined;
}

async function readRest(file: FileHandle, from: number): Promise<Buffer> {
  const { size } = await file.stat();
  const rest = Buffer.alloc(Math.max(0, size - from));
  let done = 0;
  while (done < rest.length) {
    const { bytesRead } = await file.read(rest, done, rest.length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return rest.subarray(0, done);
}

/** What stands behind the last sound line; undefined when that is nothing but zeros. */
function examine(rest: Buffer, chain: string, last: Place | undefined): Bad | undefined {
  const used = lastUsed(rest) + 1;
  if (used === 0) return undefined;
  const text = rest.subarray(0, used);
  const later = soundLinesIn(text, chain);
  const resume = later.at(-1)?.link;
  const expected = (last?.seq ?? 0) + 1;
  const zero = text.indexOf(0);
  const stop = text.indexOf(lineBreak);
  const bad = (kind: BadKind, why: string, unacknowledged = false): Bad => ({
    kind,
    why,
    unacknowledged,
    resume,
  });

  if (zero < 0 && stop < 0 && beginsLike(text, chain, last))
    return bad('torn', 'is cut short in the middle and was never acknowledged', true);
  if (stop >= 0 && (zero < 0 || stop < zero))
    return judgeLine(text.subarray(0, stop), expected, later, bad);
  // Zeros within what was written: blocks of one write that never reached the disk, or damage to older ones.
  if (later.length === 0)
    return bad('junk', 'is followed by bytes that are no entry', zero >= 0 && used <= mostInWrite);
  const inOneWrite = later.every(({ synced }) => synced < expected);
  return bad(
    'hole',
    inOneWrite
      ? 'is missing: a write was cut short by a power failure, or zeros were put over it (the server cuts such a rest off at its next start)'
      : 'is missing: zeros stand in its place, and sound entries behind them',
    inOneWrite,
  );
}

function beginsLike(text: Buffer, chain: string, last: Place | undefined): boolean {
  if (!last) return text.toString('latin1', 0, 10) === '{"chain":"'.slice(0, text.length);
  const wanted = opening(chain, last);
  return text.toString('latin1', 0, wanted.length) === wanted.slice(0, text.length);
}

/** A whole line stands in the place of `expected` and is not it. */
function judgeLine(
  line: Buffer,
  expected: number,
  later: readonly Sound[],
  bad: (kind: BadKind, why: string) => Bad,
): Bad {
  if (soundHash(line) === undefined)
    return later.some(({ link }) => link.seq === expected)
      ? bad('changed', 'has a line before it that is no entry of this chain')
      : bad('changed', 'has been changed or is forged: its content does not have its hash');
  const seq = later[0]?.link.seq;
  if (seq === undefined) return bad('changed', 'belongs to another chain');
  if (seq === expected) return bad('changed', 'does not name the hash of the entry before it');
  if (seq < expected) return bad('repeated', `has entry ${seq} once more in its place`);
  return later.some(({ link }) => link.seq === expected)
    ? bad('reordered', `stands behind entry ${seq}`)
    : bad('removed', `is missing: entry ${seq} stands in its place`);
}

interface Sound {
  readonly link: Link;
  readonly synced: number;
}

function soundLinesIn(text: Buffer, chain: string): Sound[] {
  const found: Sound[] = [];
  for (let at = 0; at < text.length;) {
    const stop = text.indexOf(lineBreak, at);
    if (stop < 0) break;
    const whole = text.subarray(at, stop);
    const line = whole.subarray(whole.lastIndexOf(0) + 1);
    const hash = soundHash(line);
    const seq = hash === undefined ? undefined : seqOf(line, chain);
    const tail = tailOf(line);
    if (hash !== undefined && seq !== undefined && tail)
      found.push({ link: { seq, hash, top: tail.top }, synced: tail.synced });
    at = stop + 1;
  }
  return found;
}

/** The index of the last byte that is no zero, -1 when there is none. */
function lastUsed(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0) {
    const size = Math.min(end, zeroBlock.length);
    if (!bytes.subarray(end - size, end).equals(zeroBlock.subarray(0, size))) break;
    end -= size;
  }
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end - 1;
}
const zeroBlock = Buffer.alloc(64 * 1024);

/** Whether a segment holds nothing from `from` on. */
export async function isBlank(path: string, from = 0): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    return lastUsed(await readRest(file, from)) < 0;
  } finally {
    await file.close();
  }
}
