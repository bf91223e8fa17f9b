/**
 * Payloads of the five demographics mini-services, both ways: what is asked, and what is answered. Names and codes of the services
 * are ../interactions-itk.ts's, the distribution envelope around them is distribution.ts's.
 */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import type { PdsPatient } from '../../fhir/pds/record.ts';
import { queryValue, queryValues, readQuery } from '../hl7v3/control-act-query.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { itkCodeSystems, type ItkOperation } from '../interactions-itk.ts';
import { toAddress } from '../pds/addresses.ts';
import { toBirthTime } from '../pds/births.ts';
import { allOf, at, attributeOf, hl7, wordsOf } from '../pds/elements.ts';
import { fromGenderCode, toGenderCode } from '../pds/genders.ts';
import { toName } from '../pds/names.ts';
import { fromPatientRole } from '../pds/person.ts';
import { toTelecom } from '../pds/telecoms.ts';
import { fromHl7Time, toHl7Day } from '../pds/times.ts';

/** What a caller knows of the person; which of it an operation needs is rules.ts's. */
export interface ItkTerms {
  readonly nhsNumber?: string | undefined;
  /** `yyyy-mm-dd`. */
  readonly birthDate?: string | undefined;
  readonly family?: string | undefined;
  readonly given?: readonly string[] | undefined;
  readonly gender?: Patient['gender'];
  readonly postcode?: string | undefined;
  /** The caller's own id of the person, given back with the answer. */
  readonly localId?: string | undefined;
}

/** A payload that asks. `id`: a UUID, upper case. */
export function toItkRequest(operation: ItkOperation, terms: ItkTerms, id: string): XmlElement {
  return hl7(
    operation.request,
    { moodCode: 'EVN', classCode: 'CACT' },
    hl7('id', { root: id }),
    hl7('code', { codeSystem: itkCodeSystems.messageType, code: operation.requestCode }),
    hl7('queryEvent', {}, parametersOf(terms)),
  );
}

function parametersOf(terms: ItkTerms): (XmlElement | undefined)[] {
  const { birthDate, gender, nhsNumber, family, given = [], postcode, localId } = terms;
  const names = [
    ...given.map((text) => hl7('given', {}, text)),
    ...(family === undefined ? [] : [hl7('family', {}, family)]),
  ];
  const parameter = (name: string, value: XmlElement | undefined) =>
    value && hl7(name, {}, value, hl7('semanticsText', {}, name));
  return [
    parameter(
      'Person.DateOfBirth',
      birthDate === undefined ? undefined : hl7('value', { value: toHl7Day(birthDate) }),
    ),
    parameter(
      'Person.Gender',
      gender && hl7('value', { code: toGenderCode(gender), codeSystem: oids.sex }),
    ),
    parameter(
      'Person.LocalIdentifier',
      localId === undefined
        ? undefined
        : hl7('value', { root: roots.localPatient, extension: localId }),
    ),
    parameter(
      'Person.NHSNumber',
      nhsNumber === undefined
        ? undefined
        : hl7('value', { root: roots.nhsNumber, extension: nhsNumber }),
    ),
    parameter('Person.Name', names.length === 0 ? undefined : hl7('value', {}, names)),
    parameter(
      'Person.Postcode',
      postcode === undefined ? undefined : hl7('value', {}, hl7('postalCode', {}, postcode)),
    ),
  ];
}

/** What a payload asks with; parts that are malformed are missing. */
export function fromItkRequest(payload: XmlElement): ItkTerms {
  const read = readQuery(at(payload, 'queryEvent'));
  const [name] = queryValues(read, 'Person.Name');
  const texts = (tag: string) => allOf(name, tag).flatMap((part) => wordsOf(part) ?? []);
  const given = texts('given');
  const gender = fromGenderCode(queryValue(read, 'Person.Gender', 'code'));
  const terms: ItkTerms = {
    nhsNumber: queryValue(read, 'Person.NHSNumber', 'extension'),
    birthDate: fromHl7Time(queryValue(read, 'Person.DateOfBirth', 'value'))?.slice(0, 10),
    family: texts('family')[0],
    ...(given.length > 0 ? { given } : {}),
    ...(gender ? { gender } : {}),
    postcode: wordsOf(at(queryValues(read, 'Person.Postcode')[0], 'postalCode')),
    localId: queryValue(read, 'Person.LocalIdentifier', 'extension'),
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

/** What is answered: a code, and on success what was asked for. */
export interface ItkAnswer {
  /** `SMSP-0000`, `DEMOG-0001`, … */
  readonly code: string;
  /** Of a verification. */
  readonly verified?: { readonly nhsNumber: string; readonly valid: boolean };
  readonly patient?: Patient;
  /** Only the number of the patient is told. */
  readonly numberOnly?: boolean;
  readonly localId?: string | undefined;
}

/** `practiceName` gives the name of a practice by its ODS code, where it is known. */
export function toItkAnswer(
  operation: ItkOperation,
  answer: ItkAnswer,
  id: string,
  practiceName: (odsCode: string) => string | undefined = () => undefined,
): XmlElement {
  const { code, verified, patient, numberOnly, localId } = answer;
  return hl7(
    operation.answer,
    { moodCode: 'EVN', classCode: 'OBS' },
    hl7('id', { root: id }),
    hl7('code', { codeSystem: itkCodeSystems.messageType, code: operation.answer }),
    hl7('value', { codeSystem: itkCodeSystems.answer, code }),
    verified && verifiedOf(verified),
    patient &&
      hl7(
        'subject',
        { typeCode: 'SBJ' },
        hl7(
          'patient',
          { classCode: 'PAT' },
          hl7('id', { root: roots.nhsNumber, extension: patient.id }),
          localId === undefined
            ? undefined
            : hl7('id', { root: roots.localPatient, extension: localId }),
          numberOnly ? undefined : detailsOf(patient, practiceName),
        ),
      ),
  );
}

function verifiedOf({ nhsNumber, valid }: NonNullable<ItkAnswer['verified']>): XmlElement {
  return hl7(
    'component',
    { typeCode: 'COMP' },
    hl7(
      'validIdentifier',
      { moodCode: 'EVN', classCode: 'OBS' },
      hl7('code', { codeSystem: itkCodeSystems.validatedIdentifier, code: 'VI' }),
      hl7('value', { value: String(valid) }),
      hl7(
        'subject',
        { typeCode: 'SBJ' },
        hl7(
          'patient',
          { classCode: 'PAT' },
          hl7('id', { root: roots.nhsNumber, extension: nhsNumber }),
        ),
      ),
    ),
  );
}

/** Usual name, home address, telecoms, and the person with the practice. */
function detailsOf(
  patient: Patient,
  practiceName: (odsCode: string) => string | undefined,
): XmlElement[] {
  const { gender, deceasedDateTime } = patient;
  const usual = patient.name?.filter(({ use }) => use === 'usual') ?? [];
  const home = patient.address?.filter(({ use }) => use === 'home') ?? [];
  const died = toHl7Day(deceasedDateTime);
  const practice = patient.generalPractitioner?.[0]?.identifier?.value;
  return [
    ...usual.map((name) => toName({ ...name, use: 'usual' }, { bare: true })),
    ...home.map((address) => toAddress(address, { bare: true })),
    ...(patient.telecom ?? []).map((telecom) => toTelecom(telecom, { nameless: true })),
    hl7(
      'patientPerson',
      { determinerCode: 'INSTANCE', classCode: 'PSN' },
      gender &&
        hl7('administrativeGenderCode', { code: toGenderCode(gender), codeSystem: oids.sex }),
      toBirthTime(patient),
      died === undefined ? undefined : hl7('deceasedTime', { value: died }),
      practice === undefined ? undefined : practiceElement(practice, practiceName(practice)),
    ),
  ];
}

/** Organisations in these payloads have a root of their own. */
const practiceRoot = '2.16.840.1.113883.2.1.3.2.4.19.2';

function practiceElement(code: string, name: string | undefined): XmlElement {
  return hl7(
    'gPPractice',
    { classCode: 'SDLOC' },
    hl7(
      'locationOrganization',
      { determinerCode: 'INSTANCE', classCode: 'ORG' },
      hl7('id', { root: practiceRoot, extension: code }),
      name === undefined ? undefined : hl7('name', {}, name),
    ),
  );
}

/** An answer as received. */
export interface ItkAnswered {
  readonly code: string;
  readonly verified?: { readonly nhsNumber: string; readonly valid: boolean };
  readonly patient?: PdsPatient;
  readonly localId?: string;
}

export function fromItkAnswer(payload: XmlElement): ItkAnswered {
  const valid = at(payload, 'component', 'validIdentifier');
  const role = at(payload, 'subject', 'patient');
  const localId = allOf(role, 'id').find((id) => attributeOf(id, 'root') === roots.localPatient);
  const extension = attributeOf(localId, 'extension');
  return {
    code: attributeOf(at(payload, 'value'), 'code') ?? '',
    ...(valid
      ? {
          verified: {
            nhsNumber: attributeOf(at(valid, 'subject', 'patient', 'id'), 'extension') ?? '',
            valid: attributeOf(at(valid, 'value'), 'value') === 'true',
          },
        }
      : {}),
    ...(role ? { patient: patientOf(role) } : {}),
    ...(extension === undefined ? {} : { localId: extension }),
  };
}

/** The name stands beside the person here, and the practice under a name of its own. */
function patientOf(role: XmlElement): PdsPatient {
  const { patient } = fromPatientRole(namesInside(role)).record;
  const code = attributeOf(
    at(role, 'patientPerson', 'gPPractice', 'locationOrganization', 'id'),
    'extension',
  );
  const system = 'https://fhir.nhs.uk/Id/ods-organization-code';
  return code === undefined
    ? patient
    : {
        ...patient,
        generalPractitioner: [{ type: 'Organization', identifier: { system, value: code } }],
      };
}

function namesInside(role: XmlElement): XmlElement {
  const names = allOf(role, 'name').map((name) =>
    attributeOf(name, 'use') === undefined
      ? {
          ...name,
          attributes: [...name.attributes, { name: 'use', prefix: '', uri: '', value: 'L' }],
        }
      : name,
  );
  const children = role.children.map((child) =>
    typeof child !== 'string' && child.name === 'patientPerson'
      ? { ...child, children: [...child.children, ...names] }
      : child,
  );
  return { ...role, children };
}
