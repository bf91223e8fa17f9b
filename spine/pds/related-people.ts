/**
 * RelatedPerson between FHIR and the `scopedRelatedPersonRole` of HL7 V3: someone known by an NHS number of their own, or by
 * name, address and telecoms.
 */
import type { Coding, Extension, RelatedPerson } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { nhsNumberSystem } from '../../fhir/identifiers.ts';
import { fromAddress, toAddress } from './addresses.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import { objectIdOf, toObjectId } from './items.ts';
import { fromName, toName } from './names.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { itemsIn, wrapped, type Layout } from './part-wrappers.ts';
import { nextOfKin, relationshipCode, relationships, roleOfClass } from './relationships.ts';
import { fromTelecom, toTelecom } from './telecoms.ts';
import { fromInterval, toInterval } from './times.ts';
import { fromContactWishes, fromLanguage, toContactWishes, toLanguage } from './wishes.ts';

const copyUrl =
  'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator';

/** `subject` is the NHS number of the record they belong to: under it FHIR names people without a number of their own. */
export function toRelatedPerson(
  person: RelatedPerson,
  subject: string,
  layout: Layout,
): XmlElement {
  const codings = person.relationship?.[0]?.coding ?? [];
  const [type] = codings.filter((coding) => !isKin(coding) || codings.length === 1);
  const wishes = toContactWishes(person.extension);
  const rank = person.extension?.find(
    ({ url }) => url === extensionUrls.contactRank,
  )?.valuePositiveInt;
  const copies = person.extension?.some(({ url, valueBoolean }) => url === copyUrl && valueBoolean);
  return hl7(
    'scopedRelatedPersonRole',
    { classCode: classOf(codings) },
    hl7('code', {
      code: relationshipCode(type?.code) ?? '99',
      codeSystem: oids.relationship,
      displayName: shownName(type),
    }),
    toInterval('effectiveTime', person.period),
    toObjectId(person.id),
    rank === undefined ? undefined : hl7('positionNumber', { value: String(rank) }),
    codings.length > 1 && codings.some(isKin)
      ? part('part3', 'partNextOfKin', oids.nextOfKin)
      : undefined,
    copies ? part('part4', 'partCorrespondence', oids.correspondenceCopy) : undefined,
    playerOf(person, subject, layout),
    wishes.method && hl7('subjectOf1', { typeCode: 'SBJ' }, wishes.method),
    wishes.format && hl7('subjectOf2', { typeCode: 'SBJ' }, wishes.format),
  );
}

const isKin = ({ code }: Coding) => code === nextOfKin.code;

function shownName(type: Coding | undefined): string | undefined {
  const known = relationships[relationshipCode(type?.code) ?? ''];
  return type?.display === known?.display ? undefined : type?.display;
}

function classOf(codings: readonly Coding[]): string {
  const held = Object.keys(roleOfClass).find((key) =>
    codings.some(({ code }) => code === roleOfClass[key]?.code),
  );
  return held ?? 'CON';
}

function part(name: string, role: string, codeSystem: string): XmlElement {
  return hl7(
    name,
    { typeCode: 'PART' },
    hl7(role, { classCode: 'ROL' }, hl7('code', { code: '1', codeSystem })),
  );
}

function playerOf(person: RelatedPerson, subject: string, layout: Layout): XmlElement {
  const own = person.patient.identifier?.value;
  return hl7(
    'player',
    { classCode: 'PSN', determinerCode: 'INSTANCE' },
    toLanguage(person.extension),
    own === undefined || own === subject
      ? undefined
      : hl7(
          'playedRelatedPatient',
          { classCode: 'PAT' },
          hl7('id', { root: roots.nhsNumber, extension: own }),
        ),
    (person.address ?? []).map((address) => wrapped('addr', toAddress(address, layout), layout)),
    (person.telecom ?? []).map((telecom) => wrapped('telecom', toTelecom(telecom), layout)),
    (person.name ?? []).map((name) => wrapped('name', toName(name), layout)),
  );
}

export function fromRelatedPerson(element: XmlElement, subject: string): RelatedPerson {
  const player = at(element, 'player');
  const id = objectIdOf(element);
  const period = fromInterval(at(element, 'effectiveTime'));
  const name = itemsIn(player, 'name').map(fromName);
  const telecom = itemsIn(player, 'telecom').map(fromTelecom);
  const address = itemsIn(player, 'addr').flatMap((addr) => fromAddress(addr) ?? []);
  const number = attributeOf(at(player, 'playedRelatedPatient', 'id'), 'extension') ?? subject;
  const extension = extensionsOf(element);
  return {
    resourceType: 'RelatedPerson',
    ...(id === undefined ? {} : { id }),
    patient: { identifier: { system: nhsNumberSystem, value: number } },
    active: true,
    relationship: [{ coding: codingsOf(element) }],
    ...(period ? { period } : {}),
    ...(name.length > 0 ? { name } : {}),
    ...(telecom.length > 0 ? { telecom } : {}),
    ...(address.length > 0 ? { address } : {}),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

function codingsOf(element: XmlElement): Coding[] {
  const code = at(element, 'code');
  const type = relationships[attributeOf(code, 'code') ?? ''] ?? relationships['99'];
  const display = attributeOf(code, 'displayName');
  const role = roleOfClass[attributeOf(element, 'classCode') ?? ''];
  const isGuardian = type?.code === 'Guardian';
  return [
    ...(type ? [{ system: type.system, code: type.code, display: display ?? type.display }] : []),
    ...(role && !isGuardian ? [{ ...role }] : []),
    ...(at(element, 'part3', 'partNextOfKin') ? [{ ...nextOfKin }] : []),
  ];
}

function extensionsOf(element: XmlElement): Extension[] {
  const rank = Number(attributeOf(at(element, 'positionNumber'), 'value'));
  const subjects = element.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && child.name.startsWith('subjectOf'),
  );
  const said = (name: string) => subjects.map((each) => at(each, name)).find((found) => found);
  const wishes = fromContactWishes({
    method: said('preferredContactMethod'),
    format: said('preferredWrittenCommunicationFormat'),
  });
  const language = fromLanguage(at(element, 'player'));
  return [
    ...(at(element, 'part4', 'partCorrespondence') ? [{ url: copyUrl, valueBoolean: true }] : []),
    ...(Number.isInteger(rank) && rank > 0
      ? [{ url: extensionUrls.contactRank, valuePositiveInt: rank }]
      : []),
    ...(wishes ? [wishes] : []),
    ...(language ? [language] : []),
  ];
}
