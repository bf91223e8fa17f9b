/**
 * The platform's signing keys on several machines: what one makes all others get, so that each publishes what any of them
 * signs with. They travel through the store, sealed. Owns that travelling; when a key is made, signs and ends is
 * auth/signing-keys.ts's.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { Collection, CollectionOf, Store } from '../core/store.ts';
import type { Sealer } from './auth/sealing.ts';
import { signingKeyOver } from './auth/signing-keys.ts';
import { readSecretFile, replaceSecretFile, writeSecretFile } from './key-files.ts';

interface Travelling {
  /** The PEM, sealed for the file's name. */
  readonly sealed: string;
}

/** By the name of the file. */
export const signingKeyCollection: CollectionOf<Travelling> = {
  name: 'platform.signing-keys',
  keys: () => ({ all: [['all']] }),
};

export interface TravelOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  /** The folder of the signing keys. */
  readonly dir: string;
  readonly now: () => number;
}

/**
 * Brings folder and store to the same keys. Of two under one name the store's stays: neither has signed yet, since a key
 * is published for a day first. What has ended is taken out of the store.
 */
export async function shareSigningKeys(options: TravelOptions): Promise<void> {
  const { store, dir, now } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const kept = store.open(signingKeyCollection);
  const { items } = await kept.find({ index: 'all', equals: ['all'], limit: 1000 });
  const known = new Set(items.map(({ id }) => id));
  const names = readdirSync(dir).filter((name) => name.endsWith('.pem'));
  const all = [...new Set([...known, ...names])];
  for (const { id, value, version } of items)
    if (signingKeyOver(id, all, now())) await kept.remove(id, version).catch(unlessFaster);
    else bring(options, id, value);
  for (const name of names)
    if (!known.has(name) && !signingKeyOver(name, all, now())) await offer(options, kept, name);
}

function bring({ sealer, dir }: TravelOptions, name: string, { sealed }: Travelling): void {
  const pem = sealer.open(sealed, place(name));
  if (pem === undefined)
    throw new Problem(
      'unavailable',
      `The signing key ${name} of the other machines cannot be opened`,
    );
  const file = join(dir, name);
  const here = readSecretFile(file);
  if (here === undefined) writeSecretFile(file, pem);
  else if (here !== pem) replaceSecretFile(file, pem);
}

async function offer(
  { sealer, dir }: TravelOptions,
  kept: Collection<Travelling>,
  name: string,
): Promise<void> {
  const pem = readSecretFile(join(dir, name));
  if (pem === undefined) return;
  const value = { sealed: sealer.seal(pem, place(name)) };
  await kept.put(name, value, { expected: 0, by: 'start' }).catch(unlessFaster);
}

const place = (name: string) => `signing key ${name}`;

function unlessFaster(error: unknown): void {
  if (!(error instanceof Problem) || error.kind !== 'conflict') throw error; // the next look finds what stands
}
