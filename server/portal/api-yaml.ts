/**
 * JSON values as YAML 1.2, block by block with JSON's own literals, which YAML takes: fast, and the same for the same value.
 * Owns writing only; reading YAML is catalogue/openapi's.
 */
import { isObject } from '../catalogue/openapi/document.ts';

/** @param value as JSON.parse gives it */
export function toYaml(value: unknown): string {
  const lines: string[] = [];
  write(value, '', '', lines);
  return `${lines.join('\n')}\n`;
}

function write(value: unknown, before: string, indent: string, lines: string[]): void {
  if (Array.isArray(value) && value.length > 0) {
    if (before !== '') lines.push(before);
    for (const one of value as readonly unknown[]) item(one, indent, lines);
  } else if (isObject(value) && Object.keys(value).length > 0) {
    if (before !== '') lines.push(before);
    for (const [name, one] of Object.entries(value))
      write(one, `${indent}${key(name)}:`, `${indent}  `, lines);
  } else lines.push(`${before === '' ? indent : `${before} `}${JSON.stringify(value)}`);
}

function item(value: unknown, indent: string, lines: string[]): void {
  const inner: string[] = [];
  write(value, '', `${indent}  `, inner);
  const [first = '', ...others] = inner;
  lines.push(`${indent}- ${first.trimStart()}`, ...others);
}

/** Names that cannot be taken for anything else stand bare. */
function key(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,60}$/.test(name) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}
