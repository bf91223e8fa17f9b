/**
 * Opaque tokens: 32 bytes as 43 characters of base64url, stored only as hashes. The first 12 bytes name the family that
 * all tokens of one grant share, so judging a token is one look-up; the other 20 are new for each token.
 */
import { hash, randomFillSync, timingSafeEqual } from 'node:crypto';

/** A new family's name: 16 characters. */
export function newFamilyId(): string {
  return random(12);
}

/** A new token of a family. */
export function newToken(family: string): string {
  return family + random(20);
}

/** A new single-use value (code, state, sign-in): 43 characters. */
export function newSecret(): string {
  return random(32);
}

/** The family that a token names; undefined for what cannot be a token of ours. */
export function familyIn(token: string): string | undefined {
  return tokenShape.test(token) ? token.slice(0, 16) : undefined;
}
const tokenShape = /^[A-Za-z0-9_-]{43}$/;

/** What is kept of a token, code or state: SHA-256, base64url. */
export function digest(secret: string): string {
  return hash('sha256', secret, 'base64url' as 'hex'); // node knows it; its types do not say so
}

/** Whether two digests are the same, in a time that does not tell where they differ. */
export function sameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Random bytes drawn in stock: asking the system for each token costs more than everything else about it. */
const stock = Buffer.alloc(8192);
let drawn = stock.length;

function random(bytes: number): string {
  if (drawn + bytes > stock.length) {
    randomFillSync(stock);
    drawn = 0;
  }
  const text = stock.toString('base64url', drawn, drawn + bytes);
  stock.fill(0, drawn, drawn + bytes); // what has been given out is kept nowhere
  drawn += bytes;
  return text;
}
