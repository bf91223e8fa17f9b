/**
 * The files of a system's certificate in the folder where one works: `<fqdn>.key`, `.csr`, `.crt` and `.ca`. A key is
 * readable by its owner alone and never overwritten; a certificate only by one of the same key, or by force.
 */
import { X509Certificate } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRequest } from '../../../certs/request-bytes.ts';
import { Problem } from '../../../core/problem.ts';

/** What of a certificate a file holds. */
export type CertFile = 'key' | 'csr' | 'crt' | 'ca';

export function certFile(folder: string, fqdn: string, kind: CertFile): string {
  // A name from the server goes into a path: only what a host name may hold.
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(fqdn))
    throw new Problem('invalid', 'The deployment has no name yet: it must be approved first');
  return join(folder, `${fqdn}.${kind}`);
}

/** A new file. @throws Problem `conflict` when there is one */
export function writeNew(file: string, text: string, mode = 0o644): void {
  let handle: number;
  try {
    handle = openSync(file, 'wx', mode);
  } catch (cause) {
    throw new Problem(
      'conflict',
      `${file} cannot be made, or is there already: move it away, or say another folder by --dir`,
      { cause },
    );
  }
  try {
    writeFileSync(handle, text);
  } finally {
    closeSync(handle);
  }
}

/** A file, whole or as it was before. */
export function writeOver(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/**
 * Asked before anything is issued: a certificate that is there goes with a key, and stays beside it.
 * @param given the request or certificate that is handed in, PEM; undefined when it is not known here
 * @throws Problem `conflict` when the file is there and of another key, or of none that can be read
 */
export function refuseOtherKey(file: string, given: string | undefined): void {
  let there: string;
  try {
    there = readFileSync(file, 'utf8');
  } catch {
    return; // none there, or none that can be read: writing tells
  }
  const wanted = given === undefined ? undefined : keyIn(given);
  if (given !== undefined && wanted === undefined) return; // the server tells what is wrong with it
  const found = keyIn(there);
  if (wanted && found?.equals(wanted)) return;
  throw new Problem(
    'conflict',
    `${file} is there, and ${found ? 'it is not known to be of the same key' : 'it is no certificate that can be read'}. Next: the same command with --dir <another folder>, or with --force to write over it`,
  );
}

/** SubjectPublicKeyInfo of a certificate or request, as DER. */
function keyIn(pem: string): Buffer | undefined {
  try {
    return pem.includes('BEGIN CERTIFICATE-----')
      ? new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
      : readRequest(pem).publicKey;
  } catch {
    return undefined;
  }
}

/** @throws Problem `not-found` with what to do */
export function readOr(file: string, hint: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('not-found', `${file} cannot be read (${hint})`, { cause });
  }
}
