/**
 * Sends that a sender may repeat: its own key claims an id for the message before there is one, so that of two calls with the
 * same key one makes it, whichever process they reach and wherever one is killed. Owns the claims, which are kept for a day.
 */
import { hash } from 'node:crypto';
import { timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { meshError } from './errors.ts';
import type { MeshCaller } from './mailboxes.ts';
import { day, newMessageId, type MeshChunk } from './messages.ts';
import type { SendFields } from './send-fields.ts';

interface Claim {
  readonly message: string;
  /** Of all that is said, and the bytes. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const claimCollection: CollectionOf<Claim> = {
  name: 'mesh.repeats',
  keys: ({ at }) => ({ at: [[timeKey(at)]] }),
};

/** The id under which a message with this key is, or is to be. @throws Problem 409 when the key came with another message */
export async function claimed(
  { store, now }: { readonly store: Store; readonly now: () => number },
  { environment, mailbox }: MeshCaller,
  key: string,
  { to, workflow, said, range, encoding }: SendFields,
  chunk: MeshChunk,
): Promise<string> {
  const claims = store.open(claimCollection);
  const all = JSON.stringify([to, workflow, said, range, encoding ?? '', chunk.digest]);
  const digest = hash('sha256', all, 'base64url');
  const id = hash('sha256', `${environment}|${mailbox.id}|${key}`, 'base64url');
  const claim = { message: newMessageId(now()), digest, at: now() };
  try {
    await claims.put(id, claim, { expected: 0 });
    return claim.message;
  } catch (error) {
    const before = await claims.get(id);
    if (!(error instanceof Problem && error.kind === 'conflict') || !before) throw error;
    if (before.value.digest !== digest) throw meshError('conflict');
    return before.value.message;
  }
}

/** Forgets claims after a day and a bit; gives how many. */
export async function sweepClaims(store: Store, now: number): Promise<number> {
  const claims = store.open(claimCollection);
  const { items } = await claims.find({ index: 'at', to: timeKey(now - 2 * day), limit: 1000 });
  await Promise.all(items.map(({ id, version }) => claims.remove(id, version)));
  return items.length;
}
