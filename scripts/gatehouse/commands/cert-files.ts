/**
 * The files of a system's certificate in the folder where one works: `<fqdn>.key`, `.csr`, `.crt` and `.ca`. A key is
 * readable by its owner alone and never overwritten.
 */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** @throws Problem `not-found` with what to do */
export function readOr(file: string, hint: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('not-found', `${file} cannot be read (${hint})`, { cause });
  }
}
