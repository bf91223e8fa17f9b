/**
 * Passwords: scrypt in the background, a few at a time, so that neither the loop nor the disk waits for a flood of sign-ins.
 * Owns the cost, the form of the hash, and what a password must be.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import { turns } from '../../core/turns.ts';
import { isCommon } from './common-passwords.ts';

/** 32 MB and about 0.1 s each (OWASP: N 2^15, r 8, p 3 or more memory; we keep p 1 and limit attempts). */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const bytes = 32;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** With undefined it takes as long and is never right. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const inTurn = turns({
    ...{ most: 2, mostWaiting: 60 },
    refusal: () =>
      new Problem('unavailable', 'Too many people are signing in at this moment', {
        headers: { 'retry-after': '5' },
      }),
  });
  const derive = (password: string, salt: Buffer) =>
    inTurn(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          scrypt(password.normalize('NFKC'), salt, bytes, cost, (error, key) => {
            if (error) reject(error);
            else resolve(key);
          });
        }),
    );
  return {
    async hash(password) {
      const salt = randomBytes(16);
      const key = await derive(password, salt);
      return `scrypt15$${salt.toString('base64url')}$${key.toString('base64url')}`;
    },
    async verify(password, hash) {
      const [, salt = '', key = ''] = (hash ?? '').split('$');
      const wanted = key === '' ? randomBytes(bytes) : Buffer.from(key, 'base64url');
      const saltBytes = salt === '' ? randomBytes(16) : Buffer.from(salt, 'base64url');
      // A longer one is never right: what was set was measured in the same way.
      const given = [...password].slice(0, longestPassword + 1).join('');
      const made = await derive(given, saltBytes);
      return made.length === wanted.length && timingSafeEqual(made, wanted) && hash !== undefined;
    },
  };
}

export const shortestPassword = 12;
const longestPassword = 200;

/** What is wrong with a new password, in a sentence; undefined when it will do. */
export function passwordFault(password: string, about: readonly string[]): string | undefined {
  const length = [...password].length;
  if (length < shortestPassword)
    return `Enter a password of ${shortestPassword} characters or more`;
  if (length > longestPassword) return `Enter a password of at most ${longestPassword} characters`;
  if (isCommon(password)) return 'Enter a password that is harder to guess: this one is common';
  const lower = password.toLowerCase();
  if (about.some((text) => text.length >= 4 && lower.includes(text.toLowerCase())))
    return 'Enter a password that does not hold your name or e-mail address';
  return undefined;
}
