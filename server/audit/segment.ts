/**
 * The files of a chain: `<dir>/<chain>/00000001.audit` and so on, filled with zeros before use and written with a
 * sync in each write. Owns names, preparation and writing; what stands in them is line.ts, reading is scan.ts.
 * Preparing matters: overwriting zeros changes no length, so a sync costs the data alone (D6).
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';

/** One open segment. `offset` is the end of what is on disk. */
export interface Segment {
  readonly path: string;
  readonly index: number;
  readonly size: number;
  readonly inode: number;
  readonly file: FileHandle;
  offset: number;
}

const slice = 1024 * 1024;
const zeros = Buffer.alloc(slice);
const secret = 0o600;

/** On Linux the sync is part of the write; elsewhere `datasync` follows, which macOS needs to reach the platter. */
const syncingWrites = process.platform === 'linux';

export const segmentName = (index: number) => `${String(index).padStart(8, '0')}.audit`;

/** The chains below an audit folder, by name; none when the folder does not exist. */
export async function chainsIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(orNothing);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The segments of a chain in order. */
export async function segmentsIn(folder: string): Promise<{ index: number; path: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(orNothing);
  return entries
    .filter((entry) => /^\d{8}\.audit$/.test(entry.name))
    .map(({ name }) => ({ index: Number(name.slice(0, 8)), path: join(folder, name) }))
    .sort((a, b) => a.index - b.index);
}

function orNothing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/**
 * Makes a segment of zeros and opens it. It gets its name only when it is whole and on disk, so that a crash leaves
 * at most a `.new` file behind. Rejects when there is no room, and takes back what it had used.
 */
export async function prepareSegment(
  folder: string,
  index: number,
  size: number,
): Promise<Segment> {
  const path = join(folder, segmentName(index));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  try {
    await fill(draft, size);
    await rename(draft, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  return openSegment(path, index, 0);
}

/** Opens a segment to be written from `offset` on. */
export async function openSegment(path: string, index: number, offset: number): Promise<Segment> {
  const sync = syncingWrites ? constants.O_DSYNC : 0;
  const file = await open(path, constants.O_RDWR | sync);
  const { size, ino } = await file.stat();
  return { path, index, size, inode: ino, file, offset };
}

async function fill(path: string, size: number): Promise<void> {
  const file = await open(path, 'w', secret);
  try {
    for (let at = 0; at < size; at += slice) {
      await writeAll(file, zeros.subarray(0, Math.min(slice, size - at)), at);
      // Small bites: one sync of the whole would keep the journal's own syncs waiting.
      await file.datasync();
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes at the segment's end; resolves when the bytes are on disk and the file is still where it belongs. */
export async function appendTo(segment: Segment, bytes: Buffer): Promise<void> {
  await writeAll(segment.file, bytes, segment.offset);
  if (!syncingWrites) await segment.file.datasync();
  // A write to a file whose folder was removed succeeds, and is lost. One look-up a batch, some 3 µs.
  if (statSync(segment.path, { throwIfNoEntry: false })?.ino !== segment.inode)
    throw new Error('The audit segment is no longer at its place');
  segment.offset += bytes.length;
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** Takes away everything from `offset` on, on disk; the rest of the file is filled with zeros again if `size` is told. */
export async function cutSegment(path: string, offset: number, size?: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(offset);
    if (size !== undefined)
      for (let at = offset; at < size; at += slice)
        await writeAll(file, zeros.subarray(0, Math.min(slice, size - at)), at);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes new names in a folder last. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what an interrupted preparation left. */
export async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(orNothing);
  for (const name of names)
    if (/^\d{8}\.audit\.new$/.test(name)) await rm(join(folder, name), { force: true });
}
