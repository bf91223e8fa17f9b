/**
 * The security broker's keys: the RSA key that signs assertions and tokens, made at first need and kept sealed in the store,
 * so that all processes and machines have the same; and the key of tickets, which follows from the same file.
 */
import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto';
import type { Collection, CollectionOf, Store } from '../core/store.ts';
import { Problem } from '../core/problem.ts';
import { createSealer } from './auth/sealing.ts';
import { newRsaKey } from './key-files.ts';

export interface SsoKeys {
  readonly ticket: Buffer;
  /** The signing key, as PEM and ready for use. */
  signing(): Promise<{ readonly pem: string; readonly key: KeyObject }>;
}

interface SealedKey {
  readonly sealed: string;
}

const keyCollection: CollectionOf<SealedKey> = { name: 'sso.keys' };
const id = 'assertions';

/** @param secret 32 bytes that all machines of the installation have */
export function ssoKeys(store: Store, secret: Buffer): SsoKeys {
  const sealer = createSealer([secret]);
  let made: ReturnType<SsoKeys['signing']> | undefined;
  const read = async () => {
    const kept = store.open(keyCollection);
    const pem = sealer.open((await stored(kept, () => sealNew(sealer))).sealed, id);
    if (pem === undefined)
      throw new Problem('unavailable', 'The key of role assertions was sealed with another key');
    return { pem, key: createPrivateKey(pem) };
  };
  return {
    ticket: createHmac('sha256', secret).update('smartcard tickets').digest(),
    signing() {
      made ??= read().catch((error: unknown) => {
        made = undefined; // the next call tries again
        throw error;
      });
      return made;
    },
  };
}

async function sealNew(sealer: ReturnType<typeof createSealer>): Promise<SealedKey> {
  return { sealed: sealer.seal(await newRsaKey(), id) };
}

/** What another process has made first stands. */
async function stored(
  kept: Collection<SealedKey>,
  make: () => Promise<SealedKey>,
): Promise<SealedKey> {
  const found = await kept.get(id);
  if (found) return found.value;
  try {
    return (await kept.put(id, await make(), { expected: 0, by: 'start' })).value;
  } catch (error) {
    const now = await kept.get(id);
    if (now) return now.value;
    throw error;
  }
}
