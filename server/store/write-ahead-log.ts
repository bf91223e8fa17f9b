/**
 * Reads SQLite's write-ahead log to say what recovery will find in it (https://www.sqlite.org/fileformat2.html, section 4).
 * SQLite replays up to the first page whose checksum fails and says nothing of what follows.
 */

/** What a log holds. */
export interface LogContent {
  /** Whole commits that will be replayed, and their pages. */
  readonly commits: number;
  readonly frames: number;
  /** Pages after the last whole commit that belong to a commit never finished. */
  readonly torn: number;
  /** Commits after a damaged page: they were whole, perhaps acknowledged, and will not be replayed. */
  readonly lostCommits: number;
}

const headerSize = 32;
const frameHeaderSize = 24;

interface Sum {
  readonly first: number;
  readonly second: number;
}

/** Looks through a log. An empty or foreign one holds nothing. */
export function inspectLog(log: Buffer): LogContent {
  const nothing = { commits: 0, frames: 0, torn: 0, lostCommits: 0 };
  if (log.length < headerSize) return nothing;
  const magic = log.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return nothing;
  const littleEndian = magic === 0x377f0682;
  const frameSize = frameHeaderSize + log.readUInt32BE(8);
  let expected = sumOf(log, 0, 24, { first: 0, second: 0 }, littleEndian);
  if (!isSum(log, 24, expected)) return nothing;

  let [commits, frames, lostCommits, damaged] = [0, 0, 0, false];
  let count = 0;
  for (let at = headerSize; at + frameSize <= log.length; at += frameSize) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break; // of an earlier round of the log
    count++;
    const header = sumOf(log, at, at + 8, expected, littleEndian);
    const whole = isSum(
      log,
      at + 16,
      sumOf(log, at + frameHeaderSize, at + frameSize, header, littleEndian),
    );
    const isCommit = log.readUInt32BE(at + 4) > 0;
    if (!whole) damaged = true;
    else if (damaged && isCommit) lostCommits++;
    else if (isCommit) {
      commits++;
      frames = count;
    }
    // Each sum continues the one before as it is written, so pages after a damaged one can still be judged.
    expected = { first: log.readUInt32BE(at + 16), second: log.readUInt32BE(at + 20) };
  }
  const torn = lostCommits > 0 ? 0 : count - frames;
  return { commits, frames, torn, lostCommits };
}

function sumOf(log: Buffer, from: number, to: number, start: Sum, littleEndian: boolean): Sum {
  let { first, second } = start;
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  for (let at = from; at < to; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return { first, second };
}

function isSum(log: Buffer, at: number, { first, second }: Sum): boolean {
  return log.readUInt32BE(at) === first && log.readUInt32BE(at + 4) === second;
}
