/**
 * Copies of a whole data folder: the store as of one commit, and every other file beside it, with a manifest of hashes.
 * A backup may be made while a server runs; a restore takes the folder's lock.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { cp, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { blobsName, comingName } from './blobs.ts';
import { besideName, lockFolder, lockName, restoringName, storeFile } from './folder.ts';
import { formatOf, formatVersion } from './layout.ts';
import { faultOf, openSqlite } from './sqlite.ts';

/** What a backup holds; written last, so that a folder without it is no backup. */
export interface Manifest {
  readonly made: string;
  /** The data format of the store in it. */
  readonly format: number;
  readonly lastCommit: number;
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** Told of each file begun, and of the store how far it is (0 to 1). */
export type BackupProgress = (path: string, part: number) => void;

const manifestName = 'manifest.json';
/** Never copied as files: the locks, and the store, whose files only SQLite may read while it is open. */
const notCopied = new Set(
  [lockName, besideName, storeFile].flatMap((name) => [
    name,
    `${name}-wal`,
    `${name}-shm`,
    `${name}-journal`,
  ]),
);

/**
 * Copies a data folder into an empty or new one.
 * @throws Problem `invalid` when the target will not do, `unavailable` when there is no store or it cannot be copied.
 */
export async function backupFolder(
  dataDir: string,
  target: string,
  now: number,
  progress: BackupProgress = () => undefined,
): Promise<Manifest> {
  refuseTarget(dataDir, target, await entriesIn(target));
  if (!existsSync(join(dataDir, storeFile)))
    throw new Problem('unavailable', `There is no store in ${dataDir}`);
  await mkdir(target, { recursive: true, mode: 0o700 });
  const files = [];
  for (const path of await filesOf(dataDir)) {
    progress(path, 0);
    await copyFile(join(dataDir, path), join(target, path));
    if (existsSync(join(target, path))) files.push(await described(target, path));
  }
  // The store goes after it: writes that its audit copy lacks are told at the next start, and none is missing.
  const about = await copyStore(join(dataDir, storeFile), join(target, storeFile), (part) => {
    progress(storeFile, part);
  });
  files.push(await described(target, storeFile));
  // Bodies are on disk before the store names them: those that came meanwhile go last.
  const known = new Set(files.map(({ path }) => path));
  for (const path of await filesOf(dataDir, blobsName)) {
    if (known.has(path)) continue;
    progress(path, 0);
    await copyFile(join(dataDir, path), join(target, path));
    if (existsSync(join(target, path))) files.push(await described(target, path));
  }
  const manifest = { made: new Date(now).toISOString(), ...about, files };
  await writeDurably(join(target, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/**
 * Puts a backup back. The target must be empty, or `force` replaces what is there.
 * @throws Problem `invalid` for a folder that is no whole backup, `conflict` for a target in the way,
 * `unavailable` while a server has the target open or when the backup is of a newer format.
 */
export async function restoreFolder(
  source: string,
  dataDir: string,
  force: boolean,
  progress: BackupProgress = () => undefined,
): Promise<Manifest> {
  const manifest = await readManifest(source);
  const unlock = lockFolder(dataDir);
  try {
    const old = (await entriesIn(dataDir)).filter((name) => !name.startsWith(lockName));
    if (old.length > 0 && !force)
      throw new Problem(
        'conflict',
        `The folder ${dataDir} is not empty: use --force to replace what it holds`,
      );
    const restoring = join(dataDir, restoringName);
    await rm(restoring, { recursive: true, force: true });
    for (const file of manifest.files) {
      progress(file.path, 0);
      await copyFile(join(source, file.path), join(restoring, file.path));
      const copied = await described(restoring, file.path);
      if (copied.sha256 !== file.sha256)
        throw new Problem('invalid', `The backup is damaged: ${file.path} is not what was copied`);
    }
    // From here until the folder is gone no server starts in it, so a cut leaves nothing half restored unnoticed.
    for (const name of old)
      if (name !== restoringName) await rm(join(dataDir, name), { recursive: true });
    for (const name of await entriesIn(restoring))
      await rename(join(restoring, name), join(dataDir, name));
    await rm(restoring, { recursive: true, force: true });
    return manifest;
  } finally {
    unlock();
  }
}

function refuseTarget(dataDir: string, target: string, entries: readonly string[]): void {
  const inside = relative(resolve(dataDir), resolve(target));
  if (inside === '' || !(inside.startsWith('..') || resolve(target) === inside))
    throw new Problem('invalid', 'A backup may not lie in the data folder itself');
  if (entries.length > 0) throw new Problem('invalid', `The folder ${target} is not empty`);
}

async function entriesIn(dir: string): Promise<readonly string[]> {
  return existsSync(dir) ? readdir(dir) : [];
}

/** All files to copy, as paths with `/`. Heads of the audit come before the audit, so that none is ahead of its chain. */
async function filesOf(dataDir: string, below = ''): Promise<readonly string[]> {
  const from = join(dataDir, below);
  if (!existsSync(from)) return [];
  const found = await readdir(from, { recursive: true, withFileTypes: true });
  const coming = `${blobsName}/${comingName}/`; // of no use: nobody will go on with them
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dataDir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !notCopied.has(path) && !path.startsWith(`${restoringName}/`))
    .filter((path) => !path.startsWith(coming));
  const isAudit = (path: string) => path.startsWith('audit/');
  return [...paths.filter((path) => !isAudit(path)).sort(), ...paths.filter(isAudit).sort()];
}

async function copyFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await cp(from, to, { preserveTimestamps: true });
  } catch (cause) {
    // A body whose message was removed meanwhile.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' && isBody(from))
      return;
    throw new Problem('unavailable', `${from} could not be copied`, { cause });
  }
  await sync(to);
}

function isBody(path: string): boolean {
  return path.split(sep).at(-3) === blobsName;
}

async function copyStore(
  from: string,
  to: string,
  progress: (part: number) => void,
): Promise<{ format: number; lastCommit: number }> {
  const source = openSqlite(from, { readOnly: true, cache: 8 });
  try {
    formatOf(source);
    await source.backup(to, progress);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const reason = faultOf(cause) === 'full' ? 'the disk is full' : 'the copy failed';
    throw new Problem('unavailable', `The store could not be copied: ${reason}`, { cause });
  } finally {
    source.close();
  }
  const copy = openSqlite(to, { cache: 8 });
  try {
    const lastCommit = Number(copy.value("SELECT value FROM meta WHERE name = 'last_commit'"));
    return { format: formatOf(copy), lastCommit };
  } finally {
    copy.close();
    await sync(to);
  }
}

async function described(dir: string, path: string): Promise<Manifest['files'][number]> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(join(dir, path)) as AsyncIterable<Buffer>) {
    // a stream opened without an encoding gives Buffers
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

async function readManifest(source: string): Promise<Manifest> {
  let manifest: Manifest;
  try {
    const text = await readFile(join(source, manifestName), 'utf8');
    manifest = JSON.parse(text) as Manifest; // written by backupFolder; its hashes are checked file by file
  } catch (cause) {
    throw new Problem('invalid', `${source} is no whole backup: it has no ${manifestName}`, {
      cause,
    });
  }
  if (manifest.format > formatVersion)
    throw new Problem(
      'unavailable',
      `The backup has data format ${manifest.format}, this version of Gatehouse knows formats up to ${formatVersion}`,
    );
  const stray = manifest.files.find(
    ({ path }) => path.split('/').includes('..') || path.startsWith('/'),
  );
  if (stray !== undefined) throw new Problem('invalid', 'The backup names a file outside itself');
  return manifest;
}

async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await sync(`${file}.new`);
  await rename(`${file}.new`, file);
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
