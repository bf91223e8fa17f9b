/**
 * One audit entry as one line of JSON, linked to the line before it by that line's SHA-256.
 * Owns the form of a line and what must hold between two; files are in segment.ts.
 * A line is written by hand because that is three times cheaper than JSON.stringify of the whole (measured), and
 * because the order of the members is part of what is hashed.
 */
import { hash } from 'node:crypto';
import type { AuditEntry } from '../../core/audit.ts';

/** An entry as it stands in a chain. */
export interface AuditLine extends AuditEntry {
  readonly chain: string;
  /** 1 for the first entry of the chain, then one more each. */
  readonly seq: number;
  /** The `hash` of the entry before; 64 zeros for the first. */
  readonly prev: string;
  /** The highest store commit named in the chain so far, this entry included. */
  readonly top: number;
  /** The last number known to be on disk when this line was made: tells a torn write from damage. */
  readonly synced: number;
  /** SHA-256 in hex of the line's bytes before `,"hash":`. */
  readonly hash: string;
}

/** The end of a chain: all that the next entry needs to know. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
  readonly top: number;
}

/** What stands before the first entry. */
export const noLink: Link = { seq: 0, hash: '0'.repeat(64), top: 0 };

// `,"hash":"` + 64 hex + `"}`
const hashPart = 75;

/** Writes an entry as the line after `after`, with its line break. The text holds no NUL and no other line break. */
export function toLine(
  chain: string,
  entry: AuditEntry,
  after: Link,
  synced: number,
): { line: string; link: Link } {
  const seq = after.seq + 1;
  const top = Math.max(after.top, entry.commit);
  const body =
    `${opening(chain, after)}"at":${entry.at},"kind":"${entry.kind}","api":${quote(entry.api)}` +
    `,"environment":${quote(entry.environment)},"workspace":${quote(entry.workspace)}` +
    `,"action":${quote(entry.action)},"app":${quote(entry.app)},"mode":${quote(entry.mode)}` +
    `,"user":${quote(entry.user)},"role":${quote(entry.role)},"purpose":${quote(entry.purpose)}` +
    `,"people":[${entry.people.map(quote).join()}],"status":${entry.status},"code":${quote(entry.code)}` +
    `,"requestId":${quote(entry.requestId)},"correlationId":${quote(entry.correlationId)}` +
    `,"address":${quote(entry.address)}${systemPart(entry)},"commit":${entry.commit},"top":${top},"synced":${synced}`;
  const own = hash('sha256', body, 'hex');
  return { line: `${body},"hash":"${own}"}\n`, link: { seq, hash: own, top } };
}

/** Lines of calls without a certificate do not have it. */
function systemPart({ system }: AuditEntry): string {
  if (!system) return '';
  const { fqdn, certificate, asid } = system;
  return `,"system":{"fqdn":${quote(fqdn)},"certificate":${quote(certificate)},"asid":${quote(asid)}}`;
}

/** How the line after `after` must begin. */
export function opening(chain: string, after: Pick<Link, 'seq' | 'hash'>): string {
  return `{"chain":"${chain}","seq":${after.seq + 1},"prev":"${after.hash}",`;
}

/** A text as it stands in a line, quotes included: what a search looks for among the raw bytes. */
export function quote(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
// Beyond printable ASCII JSON.stringify decides (it also escapes lone surrogates, which UTF-8 cannot hold).
const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

/** The hash that a line (without its break) carries, if its content has that hash; else undefined. */
export function soundHash(line: Buffer): string | undefined {
  if (line.length <= hashPart) return undefined;
  const told = line.toString('latin1', line.length - hashPart, line.length);
  if (!told.startsWith(',"hash":"') || !told.endsWith('"}')) return undefined;
  const own = hash('sha256', line.subarray(0, line.length - hashPart), 'hex');
  return told.slice(9, 73) === own ? own : undefined;
}

/** Whether the line begins as the one after `after` must. */
export function follows(line: Buffer, chain: string, after: Pick<Link, 'seq' | 'hash'>): boolean {
  const wanted = opening(chain, after);
  return line.toString('latin1', 0, wanted.length) === wanted;
}

/** The numbers near the end of a line, read without parsing the whole. */
export function tailOf(line: Buffer): { commit: number; top: number; synced: number } | undefined {
  const text = line.toString(
    'latin1',
    Math.max(0, line.length - hashPart - 100),
    line.length - hashPart,
  );
  const found = /"commit":(\d+),"top":(\d+),"synced":(\d+)$/.exec(text);
  return found
    ? { commit: Number(found[1]), top: Number(found[2]), synced: Number(found[3]) }
    : undefined;
}

/** Parses a line; undefined when it is none. */
export function parseLine(line: Buffer): AuditLine | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isAuditLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isAuditLine(value: unknown): value is AuditLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Partial<Record<keyof AuditLine, unknown>>; // any object may be asked for any member
  return (
    typeof line.chain === 'string' &&
    typeof line.seq === 'number' &&
    typeof line.at === 'number' &&
    typeof line.hash === 'string' &&
    Array.isArray(line.people)
  );
}
