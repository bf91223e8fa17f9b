/**
 * Keys of this installation as files below `<DATA_DIR>/keys`: made at first need, refused when others can read them.
 * Owns random keys and key pairs; what they are for, their users say.
 */
import { generateKeyPair, randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../core/problem.ts';

/** 32 random bytes, kept in a file of one line of base64url. @throws Problem `unavailable` for a file that will not do. */
export function randomKey(file: string): Buffer {
  const key = Buffer.from(
    readOrMake(file, () => randomBytes(32).toString('base64url')),
    'base64url',
  );
  if (key.length !== 32) throw new Problem('unavailable', `The key file ${file} holds no key`);
  return key;
}

/** A text kept in a file that only this user can read; made by `make` when there is none. */
export function readOrMake(file: string, make: () => string): string {
  const known = readSecretFile(file);
  if (known !== undefined) return known;
  writeSecretFile(file, make());
  const made = readSecretFile(file);
  if (made === undefined) throw new Problem('unavailable', `The key file ${file} cannot be read`);
  return made;
}

/** The text of a secret file; undefined when there is none. @throws Problem `unavailable` when others can read it. */
export function readSecretFile(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return undefined;
  // Windows has no such bits; there the folder's own rights count.
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new Problem(
      'unavailable',
      `Others can read the key file ${file}. Make it yours alone: chmod 600 ${file}`,
    );
  return readFileSync(file, 'utf8').trim();
}

/** Writes a secret file whole or not at all; one that is there already is left as it is. */
export function writeSecretFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const half = `${file}.${process.pid}`;
  writeFileSync(half, `${text}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(half, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // node's own error
  } finally {
    rmSync(half, { force: true });
  }
}

/** Writes a secret file whole in the place of what was there. */
export function replaceSecretFile(file: string, text: string): void {
  const half = `${file}.${process.pid}`;
  writeFileSync(half, `${text}\n`, { mode: 0o600, flush: true });
  renameSync(half, file);
}

const makePair = promisify(generateKeyPair);

/** A new RSA key pair in the background: the private half as PKCS#8 PEM. Takes 0.1-0.5 s of another core. */
export async function newRsaKey(bits: 2048 | 4096 = 2048): Promise<string> {
  const { privateKey } = await makePair('rsa', {
    modulusLength: bits,
    publicExponent: 0x10001,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}
