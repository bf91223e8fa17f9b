/** Distinguished names: written, read, and shown as people read them. Owns the attributes we know by name. */
import { objectId, printable, sequence, setOfOne, utf8 } from './der.ts';
import { objectIdOf, partAt, partsOf, textOf, type Der } from './der-read.ts';

/** What a name may hold; others are known by their object identifier. */
export type NamePart =
  'C' | 'O' | 'OU' | 'CN' | 'L' | 'ST' | 'emailAddress' | 'serialNumber' | 'DC';

/** One attribute of a name: the short word or the dotted identifier, and the text. */
export interface Attribute {
  readonly type: string;
  readonly value: string;
}

/** A name with one attribute a step, in order. An empty list is the empty name. */
export function writeName(parts: readonly (readonly [NamePart, string])[]): Buffer {
  return sequence(
    ...parts.map(([type, value]) =>
      setOfOne(
        sequence(objectId(identifiers[type]), type === 'C' ? printable(value) : utf8(value)),
      ),
    ),
  );
}

/** All attributes, in order, those that share a step too. @throws DerFault */
export function readName(name: Der): Attribute[] {
  return partsOf(name).flatMap((step) =>
    partsOf(step).map((pair) => {
      const parts = partsOf(pair);
      const dotted = objectIdOf(partAt(parts, 0, 0x06, 'the type of an attribute of a name'));
      const value = parts[1];
      return { type: words.get(dotted) ?? dotted, value: (value && textOf(value)) ?? '' };
    }),
  );
}

/** `CN=…, OU=…`, the last first as RFC 4514 shows it; control characters and separators are escaped. */
export function nameText(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ type, value }) => `${type}=${escaped(value)}`)
    .reverse()
    .join(', ');
}

/** All values of one attribute. */
export function valuesOf(attributes: readonly Attribute[], type: NamePart): string[] {
  return attributes.filter((one) => one.type === type).map(({ value }) => value);
}

/** A host name as certificates may bear it: lower or upper case, no wildcard, at most 253 characters. */
export function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    text.split('.').every((label) => /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label))
  );
}

/** Text of others as a message may repeat it: short, and nothing that a terminal or a page would act on. */
export function shown(text: string): string {
  const plain = text.slice(0, 100).replace(/[^\x20-\x7e]|[<>&"'`\\]/g, '?');
  return `"${plain}${text.length > 100 ? '…' : ''}"`;
}

const identifiers: Readonly<Record<NamePart, string>> = {
  CN: '2.5.4.3',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
};
const words = new Map(Object.entries(identifiers).map(([word, dotted]) => [dotted, word]));

function escaped(value: string): string {
  return value.replace(/[,+"\\<>;=]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?');
}
