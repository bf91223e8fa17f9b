/**
 * A certificate of the platform's own with its key, in one file: made at the first start, renewed when a third of its life
 * is left, and read again where another process renewed it. Owns the file; what it is shown for, others say.
 */
import { generateKeyPair, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { EnvironmentAuthority, LeafOrder } from '../certs/authority.ts';
import { replaceSecretFile } from './key-files.ts';
import type { ServerIdentity } from './tls-material.ts';

export interface OwnIdentityOptions {
  /** Its folder is there already. */
  readonly file: string;
  readonly authority: Pick<EnvironmentAuthority, 'certify' | 'chain'>;
  readonly order: Omit<LeafOrder, 'publicKey'>;
  /** Does this work while no other process does the same. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
}

export interface OwnIdentity {
  current(): ServerIdentity | undefined;
  /** Renews and reads again what is due. Resolves with whether another one is current now. */
  look(): Promise<boolean>;
}

/** Of what is left of its life, below which it is renewed. */
const third = 1 / 3;

const makePair = promisify(generateKeyPair);

/** @throws Problem of the authority */
export async function openIdentity(options: OwnIdentityOptions): Promise<OwnIdentity> {
  const { file, inTurn, now, order } = options;
  let current: Kept | undefined;
  let seen = '';
  const read = async (): Promise<boolean> => {
    const print = await printOf(file);
    if (print === seen) return false;
    const text = print === '' ? '' : await readFile(file, 'utf8');
    seen = print;
    const found = identityIn(text);
    if (!found) return false;
    current = found;
    return true;
  };
  const isGood = () =>
    current !== undefined && !isDue(current.x509, now()) && bearsNames(current.x509, order);
  const look = async (): Promise<boolean> => {
    const changed = await read();
    if (isGood()) return changed;
    return inTurn(async () => {
      const byOther = await read();
      if (isGood()) return byOther || changed;
      replaceSecretFile(file, await make(options));
      return read();
    });
  };
  await look();
  return { current: () => current?.identity, look };
}

interface Kept {
  readonly identity: ServerIdentity;
  readonly x509: X509Certificate;
}

async function make({ authority, order }: OwnIdentityOptions): Promise<string> {
  const { publicKey, privateKey } = await makePair('ec', { namedCurve: 'P-256' });
  const certificate = await authority.certify({
    ...order,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return key + certificate + authority.chain;
}

/** Key first, then certificates; undefined for a file that holds something else, which is made anew. */
function identityIn(text: string): Kept | undefined {
  const key = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n?/.exec(text)?.[0];
  const certificate = text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
  if (key === undefined || certificate === '') return undefined;
  try {
    return { identity: { certificate, key }, x509: new X509Certificate(certificate) };
  } catch {
    return undefined;
  }
}

function isDue({ validFrom, validTo }: X509Certificate, now: number): boolean {
  const end = Date.parse(validTo);
  return end - now < (end - Date.parse(validFrom)) * third;
}

/** Whether it speaks for all names it should: the public address may be another one now. */
function bearsNames(x509: X509Certificate, { fqdn, dnsNames = [] }: OwnIdentityOptions['order']) {
  return [fqdn, ...dnsNames].every((name) => x509.checkHost(name) !== undefined);
}

/** What tells one state of a file from another; empty where there is none. */
export async function printOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
}
