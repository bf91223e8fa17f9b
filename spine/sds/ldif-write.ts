/** Writes entries as LDIF content (RFC 2849), for other directories and for readLdif. */
import type { Entry } from './directory.ts';

const columns = 76;

/** The first line of a text. */
export const ldifHead = 'version: 1\n\n';

/** One entry with the empty line after it. */
export function writeLdif({ dn, attributes }: Entry): string {
  const lines = [lineOf('dn', dn)];
  for (const [name, values] of Object.entries(attributes))
    for (const value of values) lines.push(lineOf(name, value));
  return `${lines.join('\n')}\n\n`;
}

function lineOf(name: string, value: string): string {
  const plain = /^(?:[\x21-\x39\x3b\x3d-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/.test(value);
  return folded(plain ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`);
}

function folded(line: string): string {
  if (line.length <= columns) return line;
  const parts = [line.slice(0, columns)];
  for (let at = columns; at < line.length; at += columns - 1)
    parts.push(` ${line.slice(at, at + columns - 1)}`);
  return parts.join('\n');
}
