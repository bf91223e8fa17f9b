/** Secrets of links, sessions and forms: 32 random bytes, kept as SHA-256 only. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url' as 'hex'); // node knows it; its types do not say so
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}
