/**
 * The secrets of MESH: the shared key of each environment, the passwords of mailboxes, and what cursors are signed with. Owns
 * where they are, how they are sealed and how a shared key is replaced. Test environments begin with the shared key that
 * public clients use in their tests.
 */
import { hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import type { CollectionOf, Store, Stored } from '../core/store.ts';
import { createSealer, type Sealer } from './auth/sealing.ts';
import { newSecret } from './auth/tokens.ts';
import { randomKey, readOrMake } from './key-files.ts';

export interface MeshKeys {
  /** Bound to the mailbox: it opens for no other. */
  seal(password: string, mailboxKey: string): string;
  open(sealed: string, mailboxKey: string): string | undefined;
  /** 32 bytes. */
  readonly cursorKey: Buffer;
  /** What an environment has before its first key is made here. */
  firstSharedKey(environment: string): string;
  readonly sealer: Sealer;
}

const publicKey = 'TestKey';

export function meshKeys(dataDir: string): MeshKeys {
  const keys = join(dataDir, 'keys');
  const secret = randomKey(join(keys, 'mesh.key'));
  const sealer = createSealer([derived(secret, 'passwords')]);
  const own = readOrMake(join(keys, 'mesh-shared-production.key'), newSecret);
  return {
    seal: (password, mailboxKey) => sealer.seal(password, `mesh ${mailboxKey}`),
    open: (sealed, mailboxKey) => sealer.open(sealed, `mesh ${mailboxKey}`),
    firstSharedKey: (environment) => (environment === 'production' ? own : publicKey),
    cursorKey: derived(secret, 'cursors'),
    sealer,
  };
}

function derived(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}

/** The shared key of an environment, sealed, and the one before as long as it is good too. */
export interface SharedKey {
  readonly sealed: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly before?: { readonly sealed: string; readonly until: number };
}

export const sharedKeyCollection: CollectionOf<SharedKey> = { name: 'mesh.shared-keys' };

export interface SharedKeys {
  /** Those that are good now; during a change there are two. */
  of(environment: string): Promise<readonly string[]>;
  /** As it is kept; undefined while the first one is in use. */
  stored(environment: string): Promise<Stored<SharedKey> | undefined>;
  /** A new key with its document; the one in use now stays good for the overlap. */
  next(environment: string, overlap: number): Promise<{ key: string; value: SharedKey }>;
  close(): void;
}

/** Kept in memory until one changes. */
export function openSharedKeys(store: Store, keys: MeshKeys, now: () => number): SharedKeys {
  const collection = store.open(sharedKeyCollection);
  const kept = new Map<string, Promise<Stored<SharedKey> | undefined>>();
  const stop = store.changes.listen((changes) => {
    if (changes.some((one) => one.collection === sharedKeyCollection.name)) kept.clear();
  });
  const about = (environment: string) => `shared key ${environment}`;
  const opened = (environment: string, sealed: string) =>
    keys.sealer.open(sealed, about(environment));
  const stored = (environment: string) => {
    let found = kept.get(environment);
    if (!found) {
      found = collection.get(environment);
      kept.set(environment, found);
      found.catch(() => kept.delete(environment));
    }
    return found;
  };
  const current = (environment: string, value: SharedKey | undefined) =>
    value ? opened(environment, value.sealed) : keys.firstSharedKey(environment);
  return {
    stored: (environment) => collection.get(environment),
    async of(environment) {
      const value = (await stored(environment))?.value;
      const before = value?.before && value.before.until > now() ? value.before.sealed : undefined;
      return [
        current(environment, value),
        before === undefined ? undefined : opened(environment, before),
      ].filter((key) => key !== undefined);
    },
    async next(environment, overlap) {
      const value = (await collection.get(environment))?.value;
      const key = newSecret();
      const seal = (text: string) => keys.sealer.seal(text, about(environment));
      const used = current(environment, value);
      const created = now();
      const before =
        overlap > 0 && used !== undefined
          ? { sealed: seal(used), until: created + overlap }
          : undefined;
      return { key, value: { sealed: seal(key), created, ...(before ? { before } : {}) } };
    },
    close: stop,
  };
}
