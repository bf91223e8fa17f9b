/** What names, addresses, telecoms and care provisions have in common: object ids and update modes. */
import type { XmlElement } from '../../core/xml.ts';
import { allOf, attributeOf, hl7 } from './elements.ts';
import { roots } from '../hl7v3/ids.ts';

/** What an update does with one item; absent in answers. */
export type UpdateMode = 'added' | 'altered' | 'removed';

/** An item of a person's record and what an update does with it. */
export interface Changed<Item> {
  readonly item: Item;
  readonly mode: UpdateMode;
}

export function toObjectId(id: string | undefined): XmlElement | undefined {
  return id === undefined ? undefined : hl7('id', { root: roots.objectId, extension: id });
}

/** The object id among the `id` children. */
export function objectIdOf(element: XmlElement): string | undefined {
  const ids = allOf(element, 'id');
  const own = ids.find((id) => attributeOf(id, 'root') === roots.objectId) ?? ids[0];
  return attributeOf(own, 'extension');
}

/** A copy without its id: the id of what is new is the records' to give. */
export function withoutId<Item extends { id?: string | undefined }>(item: Item): Item {
  const copy = { ...item };
  delete copy.id;
  return copy;
}

export function updateModeOf(element: XmlElement): string | undefined {
  return attributeOf(element, 'updateMode');
}

/** The first key that has this value: tables are written once and read both ways. */
export function keyOf<K extends string>(
  table: Readonly<Record<K, string>>,
  value: string | undefined,
): K | undefined {
  return (Object.keys(table) as K[]).find((key) => table[key] === value); // a constant table: it has no other keys
}
