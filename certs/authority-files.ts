/**
 * The files of an authority: keys that only this user can read, certificates, and those of outside authorities. Each is
 * written whole or not at all, and the first writer wins, so that processes may start at once. Owns no meaning.
 */
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { SharedFiles } from './shared-files.ts';

/** The files of one environment's authority. */
export interface AuthorityFiles {
  /**
   * The text of a file; made by `make` where there is none. Of several processes and machines that make it at once the
   * first counts, and all get its text.
   * @param secret whether it is a key: then one that others can read is refused
   * @throws Problem `unavailable`; also when this machine has another than those it shares with
   */
  readOrMake(name: string, secret: boolean, make: () => Promise<string>): Promise<string>;
  /** Whether it is here, or with the machines that this one shares with. */
  has(name: string, secret: boolean): Promise<boolean>;
}

/** @param shared where other machines have them; absent where there is one machine */
export function authorityFiles(
  folder: string,
  environment: string,
  shared?: SharedFiles,
): AuthorityFiles {
  return {
    async readOrMake(name, secret, make) {
      const file = join(folder, name);
      const place = `${environment}/${name}`;
      const here = await readWhole(file, secret);
      const text = here ?? (await shared?.read(place)) ?? (await make());
      const counts = shared ? await shared.offer(place, text) : text;
      if (here !== undefined && here !== counts) throw differs(file);
      if (here !== undefined) return here;
      await writeOnce(file, secret, counts);
      const made = await readWhole(file, secret);
      if (made === undefined) throw new Problem('unavailable', `The file ${file} cannot be read`);
      return made;
    },
    async has(name, secret) {
      const here = await readWhole(join(folder, name), secret);
      return here !== undefined || (await shared?.read(`${environment}/${name}`)) !== undefined;
    },
  };
}

function differs(file: string): Problem {
  return new Problem(
    'unavailable',
    `The file ${file} is not that of the machines that use the same store. Take the folder ${dirname(file)} away, and start again: theirs is fetched`,
  );
}

/** The text of a file; undefined when there is none. @throws Problem `unavailable` for a key that others can read */
async function readWhole(file: string, secret: boolean): Promise<string | undefined> {
  try {
    // Windows has no such bits; there the folder's own rights count.
    if (secret && process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
      throw new Problem(
        'unavailable',
        `Others can read the key file ${file}. Make it yours alone: chmod 600 ${file}`,
      );
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Files of a folder that end so, by name in order; none where there is no folder. */
export async function filesIn(
  folder: string,
  ending: string,
): Promise<{ readonly name: string; readonly bytes: Buffer }[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(ending)).sort();
  return Promise.all(
    files.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
  );
}

/** Takes away what a process left that was killed while it wrote, before this time. */
export async function sweepHalves(folder: string, before: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith('.half'))) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found && found.mtimeMs < before) await rm(file, { force: true });
  }
}

/** Writes a file that is not there yet: whole, on disk, and with its name on disk. */
async function writeOnce(file: string, secret: boolean, text: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const half = `${file}.${process.pid}-${performance.now().toString(36)}.half`;
  const handle = await open(half, 'wx', secret ? 0o600 : 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(half, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(half, { force: true });
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // cannot open a folder
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code; // undefined where it is no error of node's
}
