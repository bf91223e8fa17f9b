/**
 * The NHSMESH authorisation field: its form, its proof and its window. Which tokens have been used is used-tokens.ts's, and
 * comes last: a forged call must not use up another's token, nor one that is turned away for load its own.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { meshError } from './errors.ts';

/** A token as it stands in the field. */
export interface MeshToken {
  readonly mailbox: string;
  readonly nonce: string;
  /** Digits as written: `001` is not `1`. */
  readonly count: string;
  /** `yyyyMMddHHmm`, UTC. */
  readonly timestamp: string;
  readonly hash: string;
}

/** What a mailbox proves itself with. */
export interface MailboxSecret {
  readonly password: string;
  readonly active: boolean;
}

export interface TokenRules {
  /** The environment's shared keys; during a change there are two. */
  readonly sharedKeys: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** How far a timestamp may be off, either way. */
const windowMinutes = 120;

/**
 * The token of a call on a mailbox.
 * @param mailbox upper case, from the address
 * @throws Problem 403, the same for every reason
 */
export function readToken(field: string | undefined, mailbox: string): MeshToken {
  const given = /^NHSMESH ([^ ]{1,600})$/.exec(field?.trim() ?? '')?.[1];
  if (given === undefined) throw refused('Authorization must be NHSMESH, one space and the token');
  const parts = given.split(':');
  if (parts.length !== 5) throw refused('the token must have five parts with colons between');
  const [named = '', nonce = '', count = '', timestamp = '', hash = ''] = parts;
  if (nonce === '' || nonce.length > 100) throw refused('the nonce must have 1 to 100 characters');
  if (!/^\d{1,10}$/.test(count)) throw refused('the nonce count must have 1 to 10 digits');
  if (named !== mailbox)
    throw refused('the mailbox in the token must be that of the address, in upper case');
  return { mailbox, nonce, count, timestamp, hash };
}

function refused(why: string) {
  return meshError('token', { why });
}

/**
 * Proves a token. A mailbox that is not there costs the same.
 * @throws Problem 403, the same for every reason; its cause tells how far the clock is off, for the log
 */
export function proveToken(
  token: MeshToken,
  secret: MailboxSecret | undefined,
  { sharedKeys, now }: TokenRules,
): void {
  const password = secret?.password ?? 'nobody';
  let proved = false;
  for (const key of sharedKeys) if (isSame(hashOf(token, password, key), token.hash)) proved = true;
  if (!proved || !secret)
    throw refused(
      'the hash must be HMAC-SHA-256, in hex, of mailbox:nonce:count:password:timestamp under the shared key of this environment, for a mailbox that is here',
    );
  if (!secret.active) throw refused('the mailbox must be active');
  const minutes = minutesOff(token.timestamp, now);
  if (minutes === undefined)
    throw refused('the timestamp must be a minute of the calendar in UTC, yyyyMMddHHmm');
  if (Math.abs(minutes) > windowMinutes)
    throw refused(
      `the timestamp must be within ${windowMinutes} minutes of the time here; it is ${minutes} off`,
    );
}

/** Lower-case hex. The password stands before the timestamp in what is signed, and nowhere in the field. */
function hashOf(
  { mailbox, nonce, count, timestamp }: Omit<MeshToken, 'hash'>,
  password: string,
  sharedKey: string,
): string {
  const signed = `${mailbox}:${nonce}:${count}:${password}:${timestamp}`;
  return createHmac('sha256', sharedKey).update(signed).digest('hex');
}

/** A whole field, for our own clients and tests. @param nonce without colon or space */
export function writeToken(
  parts: Omit<MeshToken, 'hash' | 'timestamp'> & { readonly now: number },
  password: string,
  sharedKey: string,
): string {
  const timestamp = new Date(parts.now).toISOString().replace(/\D/g, '').slice(0, 12);
  const { mailbox, nonce, count } = parts;
  const hash = hashOf({ mailbox, nonce, count, timestamp }, password, sharedKey);
  return `NHSMESH ${mailbox}:${nonce}:${count}:${timestamp}:${hash}`;
}

/** Minutes that a timestamp is before (negative) or after now; undefined for no real minute. */
export function minutesOff(timestamp: string, now: number): number | undefined {
  if (!/^\d{12}$/.test(timestamp)) return undefined;
  const [year, month, day, hour, minute] = [0, 4, 6, 8, 10].map((at) =>
    Number(timestamp.slice(at, at === 0 ? 4 : at + 2)),
  ) as [number, number, number, number, number]; // five were asked for
  const at = Date.UTC(year, month - 1, day, hour, minute);
  const written = new Date(at).toISOString().replace(/\D/g, '').slice(0, 12);
  return written === timestamp ? Math.round((at - now) / 60_000) : undefined;
}

function isSame(ours: string, theirs: string): boolean {
  const [a, b] = [Buffer.from(ours), Buffer.from(theirs.toLowerCase())];
  return a.length === b.length && timingSafeEqual(a, b);
}
