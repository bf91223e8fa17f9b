/** Names of a person between FHIR and HL7 V3, in any of the layouts. */
import type { HumanName } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { allOf, at, attributeOf, hl7, wordsOf } from './elements.ts';
import { objectIdOf, toObjectId, type UpdateMode } from './items.ts';
import { fromInterval, toInterval } from './times.ts';

const toUse: Readonly<Record<string, string>> = {
  usual: 'L',
  temp: 'A',
  nickname: 'PREFERRED',
  old: 'PREVIOUS',
  maiden: 'PREVIOUS-MAIDEN',
};

const fromUse: Readonly<Record<string, HumanName['use']>> = {
  L: 'usual',
  A: 'temp',
  PREFERRED: 'nickname',
  PREVIOUS: 'old',
  'PREVIOUS-BIRTH': 'old',
  'PREVIOUS-BACHELOR': 'old',
  'PREVIOUS-MAIDEN': 'maiden',
};

export interface NameLayout {
  readonly mode?: UpdateMode | undefined;
  /** Without object id and times: the flat layout of a trace. */
  readonly bare?: boolean;
  /** With times and without object id: a cross-check. */
  readonly nameless?: boolean;
}

/** `name`, its parts in the order of the schema. Spine's `use` for each of FHIR's; `official` and `anonymous` have none. */
export function toName(name: HumanName, { mode, bare, nameless }: NameLayout = {}): XmlElement {
  const parts = (tag: string, texts: readonly string[] = []) =>
    texts.map((text) => hl7(tag, {}, text));
  return hl7(
    'name',
    { use: toUse[name.use ?? ''], updateMode: mode },
    parts('prefix', name.prefix),
    parts('given', name.given),
    name.family === undefined ? undefined : hl7('family', {}, name.family),
    parts('suffix', name.suffix),
    bare ? undefined : toInterval('validTime', name.period),
    bare || nameless ? undefined : toObjectId(name.id),
  );
}

/** Parts without text are dropped; a use that is not known is left out. */
export function fromName(element: XmlElement): HumanName {
  const texts = (tag: string) => allOf(element, tag).flatMap((part) => wordsOf(part) ?? []);
  const id = objectIdOf(element);
  const use = fromUse[attributeOf(element, 'use') ?? ''];
  const period = fromInterval(at(element, 'validTime'));
  const family = wordsOf(at(element, 'family'));
  const [given, prefix, suffix] = [texts('given'), texts('prefix'), texts('suffix')];
  return {
    ...(id === undefined ? {} : { id }),
    ...(use === undefined ? {} : { use }),
    ...(period ? { period } : {}),
    ...(given.length > 0 ? { given } : {}),
    ...(family === undefined ? {} : { family }),
    ...(prefix.length > 0 ? { prefix } : {}),
    ...(suffix.length > 0 ? { suffix } : {}),
  };
}
