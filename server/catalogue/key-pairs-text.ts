/**
 * Subscription keys as text: `ghk`, a letter for the environment, `_`, 32 random bytes in base 62 and a checksum. The mark
 * lets scanners for secrets find a key that got into a repository; the checksum tells a typing error without a look-up.
 * Owns the shape; whose a key is, key-pairs.ts and the catalogue know.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Environment } from './environments.ts';

/** A new key: 54 characters, 256 of its bits random. */
export function newKey(environment: Environment): string {
  const random = BigInt(`0x${randomBytes(32).toString('hex')}`);
  const text = `ghk${letters[environment]}_${toBase62(random, randomLength)}`;
  return text + checksumOf(text);
}

/** Whether a text has the shape of a key and its checksum fits. Says nothing of whether there is such a key. */
export function isKeyText(text: string): boolean {
  if (text.length !== keyLength || !shape.test(text)) return false;
  return checksumOf(text.slice(0, -checksumLength)) === text.slice(-checksumLength);
}

/** The first eight and the last four characters: enough for people to tell their keys apart, and of no use to others. */
export function hintOf(key: string): string {
  return `${key.slice(0, 8)}…${key.slice(-4)}`;
}

const letters: Readonly<Record<Environment, string>> = {
  sandbox: 's',
  development: 'd',
  sit: 't',
  uat: 'u',
  production: 'p',
};

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62 to this power is more than 2 to the power of 256. */
const randomLength = 43;
/** 62 to this power is more than 2 to the power of 32. */
const checksumLength = 6;
const keyLength = 5 + randomLength + checksumLength;
const shape = /^ghk[sdtup]_[0-9A-Za-z]{49}$/;

function checksumOf(text: string): string {
  return toBase62(BigInt(crc32(text)), checksumLength);
}

function toBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n)
    text = (digits[Number(rest % 62n)] ?? '') + text;
  return text;
}
