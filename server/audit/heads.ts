/**
 * Heads: the end of a chain as it stood at a time, signed (Ed25519) and kept in a second place, so that a tail cut off
 * the audit shows. One file a chain, `<heads>/<chain>.heads`, a line of JSON each.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { mkdir, open, readFile, readdir, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Place } from './scan.ts';
import { syncFolder } from './segment.ts';

export interface Head {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  /** When it was signed, in milliseconds since the epoch. */
  readonly at: number;
  /** Which key signed it: the first 16 hex digits of the SHA-256 of the public key (SPKI). */
  readonly key: string;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** Reads the private key of the heads, and makes it at the first start. */
export async function openHeadKey(path: string): Promise<KeyObject> {
  const held = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // readFile rejects with nothing else
    throw error;
  });
  if (held !== undefined) return createPrivateKey(held);
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(path, pem, { flag: 'wx', mode: 0o600, flush: true });
  await syncFolder(dirname(path));
  return privateKey;
}

/** Signs heads and appends them, on disk. One at a time: the caller waits for the promise before the next. */
export class HeadWriter {
  readonly #chain: string;
  readonly #key: KeyObject;
  readonly #keyId: string;
  #file: FileHandle | undefined;
  readonly #path: string;

  constructor(folder: string, chain: string, key: KeyObject) {
    this.#chain = chain;
    this.#key = key;
    this.#keyId = keyId(createPublicKey(key));
    this.#path = join(folder, `${chain}.heads`);
  }

  /** Rejects when it cannot be written; the next call opens the file anew. */
  async write(place: Place, at: number): Promise<void> {
    const { seq, hash } = place;
    const unsigned = { chain: this.#chain, seq, hash, at, key: this.#keyId };
    const signature = sign(null, signedText(unsigned), this.#key).toString('base64url');
    const line = `${JSON.stringify({ ...unsigned, signature })}\n`;
    try {
      this.#file ??= await openAtLine(this.#path);
      await this.#file.appendFile(line);
      await this.#file.datasync();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined); // nothing waits in it: each line was synced or has failed already
  }
}

/** Opens for appending, without the half line that a crash may have left. */
async function openAtLine(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  const held = await file.readFile();
  await file.truncate(held.lastIndexOf(10) + 1);
  await file.sync();
  await syncFolder(dirname(path));
  return file;
}

/** What is held of one chain's heads. */
export interface HeadsOfChain {
  /** In the order of their numbers. */
  readonly heads: readonly Head[];
  /** The number, from 1, of the first line that is no head. */
  readonly badLine?: number;
}

/** All heads by chain; none when the folder does not exist. A half line at the end is passed over. */
export async function readHeads(folder: string): Promise<Map<string, HeadsOfChain>> {
  const found = new Map<string, HeadsOfChain>();
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // readdir rejects with nothing else
    throw error;
  });
  for (const name of names.filter((one) => one.endsWith('.heads'))) {
    const chain = name.slice(0, -'.heads'.length);
    found.set(chain, toHeads(await readFile(join(folder, name), 'utf8'), chain));
  }
  return found;
}

function toHeads(text: string, chain: string): HeadsOfChain {
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  const parsed = lines.map((line) => toHead(line, chain));
  const heads = parsed.filter((head) => head !== undefined).sort((a, b) => a.seq - b.seq);
  const bad = parsed.indexOf(undefined);
  return bad < 0 ? { heads } : { heads, badLine: bad + 1 };
}

/** A line that is not byte by byte what was written is no head, whatever it parses to. */
function toHead(line: string, chain: string): Head | undefined {
  try {
    const { seq, hash, at, key, signature } = JSON.parse(line) as Head; // compared with the line below
    const same = Buffer.from(signature, 'base64url').toString('base64url');
    const head: Head = { chain, seq, hash, at, key, signature: same };
    return JSON.stringify(head) === line ? head : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this key signed the head. */
export function isSigned(head: Head, publicKey: KeyObject): boolean {
  return verify(null, signedText(head), publicKey, Buffer.from(head.signature, 'base64url'));
}

function signedText({ chain, seq, hash, at, key }: Omit<Head, 'signature'>): Buffer {
  return Buffer.from(`gatehouse audit head\n${chain}\n${seq}\n${hash}\n${at}\n${key}`);
}

function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}
