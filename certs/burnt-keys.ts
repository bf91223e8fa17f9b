/** Keys that became known to others and get no certificate any more. Owns the collection; register.ts fills it and asks. */
import { Problem } from '../core/problem.ts';
import type { CollectionOf } from '../core/store.ts';

export interface BurntKey {
  /** SHA-256 of the SubjectPublicKeyInfo, base64url: the id. */
  readonly spki: string;
  /** A sentence for people. */
  readonly why: string;
}

export const burntKeyCollection: CollectionOf<BurntKey> = { name: 'certs.burnt-keys' };

/** Whether a put lost against another: the expected loser, no fault. */
export function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}
