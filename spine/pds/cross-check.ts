/**
 * Cross-check trace (QUPA_IN000014UK01) and confirmation of an NHS number (QUPA_IN000016UK02) between FHIR terms and HL7 V3.
 */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { fold } from '../../fhir/fold.ts';
import type { PdsPatient } from '../../fhir/pds/record.ts';
import { readQuery, writeQuery, type ParameterParts } from '../hl7v3/control-act-query.ts';
import { roots } from '../hl7v3/ids.ts';
import { at, hl7 } from './elements.ts';
import { refusal } from './issues.ts';
import type { Layout } from './part-wrappers.ts';
import { fromPatientRole, nhsNumberOf } from './person.ts';
import {
  dateIn,
  dateParameter,
  nameIn,
  nameParameter,
  nhsNumberIn,
  numberParameter,
} from './queries.ts';
import { toFlatRole } from './trace-answers.ts';

/** What is known of the person; a FHIR read of the number, compared. */
export interface CrossCheck {
  readonly nhsNumber: string;
  /** `yyyy-mm-dd`, or as much as is known. */
  readonly birthDate: string;
  readonly family?: string | undefined;
  readonly given?: string | undefined;
}

export function toCrossCheck({ nhsNumber, birthDate, family, given }: CrossCheck): XmlElement {
  const parts = [
    dateParameter('person.birthTime', { from: birthDate, to: birthDate }),
    numberParameter(nhsNumber),
    nameParameter(family, given === undefined ? [] : [given]),
  ];
  return writeQuery(parts.filter((part): part is ParameterParts => part !== undefined));
}

/** @throws MISSING_NHS_NUMBER, NOT_NEW_STYLE_NHS_NUMBER, FAILED_MOD11_CHECK, DATE_OF_BIRTH_MISSING, INVALID_NAME_FORMAT */
export function fromCrossCheck(query: XmlElement): CrossCheck {
  const read = readQuery(query);
  checkRoot(query);
  const nhsNumber = nhsNumberIn(read, 'MISSING_NHS_NUMBER');
  const born = dateIn(read, 'person.birthTime');
  if (born?.from === undefined || born.from !== born.to)
    throw refusal('DATE_OF_BIRTH_MISSING', 'The date of birth is missing');
  const { family, given } = nameIn(read);
  if (family.length > 1 || given.length > 1)
    throw refusal('INVALID_NAME_FORMAT', 'At most one family and one given name are compared');
  return { nhsNumber, birthDate: born.from, family: family[0], given: given[0] };
}

function checkRoot(query: XmlElement): void {
  const values = readQuery(query).get('person.id')?.[0]?.values ?? [];
  const roles = values.map(({ attributes }) => attributes.find(({ name }) => name === 'root'));
  if (roles.some((root) => root && root.value.trim() !== roots.nhsNumber))
    throw refusal('NOT_NEW_STYLE_NHS_NUMBER', 'The number is not a new-style NHS number');
}

/** Number and date of birth must agree; a name that was given, by the first letter of one current name. */
export function agrees({ birthDate, family, given }: CrossCheck, patient: Patient): boolean {
  if (patient.birthDate !== birthDate) return false;
  const names = patient.name ?? [];
  if (names.length === 0) return true;
  return names.some(
    (name) =>
      sameStart(family, name.family) && (given === undefined || sameStart(given, name.given?.[0])),
  );
}

function sameStart(asked: string | undefined, held: string | undefined): boolean {
  if (asked === undefined) return true;
  return held !== undefined && fold(asked).slice(0, 1) === fold(held).slice(0, 1);
}

/** `PDSResponse` in the flat layout of a trace. */
export function toCrossCheckAnswer(patient: Patient, layout: Layout): XmlElement {
  return hl7(
    'PDSResponse',
    { classCode: 'OBS', moodCode: 'EVN' },
    hl7('subject', { typeCode: 'SBJ' }, toFlatRole(patient, 'cross-check', layout)),
  );
}

export function fromCrossCheckAnswer(answer: XmlElement): PdsPatient {
  const role = at(answer, 'subject', 'patientRole') ?? hl7('patientRole');
  return fromPatientRole(role).record.patient;
}

// ---- confirmation ----

export function toConfirmation(nhsNumber: string): XmlElement {
  return writeQuery([numberParameter(nhsNumber)]);
}

/** @throws MISSING_NHS_NUMBER, INVALID_NHS_NUMBER, FAILED_MOD11_CHECK */
export function fromConfirmation(query: XmlElement): string {
  return nhsNumberIn(readQuery(query), 'MISSING_NHS_NUMBER');
}

/** The number that is somebody's today: another one than asked for where that was superseded. */
export function toConfirmationAnswer(nhsNumber: string): XmlElement {
  return hl7(
    'PDSResponse',
    { classCode: 'OBS', moodCode: 'EVN' },
    hl7(
      'subject',
      { typeCode: 'SBJ' },
      hl7(
        'patientRole',
        { classCode: 'PAT' },
        hl7('id', { root: roots.nhsNumber, extension: nhsNumber }),
      ),
    ),
  );
}

export function fromConfirmationAnswer(answer: XmlElement): string {
  return nhsNumberOf(at(answer, 'subject', 'patientRole'));
}
