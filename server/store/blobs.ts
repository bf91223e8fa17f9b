/**
 * Blobs as files of a folder: written under another name, synced, renamed, and the folder synced, so that a file under its
 * own name is whole. Owns the folder's layout. Several processes of a machine may share it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlobId, type Blob, type Blobs } from '../../core/blobs.ts';
import { Problem } from '../../core/problem.ts';

/** The folder of blobs in a data folder, and in it that of bodies which are not whole yet. */
export const blobsName = 'blobs';
export const comingName = 'coming';

/** Where a body is in the folder of blobs; undefined for what can be none. */
export function blobPath(id: string): string | undefined {
  return isBlobId(id) ? join(id.slice(0, 2), id) : undefined;
}

/** @param dir a folder for blobs alone; made when missing */
export function fileBlobs(dir: string): Blobs {
  const coming = join(dir, comingName);
  makeFolders(dir);
  return {
    async put(source, { limit = Infinity } = {}) {
      const id = randomUUID();
      const file = join(coming, id);
      const handle = await open(file, 'wx', 0o600);
      try {
        const facts = await written(handle, source, limit);
        await handle.close();
        const folder = folderOf(dir, id);
        await rename(file, join(folder, id));
        await syncFolder(folder);
        return { id, ...facts };
      } catch (error) {
        await handle.close().catch(() => undefined); // closed twice where the rename failed
        await rm(file, { force: true });
        throw isFull(error) ? noRoom(error) : error;
      }
    },
    async read(id, range) {
      const handle = await opened(dir, id);
      // The stream owns the handle and closes it, also when it is destroyed.
      return handle.createReadStream({ ...range, highWaterMark: 64 * 1024 });
    },
    async remove(ids) {
      for (const id of ids)
        if (isBlobId(id)) await rm(join(folderOf(dir, id), id), { force: true });
    },
    sweep: (before, isNamed) => sweep(dir, before, isNamed),
    async free() {
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize;
    },
  };
}

/** No room, or no more of it for this user: the body is refused, and nothing of it is left. */
function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

function noRoom(cause: unknown): Problem {
  const headers = { 'retry-after': '60' };
  return new Problem('unavailable', 'There is no room for the body just now', { cause, headers });
}

/** Files by the first two digits of their id: thousands in each of 256 folders are still quick to list. */
function folderOf(dir: string, id: string): string {
  return join(dir, id.slice(0, 2));
}

async function written(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Omit<Blob, 'id'>> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw new Problem('too-large', `The body may have at most ${limit} bytes`);
    hash.update(chunk);
    await handle.writeFile(chunk); // goes on from where it stands, and writes all of it
  }
  await handle.datasync();
  return { size, digest: hash.digest('hex') };
}

/** A rename lasts once its folder is on disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** All folders at once, so that no write has to wait for a new one to be on disk. */
function makeFolders(dir: string): void {
  const names = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));
  for (const name of [comingName, ...names])
    mkdirSync(join(dir, name), { recursive: true, mode: 0o700 });
  const handle = openSync(dir, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function opened(dir: string, id: string): Promise<FileHandle> {
  if (!isBlobId(id)) throw gone();
  try {
    return await open(join(folderOf(dir, id), id), 'r');
  } catch (error) {
    if (isMissing(error)) throw gone();
    throw error;
  }
}

function gone(): Problem {
  return new Problem('not-found', 'The body is no longer kept');
}

async function sweep(
  dir: string,
  before: number,
  isNamed: (id: string) => Promise<boolean>,
): Promise<number> {
  let removed = 0;
  for (const folder of await readdir(dir)) {
    const isComing = folder === comingName;
    for (const id of await readdir(join(dir, folder))) {
      const file = join(dir, folder, id);
      const kept = await stat(file).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (!kept || kept.mtimeMs >= before || (!isComing && (await isNamed(id)))) continue;
      await rm(file, { force: true });
      removed++;
    }
  }
  return removed;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
