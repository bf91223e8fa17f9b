/**
 * The five lines of an address (pds-fhir 3.4, 4.8): 1 premises, 2 number and street, 3 locality, 4 post town, 5 county.
 * A Patient shows only lines with text; which of the five those were is kept behind it.
 */
import type { Address, Element } from 'fhir/r4.js';
import { extensionUrls } from './extensions.ts';

/** The five lines of addresses that have blank ones, by object id. */
export type AddressLines = Readonly<Record<string, readonly string[]>>;

/** The address with five entries in `line`; blank ones are null, and `_line` says that there is no data. */
export function withEmptyLines(address: Address, kept: AddressLines = {}): Address {
  const lines = fiveLines(address, kept);
  if (lines.every((line) => line !== '')) return address;
  return {
    ...address,
    // JSON writes a blank primitive as null beside its element; the R4 types leave that null out.
    line: lines.map((line) => (line === '' ? null : line)) as string[],
    _line: lines.map((line) => (line === '' ? noData : null)) as Element[],
  };
}

const noData: Element = {
  extension: [{ url: extensionUrls.dataAbsent, valueCode: 'unknown' }],
};

/** The five lines with '' for blank ones. What was kept counts only while it agrees with what is shown. */
function fiveLines(address: Address, kept: AddressLines): readonly string[] {
  const shown = address.line ?? [];
  const id = address.id ?? '';
  const held = Object.hasOwn(kept, id) ? kept[id] : undefined;
  if (held?.length === 5 && sameText(shown, withoutBlanks(held))) return held;
  return spread(shown);
}

/** Where the places are not known: the last line is the post town, the one before it the street. */
function spread(lines: readonly string[]): readonly string[] {
  const [one = '', two = '', three = '', four = ''] = lines;
  if (lines.length === 0) return ['', '', '', '', ''];
  if (lines.length === 1) return [one, '', '', '', ''];
  if (lines.length === 2) return ['', one, '', two, ''];
  if (lines.length === 3) return [one, two, '', three, ''];
  if (lines.length === 4) return [one, two, three, four, ''];
  return lines;
}

/** The lines that hold text. */
export function withoutBlanks(lines: readonly string[]): string[] {
  return lines.filter((line) => line.trim() !== '');
}

function sameText(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, i) => line === other[i]);
}
