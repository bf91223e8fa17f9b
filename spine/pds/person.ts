/**
 * A whole record between FHIR and the `patientRole` of a retrieval: the one place where all parts are put together. Owns their
 * order. Lossless both ways, save for what HL7 V3 has no place for: the UPRN, a removed death notification, a death day without
 * its midnight; our own systems tell each other the first two when asked.
 */
import type { Extension, HumanName, Patient, RelatedPerson } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import {
  nhsNumberIdentifier,
  security,
  type Behind,
  type PdsPatient,
  type PdsRecord,
} from '../../fhir/pds/record.ts';
import { currentAddresses, fromAddress, toAddress } from './addresses.ts';
import { toBirthPlace, fromBirthPlace, fromBirthTime, toBirthTime } from './births.ts';
import {
  fromProvisions,
  pharmacyExtensions,
  practiceOf,
  provisionsOf,
  toProvision,
} from './care-provisions.ts';
import { fromConfidentiality, toConfidentiality } from './confidentiality.ts';
import { allOf, at, attributeOf, hl7 } from './elements.ts';
import { fromGenderCode, toGenderCode } from './genders.ts';
import { fromName, toName } from './names.ts';
import { roots } from '../hl7v3/ids.ts';
import { itemsIn, wrapped, type Layout, type Wrapped } from './part-wrappers.ts';
import * as registration from './registration.ts';
import { fromRelatedPerson, toRelatedPerson } from './related-people.ts';
import { fromContact, fromTelecom, isEmergency, toContact, toTelecom } from './telecoms.ts';
import { momentFromHl7, toHl7Day, withoutPast } from './times.ts';
import { fromContactWishes, fromLanguage, toContactWishes, toLanguage } from './wishes.ts';

/** What a retrieval tells of one person. */
export interface Person {
  readonly patient: Patient;
  readonly relatedPersons?: readonly RelatedPerson[] | undefined;
  /** NHS numbers that this record replaced. */
  readonly replaced?: readonly string[] | undefined;
}

export function toPatientRole(person: Person, layout: Layout): XmlElement {
  const { patient, replaced = [] } = person;
  const flat = layout.release === '2006-B';
  return hl7(
    'patientRole',
    { classCode: 'PAT' },
    toConfidentiality(patient.meta?.security?.[0]?.code),
    hl7('id', { root: roots.nhsNumber, extension: patient.id }),
    flat ? placesOf(patient, layout) : undefined,
    toPatientPerson(person, layout),
    replaced.map((number) =>
      hl7(
        'replacementOf',
        { typeCode: 'REPL' },
        hl7(
          'oldVersion',
          { classCode: 'PAT' },
          hl7('id', { root: roots.nhsNumber, extension: number }),
        ),
      ),
    ),
    subjectsOf(patient, layout),
  );
}

function toPatientPerson(person: Person, layout: Layout): XmlElement {
  const { patient, relatedPersons = [] } = person;
  const names = (patient.name ?? []).map((name) => wrapped('name', toName(name), layout));
  const flat = layout.release === '2006-B';
  const { multipleBirthInteger: order } = patient;
  const died = toHl7Day(patient.deceasedDateTime);
  return hl7(
    'patientPerson',
    { classCode: 'PSN', determinerCode: 'INSTANCE' },
    flat ? names : undefined,
    patient.gender && hl7('administrativeGenderCode', { code: toGenderCode(patient.gender) }),
    toBirthTime(patient),
    died === undefined ? undefined : hl7('deceasedTime', { value: died }),
    order === undefined ? undefined : hl7('multipleBirthOrderNumber', { value: String(order) }),
    toBirthPlace(patient.extension),
    toLanguage(patient.extension),
    provisionsOf(patient).map((provision) => toProvision(provision, 'retrieval')),
    relatedPersons.map((related) => toRelatedPerson(related, patient.id ?? '', layout)),
    flat ? undefined : placesOf(patient, layout),
    flat ? undefined : names,
  );
}

/** Addresses, then telecoms, then emergency contacts. */
function placesOf({ address, telecom, contact }: Patient, layout: Layout): XmlElement[] {
  return [
    ...(address ?? []).map((one) => wrapped('addr', toAddress(one, layout), layout)),
    ...(telecom ?? []).map((one) => wrapped('telecom', toTelecom(one), layout)),
    ...(contact ?? []).map((one) => wrapped('telecom', toContact(one), layout)),
  ];
}

/** The numbers are those of a 2008-A retrieval. */
function subjectsOf(patient: Patient, { extras }: Layout): (XmlElement | undefined)[] {
  const held = (url: string) => patient.extension?.find((one) => one.url === url);
  const wishes = toContactWishes(patient.extension);
  const said: readonly (readonly [number, XmlElement | undefined])[] = [
    [2, registration.toDeath(held(extensionUrls.deathNotification), { extras })],
    [3, registration.toConsent(held(extensionUrls.consent))],
    [4, wishes.method],
    [5, wishes.format],
    [7, registration.toManaging(patient)],
    [9, registration.toRemoval(held(extensionUrls.removal))],
  ];
  return said.map(
    ([number, element]) => element && hl7(`subjectOf${number}`, { typeCode: 'SBJ' }, element),
  );
}

/** The record that a `patientRole` tells of. `versionId` is the serial change number, where the message has one. */
export function fromPatientRole(
  role: XmlElement,
  versionId = '1',
): { record: PdsRecord; replaced: string[] } {
  const id = nhsNumberOf(role);
  const person = at(role, 'patientPerson');
  const removal = registration.fromRemoval(
    registration.subjectNamed(role, 'nHAISRemovalRegistrationEvent'),
  );
  const patient: PdsPatient = {
    resourceType: 'Patient',
    id,
    identifier: [nhsNumberIdentifier(id)],
    meta: { versionId, security: [security(fromConfidentiality(role))] },
    ...personOf(role, person),
    ...organisationsOf(role, person),
    ...list('extension', extensionsOf(role, person, removal?.shown)),
  };
  const behind: Behind = {
    ...addressLinesOf(role, person),
    ...list(
      'relatedPersons',
      allOf(person, 'scopedRelatedPersonRole').map((each) => fromRelatedPerson(each, id)),
    ),
    ...(removal?.confidential ? { confidentialRemoval: removal.confidential } : {}),
    ...consentOf(role),
  };
  return { record: { patient, behind }, replaced: replacedBy(role) };
}

/** The NHS number among a role's ids; empty when there is none. */
export function nhsNumberOf(role: XmlElement | undefined): string {
  const ids = allOf(role, 'id');
  const own = ids.find((each) => attributeOf(each, 'root') === roots.nhsNumber) ?? ids[0];
  return attributeOf(own, 'extension') ?? '';
}

/** What the person's own members tell, the rest of a Patient left out. */
type Members = Omit<Partial<Patient>, 'id' | 'meta' | 'resourceType'>;

function personOf(role: XmlElement, person: XmlElement | undefined): Members {
  const telecoms = everywhere(role, person, 'telecom');
  const address = everywhere(role, person, 'addr').flatMap((each) => fromAddress(each) ?? []);
  const points = telecoms.filter((each) => !isEmergency(each)).map(fromTelecom);
  const names = itemsIn(person, 'name').map(fromName);
  const gender = fromGenderCode(attributeOf(at(person, 'administrativeGenderCode'), 'code'));
  const order = Number(attributeOf(at(person, 'multipleBirthOrderNumber'), 'value'));
  const died = momentFromHl7(attributeOf(at(person, 'deceasedTime'), 'value'));
  return {
    ...list('name', withoutPast(names, usualOnly)),
    ...(gender === undefined ? {} : { gender }),
    ...fromBirthTime(person),
    ...(Number.isInteger(order) && order > 0 ? { multipleBirthInteger: order } : {}),
    ...(died === undefined ? {} : { deceasedDateTime: died }),
    ...list('address', currentAddresses(address)),
    ...list(
      'telecom',
      withoutPast(points, ({ system, use }) => `${system ?? ''} ${use ?? ''}`),
    ),
    ...list('contact', telecoms.filter(isEmergency).map(fromContact)),
  };
}

/** There is one usual name at a time; of the others there may be many. */
function usualOnly({ use, id, family, period }: HumanName): string {
  return use === 'usual' ? use : `${id ?? ''} ${family ?? ''} ${period?.start ?? ''}`;
}

function organisationsOf(role: XmlElement, person: XmlElement | undefined): Members {
  const practice = practiceOf(fromProvisions(person));
  const managing = registration.fromManaging(
    registration.subjectNamed(role, 'nHAISRegistrationEvent'),
  );
  return {
    ...(practice ? { generalPractitioner: [practice] } : {}),
    ...(managing ? { managingOrganization: managing } : {}),
  };
}

/** In the order in which PDS shows them. */
function extensionsOf(
  role: XmlElement,
  person: XmlElement | undefined,
  removal: Extension | undefined,
): Extension[] {
  const single = [
    registration.fromDeath(registration.subjectNamed(role, 'deathNotification')),
    fromLanguage(person),
    fromContactWishes({
      method: registration.subjectNamed(role, 'preferredContactMethod'),
      format: registration.subjectNamed(role, 'preferredWrittenCommunicationFormat'),
    }),
    fromBirthPlace(person),
    removal,
  ];
  return [
    ...pharmacyExtensions(fromProvisions(person)),
    ...single.filter((extension) => extension !== undefined),
  ];
}

/** Items that stand in parts of the person, or directly under person or role. */
function everywhere(role: XmlElement, person: XmlElement | undefined, kind: Wrapped): XmlElement[] {
  return [...itemsIn(role, kind), ...itemsIn(person, kind)];
}

function addressLinesOf(role: XmlElement, person: XmlElement | undefined): Behind {
  const kept = everywhere(role, person, 'addr')
    .filter(hasInnerGap)
    .flatMap((each) => {
      const { id, line } = fromAddress(each, true) ?? {};
      return id !== undefined && line?.length === 5
        ? [[id, line] satisfies [string, string[]]]
        : [];
    });
  return kept.length > 0 ? { addressLines: Object.fromEntries(kept) } : {};
}

/** A blank line before one with text: only then the places say more than the order. */
function hasInnerGap(address: XmlElement): boolean {
  const lines = allOf(address, 'streetAddressLine').map(({ children }) => children.length > 0);
  const first = lines.indexOf(false);
  return first >= 0 && lines.lastIndexOf(true) > first;
}

function consentOf(role: XmlElement): Behind {
  const consents = role.children.flatMap((child) =>
    typeof child !== 'string' && child.name.startsWith('subjectOf') ? allOf(child, 'consent') : [],
  );
  const consent = consents.map(registration.fromConsent).find((value) => value !== undefined);
  return consent === undefined ? {} : { consent };
}

function replacedBy(role: XmlElement): string[] {
  return allOf(role, 'replacementOf').flatMap(
    (each) => attributeOf(at(each, 'oldVersion', 'id'), 'extension') ?? [],
  );
}

function list<K extends string, T>(name: K, items: T[]): Partial<Record<K, T[]>> {
  if (items.length === 0) return {};
  return { [name]: items } as Record<K, T[]>; // a computed key of a literal type is typed as string
}
