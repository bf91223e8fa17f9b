/**
 * General update, FHIR to HL7 V3: what differs between a record and the record as it shall be, as a `PdsUpdateRequest`
 * (PRPA_IN000203UK03). Reading one is update-patches.ts's.
 */
import type { Address, Extension, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import type { PdsRecord } from '../../fhir/pds/record.ts';
import { same } from '../../fhir/pds/update/patch-apply.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { toAddress } from './addresses.ts';
import { toBirthPlace, toBirthTime } from './births.ts';
import { pharmaciesOf, toProvision, type Provision } from './care-provisions.ts';
import { hl7 } from './elements.ts';
import { toGenderCode } from './genders.ts';
import { withoutId, type Changed, type UpdateMode } from './items.ts';
import { toName } from './names.ts';
import { toDeath, toManaging } from './registration.ts';
import { toSerialChangeNumber } from './retrieval.ts';
import { toContact, toTelecom } from './telecoms.ts';
import { toHl7Day } from './times.ts';
import { toContactWishes, toLanguage } from './wishes.ts';

/** The update that makes `before` into `after`; undefined when they differ in nothing that HL7 V3 can tell. */
export function toUpdate(before: PdsRecord, after: PdsRecord): XmlElement | undefined {
  const role = toChangedRole(before, after);
  return (
    role &&
    hl7(
      'PdsUpdateRequest',
      { classCode: 'REG', moodCode: 'RQO' },
      hl7('code', { code: '1', codeSystem: oids.updateType }),
      toSerialChangeNumber(before.patient.meta.versionId),
      hl7('subject', { typeCode: 'SBJ' }, role),
    )
  );
}

/** A `patientRole` of what changed alone, under the number of `before` when that is not empty. */
export function toChangedRole(before: PdsRecord, after: PdsRecord): XmlElement | undefined {
  const [old, now] = [before.patient, after.patient];
  const person = personChanges(old, now);
  const places = placeChanges(before, after);
  const subjects = subjectChanges(old, now);
  if (person.length + places.length + subjects.length === 0) return undefined;
  return hl7(
    'patientRole',
    { classCode: 'PAT' },
    places.filter(({ name }) => name === 'addr'),
    old.id === '' ? undefined : hl7('id', { root: roots.nhsNumber, extension: old.id }),
    places.filter(({ name }) => name === 'telecom'),
    hl7('patientPerson', { classCode: 'PSN', determinerCode: 'INSTANCE' }, person),
    subjects,
  );
}

/** The items of a list that differ, by their ids. */
function changesOf<Item extends { id?: string | undefined }>(
  before: readonly Item[] = [],
  after: readonly Item[] = [],
): Changed<Item>[] {
  const held = new Map(before.map((item) => [item.id, item]));
  const kept = new Set(after.map(({ id }) => id));
  const removed = before.filter(({ id }) => !kept.has(id));
  const changed = after.flatMap((item): Changed<Item>[] => {
    const old = held.get(item.id);
    if (!old) return [{ item: withoutId(item), mode: 'added' }];
    return same(old, item) ? [] : [{ item, mode: 'altered' }];
  });
  return [...removed.map((item) => ({ item, mode: 'removed' as const })), ...changed];
}

function placeChanges(before: PdsRecord, after: PdsRecord): XmlElement[] {
  const [old, now] = [before.patient, after.patient];
  // Matched by the record's own ids first: a new item has one already, which the other side has never heard of.
  const addresses = changesOf(placed(before), placed(after));
  return [
    ...addresses.map(({ item, mode }) => toAddress(item, { mode })),
    ...changesOf(old.telecom, now.telecom).map(({ item, mode }) => toTelecom(item, { mode })),
    ...changesOf(old.contact, now.contact).map(({ item, mode }) => toContact(item, { mode })),
  ];
}

/** The addresses with all five lines where it is known which of them are blank. */
function placed({ patient, behind }: PdsRecord): Address[] {
  return (patient.address ?? []).map((address) => {
    const kept = behind.addressLines?.[address.id ?? ''];
    return kept ? { ...address, line: kept } : address;
  });
}

function personChanges(old: Patient, now: Patient): XmlElement[] {
  const gender = modeOf(old.gender, now.gender);
  const shownGender = now.gender ?? old.gender;
  const order = modeOf(old.multipleBirthInteger, now.multipleBirthInteger);
  const value = now.multipleBirthInteger ?? old.multipleBirthInteger ?? 0;
  return [
    ...changesOf(old.name, now.name).map(({ item, mode }) => toName(item, { mode })),
    ...(gender && shownGender
      ? [hl7('administrativeGenderCode', { code: toGenderCode(shownGender), updateMode: gender })]
      : []),
    ...moded(modeOf(old.birthDate, now.birthDate), toBirthTime(now) ?? toBirthTime(old)),
    ...deathTime(old, now),
    ...(order
      ? [hl7('multipleBirthOrderNumber', { value: String(value), updateMode: order })]
      : []),
    ...extensionChange(old, now, extensionUrls.birthPlace, (held) => toBirthPlace(held)),
    ...extensionChange(old, now, extensionUrls.communication, (held) => toLanguage(held)),
    ...provisionChanges(old, now),
  ];
}

/** Added, altered or removed; undefined when nothing changed. */
function modeOf(before: unknown, after: unknown): UpdateMode | undefined {
  if (same(before, after)) return undefined;
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'altered';
}

function moded(mode: UpdateMode | undefined, element: XmlElement | undefined): XmlElement[] {
  if (!mode || !element) return [];
  const attribute = { name: 'updateMode', prefix: '', uri: '', value: mode };
  return [{ ...element, attributes: [...element.attributes, attribute] }];
}

/** In its own part, as are all dates of death in updates. */
function deathTime(old: Patient, now: Patient): XmlElement[] {
  const mode = deathMode(old, now);
  const value = toHl7Day(now.deceasedDateTime ?? old.deceasedDateTime);
  if (!mode || value === undefined) return [];
  return [
    hl7(
      'COCT_MT000211UK01.PartDeceasedTime',
      { classCode: 'PART', updateMode: mode },
      hl7(
        'partPerson',
        { classCode: 'PSN', determinerCode: 'INSTANCE' },
        hl7('deceasedTime', { value }),
      ),
    ),
  ];
}

/** Date of death and notification go together, with one mode. */
function deathMode(old: Patient, now: Patient): UpdateMode | undefined {
  const death = (patient: Patient) => {
    const notified = extensionIn(patient, extensionUrls.deathNotification);
    return patient.deceasedDateTime === undefined && !notified
      ? undefined
      : { at: patient.deceasedDateTime, notified };
  };
  return modeOf(death(old), death(now));
}

const extensionIn = ({ extension }: Patient, url: string): Extension | undefined =>
  extension?.find((one) => one.url === url);

function extensionChange(
  old: Patient,
  now: Patient,
  url: string,
  write: (held: readonly Extension[]) => XmlElement | undefined,
): XmlElement[] {
  const [before, after] = [extensionIn(old, url), extensionIn(now, url)];
  const shown = after ?? before;
  return moded(modeOf(before, after), shown && write([shown]));
}

function provisionChanges(old: Patient, now: Patient): XmlElement[] {
  const practices = changesOf(old.generalPractitioner, now.generalPractitioner).map(
    ({ item, mode }): Changed<Provision> => ({ item: { code: '1', reference: item }, mode }),
  );
  const before = pharmaciesOf(old.extension ?? []);
  const after = pharmaciesOf(now.extension ?? []);
  const codes = ['P1', 'P2', 'P3'];
  const pharmacies = codes.flatMap((code): Changed<Provision>[] => {
    const [was, is] = [before, after].map((list) => list.find((one) => one.code === code));
    const mode = modeOf(was, is);
    const item = is ?? was;
    return mode && item ? [{ item, mode }] : [];
  });
  return [...practices, ...pharmacies].map(({ item, mode }) => toProvision(item, 'update', mode));
}

function subjectChanges(old: Patient, now: Patient): XmlElement[] {
  const wishes = [old, now].map(({ extension }) => toContactWishes(extension));
  const [was, is] = wishes;
  const death = deathMode(old, now);
  const notified =
    extensionIn(now, extensionUrls.deathNotification) ??
    extensionIn(old, extensionUrls.deathNotification);
  return [
    ...(death ? subject(2, [toDeath(notified, { mode: death })]) : []),
    ...subject(4, moded(modeOf(was?.method, is?.method), is?.method ?? was?.method)),
    ...subject(5, moded(modeOf(was?.format, is?.format), is?.format ?? was?.format)),
    ...subject(
      7,
      moded(
        modeOf(old.managingOrganization, now.managingOrganization),
        toManaging(now) ?? toManaging(old),
      ),
    ),
  ];
}

function subject(number: number, elements: readonly (XmlElement | undefined)[]): XmlElement[] {
  return elements.flatMap((element) =>
    element ? [hl7(`subjectOf${number}`, { typeCode: 'SBJ' }, element)] : [],
  );
}

/** The answer to an update that was made: the new version and nothing else. */
export function toUpdateAnswer(versionId: string): XmlElement {
  return hl7(
    'PdsSuccessfulUpdateResponse',
    { classCode: 'REG', moodCode: 'EVN' },
    toSerialChangeNumber(versionId),
  );
}
