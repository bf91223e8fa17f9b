/**
 * Client secrets: made here, kept as keyed hashes. They are 256 random bits, so a fast hash with a pepper is right;
 * a slow one on each call would be a denial of service of our own making.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from './apps.ts';

export interface Secrets {
  /** A new secret, to be shown once: 43 characters, base64url. */
  create(): string;
  /** What is kept of it. */
  hash(secret: string): string;
  /** Whether a secret is one of those that work now. Takes the same time whichever is wrong. */
  matches(secret: string, kept: readonly Secret[], now: number): boolean;
}

/** @param pepper 32 random bytes of this installation, kept apart from the store. */
export function createSecrets(pepper: Buffer): Secrets {
  const digest = (secret: string) => createHmac('sha256', pepper).update(secret).digest();
  return {
    create: () => randomBytes(32).toString('base64url'),
    hash: (secret) => digest(secret).toString('base64url'),
    matches(secret, kept, now) {
      const given = digest(secret);
      let found = false;
      for (const { hash, ends } of kept) {
        const known = Buffer.from(hash, 'base64url');
        const same = known.length === given.length && timingSafeEqual(known, given);
        if (same && (ends === undefined || ends > now)) found = true;
      }
      return found;
    },
  };
}
