/** Single values of a Patient in an update over HL7 V3: gender, birth, order of a multiple birth, death, managing organisation. */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { fromBirthTime } from './births.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import { fromGenderCode } from './genders.ts';
import { refusal } from './issues.ts';
import { updateModeOf, type UpdateMode } from './items.ts';
import { fromDeath, fromManaging, subjectNamed } from './registration.ts';
import { momentFromHl7 } from './times.ts';
import * as rules from './update-rules.ts';

import { extensionOf, type Change, type Context } from './update-changes.ts';

/** @throws the rules of update-rules.ts */
export function scalars(context: Context): Change[] {
  const { person, patient, role } = context;
  const gender = changing(person, 'administrativeGenderCode');
  const born = changing(person, 'birthTime');
  const order = changing(person, 'multipleBirthOrderNumber');
  const managing = subjectNamed(role, 'nHAISRegistrationEvent');
  if (gender?.mode === 'removed')
    throw refusal('GENDER_REMOVAL_NOT_PERMITTED', 'Gender cannot be removed');
  if (born?.mode === 'removed')
    throw refusal('BIRTHTIME_REMOVAL_NOT_PERMITTED', 'Date of birth cannot be removed');
  if (born) rules.checkedTime(born.element);
  const birthDate = born && fromBirthTime(hl7('person', {}, born.element)).birthDate;
  const counted = order && Number(attributeOf(order.element, 'value'));
  return [
    ...(gender
      ? [
          scalar(
            patient,
            'gender',
            gender.mode,
            fromGenderCode(attributeOf(gender.element, 'code')),
          ),
        ]
      : []),
    ...(born ? [scalar(patient, 'birthDate', born.mode, birthDate)] : []),
    ...(order ? [scalar(patient, 'multipleBirthInteger', order.mode, counted)] : []),
    ...deaths(context),
    ...(managing && updateModeOf(managing) !== undefined
      ? [
          scalar(
            patient,
            'managingOrganization',
            rules.checkedMode(managing, false),
            fromManaging(managing),
          ),
        ]
      : []),
  ];
}

type Scalar =
  'gender' | 'birthDate' | 'multipleBirthInteger' | 'deceasedDateTime' | 'managingOrganization';

function scalar(patient: Patient, name: Scalar, mode: UpdateMode, value: unknown): Change {
  const path = `/${name}`;
  if (mode === 'removed')
    return {
      patches: [
        { op: 'test', path, value: patient[name] },
        { op: 'remove', path },
      ],
    };
  return {
    patches: [{ op: patient[name] === undefined ? 'add' : 'replace', path, value: value ?? '' }],
  };
}

/** An element directly under the person or in a part of its own, which bears the mode. */
function changing(
  person: XmlElement | undefined,
  name: string,
): { element: XmlElement; mode: UpdateMode } | undefined {
  for (const child of person?.children ?? []) {
    if (typeof child === 'string') continue;
    const element =
      child.name === name ? child : (at(child, 'partPerson', name) ?? at(child, name));
    if (!element || !(child.name === name || child.name.startsWith('COCT_MT'))) continue;
    const bearer = updateModeOf(element) === undefined ? child : element;
    if (updateModeOf(bearer) === undefined) continue;
    return { element, mode: rules.checkedMode(bearer, false) };
  }
  return undefined;
}

function deaths({ person, role, patient }: Context): Change[] {
  const time = changing(person, 'deceasedTime');
  const notification = subjectNamed(role, 'deathNotification');
  const notified =
    notification && updateModeOf(notification) !== undefined
      ? rules.checkedMode(notification, false)
      : undefined;
  rules.checkDeath(time?.mode, notified);
  if (!time) return [];
  rules.checkedTime(time.element);
  const died = momentFromHl7(attributeOf(time.element, 'value'));
  return [
    scalar(patient, 'deceasedDateTime', time.mode, died),
    ...extensionOf(patient, extensionUrls.deathNotification, time.mode, fromDeath(notification)),
  ];
}
