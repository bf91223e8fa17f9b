/**
 * Where addresses, telecoms and names stand: since 2008-A each in a part of its own, in older and in flat messages directly.
 * Writing follows the release, reading takes any.
 */
import type { XmlElement } from '../../core/xml.ts';
import { allOf, hl7 } from './elements.ts';

/** The releases of the national message set that are served. */
export type Release = '2006-B' | '2008-A' | '2008-B';

export interface Layout {
  readonly release: Release;
  /** Also writes what only our own systems read. */
  readonly extras?: boolean | undefined;
}

const numbers = { addr: '201', telecom: '202', name: '203' } as const;
export type Wrapped = keyof typeof numbers;

/** The item in its part; as it is in 2006-B. */
export function wrapped(kind: Wrapped, item: XmlElement, { release }: Layout): XmlElement {
  if (release === '2006-B') return item;
  const name = `COCT_MT000${numbers[kind]}UK${release === '2008-B' ? '03' : '02'}.PartOfWhole`;
  return hl7(
    name,
    { classCode: 'PART' },
    kind === 'name'
      ? hl7('partPerson', { classCode: 'PSN', determinerCode: 'INSTANCE' }, item)
      : item,
  );
}

/** The items below a person, in their parts or directly; parts of any release. */
export function itemsIn(person: XmlElement | undefined, kind: Wrapped): XmlElement[] {
  const start = `COCT_MT000${numbers[kind]}UK`;
  return (person?.children ?? []).flatMap((child) => {
    if (typeof child === 'string') return [];
    if (child.name === kind) return [child];
    if (!child.name.startsWith(start)) return [];
    return [
      ...allOf(child, kind),
      ...allOf(child, 'partPerson').flatMap((person) => allOf(person, kind)),
    ];
  });
}
