/**
 * Single sign-on tickets: what a workstation holds after a smartcard was read. Owns their form, in which the id of a session
 * is bound to this installation by a keyed hash, so that no ticket is kept anywhere; whether the session lives is
 * ticket-sessions.ts's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** A ticket for a session. @param id a UUID @param key 32 bytes or more, of this installation */
export function makeTicket(id: string, key: Buffer): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  const body = Buffer.concat([bytes, macOf(bytes, key)]).toString('base64');
  return `${start}${body}${end}`;
}

/** The session's id in a ticket that this installation has made; undefined for all else. */
export function sessionIn(ticket: string, key: Buffer): string | undefined {
  if (ticket.length !== length || !ticket.startsWith(start) || !ticket.endsWith(end))
    return undefined;
  const body = ticket.slice(start.length, -end.length);
  const bytes = Buffer.from(body, 'base64');
  // Unused bits of the last character would let one ticket be written in several ways.
  if (bytes.length !== idBytes + macBytes || bytes.toString('base64') !== body) return undefined;
  const id = bytes.subarray(0, idBytes);
  if (!timingSafeEqual(bytes.subarray(idBytes), macOf(id, key))) return undefined;
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Both ends are those of the tickets of old; readers look at the last character. */
const start = 'AQIC5w';
const end = '@AAJTSQACMDE=#';
const idBytes = 16;
const macBytes = 32;
const length = start.length + Math.ceil((idBytes + macBytes) / 3) * 4 + end.length;

function macOf(id: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update('smartcard ticket').update(id).digest();
}
