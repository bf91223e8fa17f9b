/**
 * Codes of an authenticator app (RFC 6238 over RFC 4226: SHA-1, 30 s, six digits) and recovery codes. Owns the arithmetic;
 * that no code works twice is the account's.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { sameText } from './secrets.ts';

const period = 30_000;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret: 160 bits as 32 letters of base32 (RFC 4648 6). */
export function newTotpSecret(): string {
  return toBase32(randomBytes(20));
}

/** The address that an authenticator app reads the secret from. */
export function totpAddress(secret: string, email: string): string {
  return `otpauth://totp/Gatehouse:${encodeURIComponent(email)}?secret=${secret}&issuer=Gatehouse`;
}

/** The step a code belongs to: this one, the one before or after; undefined for a wrong code and for steps up to `last`. */
export function stepOfCode(
  secret: string,
  code: string,
  now: number,
  last: number,
): number | undefined {
  const current = Math.floor(now / period);
  let found: number | undefined;
  for (const step of [current - 1, current, current + 1])
    if (sameText(codeAt(secret, step), code) && step > last) found = step;
  return found;
}

/** The code at a time, in milliseconds: what an app shows. */
export function totpCode(secret: string, time: number): string {
  return codeAt(secret, Math.floor(time / period));
}

function codeAt(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, '0');
}

/** Ten codes that each work once, for a lost phone: 50 bits each. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: 10 }, () => {
    const text = toBase32(randomBytes(7)).slice(0, 10).toLowerCase();
    return `${text.slice(0, 5)}-${text.slice(5)}`;
  });
}

function toBase32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => letters[parseInt(five, 2)] ?? '').join('');
}

function fromBase32(text: string): Buffer {
  let bits = '';
  for (const letter of text) bits += letters.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)));
}
