/**
 * Where the running server is, for commands that need no administrator: as --url says, else as the last start wrote
 * into the data folder, else the standard address. Owns that order; of the credential it reads the address alone.
 */
import { join } from 'node:path';
import { parseCredential } from '../../server/catalogue/people.ts';
import { readSecretFile } from '../../server/key-files.ts';
import { originOf } from './calling.ts';

export interface AddressFlags {
  readonly url?: string;
  readonly dataDir: string;
}

/** `http://localhost:9000`: scheme, host and port. @throws Problem `invalid` for a --url that is no address */
export function serverAddress({ url, dataDir }: AddressFlags): string {
  return originOf(url ?? writtenAddress(dataDir) ?? standard);
}

const standard = 'http://localhost:9000';

/** A file that is not there or cannot be used says nothing: these commands do not need it. */
function writtenAddress(dataDir: string): string | undefined {
  try {
    const text = readSecretFile(join(dataDir, 'administrator.json'));
    return text === undefined ? undefined : parseCredential(text).managementUrl;
  } catch {
    return undefined;
  }
}
