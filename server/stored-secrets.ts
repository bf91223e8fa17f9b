/** Secrets of Apis as parts read them that have no catalogue at hand. Owns how they are sealed and opened, not who may name one. */
import { join } from 'node:path';
import type { Store } from '../core/store.ts';
import { createSealer, type Sealer } from './auth/sealing.ts';
import { apiSecretCollection, apiSecretId } from './catalogue/api-secrets.ts';
import type { Environment } from './catalogue/environments.ts';
import { randomKey } from './key-files.ts';

/** What sealed secrets of Apis are bound to: they open nowhere else. */
const place = 'api-secret';

export interface SecretSealer {
  seal(text: string): string;
  open(sealed: string): string | undefined;
}

/** The sealer of this installation; its key file is made where there is none. */
export function secretSealer(dataDir: string): SecretSealer {
  const sealer: Sealer = createSealer([randomKey(join(dataDir, 'keys', 'api-secrets.key'))]);
  return {
    seal: (text) => sealer.seal(text, place),
    open: (sealed) => sealer.open(sealed, place),
  };
}

/** The text of a secret as it is in the store now; undefined where there is none that opens. */
export type StoredSecret = (
  environment: Environment,
  api: string,
  name: string,
) => Promise<string | undefined>;

export function storedSecrets(store: Pick<Store, 'open'>, sealer: SecretSealer): StoredSecret {
  const collection = store.open(apiSecretCollection);
  return async (environment, api, name) => {
    const found = await collection.get(apiSecretId(environment, api, name));
    return found && sealer.open(found.value.sealed);
  };
}
