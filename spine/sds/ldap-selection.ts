/**
 * What is shown of an entry: attribute-selection.ts says which of the directory's attributes; here are the entries of the
 * server itself, whose attributes are in no schema class, and answers of names only (RFC 4511 4.5.1.7).
 */
import { selectAttributes } from './attribute-selection.ts';
import type { Entry } from './directory.ts';
import type { Shown } from './ldap-answer.ts';

/** Makes what is shown of an entry. */
export type Selection = (entry: Entry) => Shown;

/** @param asked names as sent. @param ofTheServer whether the entry is one of the server itself. */
export function toSelection(
  asked: readonly string[],
  typesOnly: boolean,
  ofTheServer: boolean,
): Selection {
  const select = ofTheServer ? selectOwn : selectAttributes;
  return (entry) => {
    const attributes = select(entry, asked);
    return {
      dn: entry.dn,
      attributes: typesOnly ? attributes.map(([name]) => [name, []]) : attributes,
    };
  };
}

/** `*` and `+` alike mean all: clients ask for either. */
function selectOwn({ attributes }: Entry, asked: readonly string[]): Shown['attributes'] {
  const all = asked.length === 0 || asked.includes('*') || asked.includes('+');
  const spellings = new Map(asked.map((name) => [name.toLowerCase(), name]));
  return Object.entries(attributes).flatMap(([name, values]) => {
    const shown = spellings.get(name.toLowerCase()) ?? (all ? name : undefined);
    return shown === undefined ? [] : [[shown, values] as const];
  });
}
