/**
 * What the journal does before it takes entries: finds the end of its chain, checks the newest segments, cuts off what
 * a crash left half-written, and says so. Damage is never cut: the file stays as evidence and the chain goes on in
 * a new segment. Older segments are the verifier's work.
 */
import { rm } from 'node:fs/promises';
import { noLink, parseLine, tailOf, type AuditLine, type Link } from './line.ts';
import { isBlank, scanSegment, type Place, type SegmentScan } from './scan.ts';
import { cutSegment, removeDrafts, segmentsIn } from './segment.ts';
import type { Head } from './heads.ts';

export interface Opening {
  /** The last entry on disk. */
  readonly tip: Link;
  /** Where to write on; absent when a new segment is due. */
  readonly segment: { path: string; index: number; offset: number } | undefined;
  readonly nextIndex: number;
  /** What was found and done, one sentence each; empty after a clean stop. */
  readonly recovered: readonly string[];
  readonly seen: SeenCommits;
}

type SegmentFile = Awaited<ReturnType<typeof segmentsIn>>[number];

/** Opens a chain's folder. `head` is the newest signed head. Rejects when files cannot be read or cut. */
export async function findEnd(
  folder: string,
  chain: string,
  size: number,
  head: Head | undefined,
): Promise<Opening> {
  await removeDrafts(folder);
  const segments = await segmentsIn(folder);
  await dropBlanks(segments);
  const seen = new SeenCommits();
  const recovered: string[] = [];
  let tip: Link | undefined;
  let scan: SegmentScan | undefined;
  for (const { path } of await newest(segments)) {
    let top = tip?.top ?? 0;
    const before: Place | undefined = scan?.bad ? undefined : tip;
    scan = await scanSegment(path, chain, before, (line, place) => {
      const tail = tailOf(line);
      if (!tail) return;
      top = tail.top;
      seen.note(line, tail, place.seq);
    });
    const sound = scan.last ? { ...scan.last, top } : tip;
    tip = isRest(scan, head) ? sound : (scan.bad?.resume ?? sound);
  }
  tip ??= noLink;
  const last = segments.at(-1);
  const nextIndex = (last?.index ?? 0) + 1;
  const segment = last && scan && (await settle(last, scan, size, head, recovered));
  if (head && head.seq > tip.seq)
    recovered.push(
      `The audit chain ${chain} ends at entry ${tip.seq}, but entry ${head.seq} was signed: its end has been cut off.`,
    );
  return { tip, segment, nextIndex, recovered, seen };
}

/** The newest segment, and the one before if the newest is nearly empty: enough of the newest entries must be seen. */
async function newest(segments: readonly SegmentFile[]): Promise<readonly SegmentFile[]> {
  const last = segments.at(-1);
  if (!last) return [];
  const enough = 8 * 1024 * 1024;
  return segments.slice((await isBlank(last.path, enough)) ? -2 : -1);
}

/** Segments prepared but never used; removed so that only one way of continuing is left. */
async function dropBlanks(segments: SegmentFile[]): Promise<void> {
  for (let last = segments.at(-1); last && (await isBlank(last.path)); last = segments.at(-1)) {
    await rm(last.path);
    segments.pop();
  }
}

/** Whether what stands at the end was never acknowledged. A signed entry was. */
function isRest({ bad, last }: SegmentScan, head: Head | undefined): boolean {
  return bad?.unacknowledged === true && (head?.seq ?? 0) <= (last?.seq ?? 0);
}

/** Cuts an unacknowledged rest. Gives where to go on in this segment; nothing when it is damaged or shorter than it was. */
async function settle(
  { path, index }: SegmentFile,
  scan: SegmentScan,
  size: number,
  head: Head | undefined,
  recovered: string[],
): Promise<Opening['segment']> {
  const { end, bad } = scan;
  if (!bad) return { path, index, offset: end };
  const seq = (scan.last?.seq ?? 0) + 1;
  if (isRest(scan, head)) {
    await cutSegment(path, end, Math.max(size, end));
    recovered.push(
      `Cut off what a crash left of a write after entry ${seq - 1} (${path}, byte ${end}); it was never acknowledged.`,
    );
    return { path, index, offset: end };
  }
  recovered.push(
    `The audit is damaged: entry ${seq} ${bad.why} (${path}, byte ${end}). The file is left as it is and a new one begun.`,
  );
  return undefined;
}

/** How many of the newest entries with a commit are remembered: far more than can be in flight when a process dies. */
const mostSeen = 20_000;

/** Which commits the newest entries name, and for whom: what recovery compares the store's changes with. */
export class SeenCommits {
  #lines: Buffer[] = [];
  #floor: number | undefined;
  #people: Map<number, string[]> | undefined;

  /** Takes a line while the chain is read. The buffer is copied. */
  note(line: Buffer, { commit, top }: { commit: number; top: number }, seq: number): void {
    // Before the first entry of a chain nothing was committed; otherwise all up to the first line read is taken as known.
    this.#floor ??= seq === 1 ? 0 : top;
    if (commit === 0) return;
    this.#lines.push(Buffer.from(line));
    if (this.#lines.length < 2 * mostSeen) return;
    const dropped = this.#lines.splice(0, mostSeen).at(-1);
    this.#floor = Math.max(this.#floor, (dropped && tailOf(dropped)?.top) ?? 0);
  }

  /** Commits up to this one count as audited. */
  get floor(): number {
    return this.#floor ?? 0;
  }

  /** Whether an entry names this commit together with all these people. */
  has(commit: number, people: readonly string[]): boolean {
    if (commit <= this.floor) return true;
    this.#people ??= gather(this.#lines.map(parseLine));
    this.#lines = [];
    const named = this.#people.get(commit);
    return named !== undefined && people.every((person) => named.includes(person));
  }
}

function gather(lines: readonly (AuditLine | undefined)[]): Map<number, string[]> {
  const people = new Map<number, string[]>();
  for (const line of lines) {
    if (!line) continue;
    const named = people.get(line.commit) ?? [];
    named.push(...line.people);
    people.set(line.commit, named);
  }
  return people;
}
