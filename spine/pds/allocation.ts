/**
 * NHS number allocation (PRPA_IN000200UK03) between `POST /Patient` and HL7 V3: the person structures of an update, without a
 * number; the answers name the number that was given, or those of people who may be the same.
 */
import type { Extension, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { security, type PdsRecord } from '../../fhir/pds/record.ts';
import { roots } from '../hl7v3/ids.ts';
import { fromAddress } from './addresses.ts';
import { at, allOf, hl7 } from './elements.ts';
import { refusal } from './issues.ts';
import { withoutId } from './items.ts';
import { itemsIn } from './part-wrappers.ts';
import { fromPatientRole, nhsNumberOf } from './person.ts';
import { toChangedRole } from './update-request.ts';
import { checkAddress, checkName } from './update-rules.ts';

/** Nobody: what a new record differs from in everything. */
export const nobody: PdsRecord = {
  patient: { resourceType: 'Patient', id: '', meta: { versionId: '0', security: [security('U')] } },
  behind: {},
};

/** The `PdsRegistrationRequest` of a new record that has no number yet. */
export function toRegistration(draft: PdsRecord): XmlElement {
  return hl7(
    'PdsRegistrationRequest',
    { classCode: 'REG', moodCode: 'RQO' },
    hl7('subject', { typeCode: 'SBJ' }, toChangedRole(nobody, draft)),
  );
}

/** The body of `POST /Patient` for a request. `authority` is the registering system, as FHIR wants it named. */
export function fromRegistration(request: XmlElement, authority: string): Patient {
  const role = at(request, 'subject', 'patientRole');
  if (!role) throw refusal('MANDATORY_FIELD_MISSING', 'Nobody is to be registered');
  const { address, extension, ...rest } = fromNewRole(role);
  return {
    ...rest,
    ...(address ? { address } : {}),
    extension: [
      registeringAuthority(authority),
      ...(extension ?? []).filter(({ url }) => taken.includes(url)),
    ],
  };
}

/** What of a person can be said on creation. */
const taken: readonly string[] = [extensionUrls.communication, extensionUrls.contactPreference];

/** A person who is to be: without number, version and ids, the five lines of addresses in their places. */
export function fromNewRole(role: XmlElement): Patient {
  const person = at(role, 'patientPerson');
  const addresses = [...itemsIn(role, 'addr'), ...itemsIn(person, 'addr')];
  itemsIn(person, 'name').forEach(checkName);
  addresses.forEach(checkAddress);
  const { patient } = fromPatientRole(role).record;
  const { name, gender, birthDate, _birthDate, telecom, extension } = patient;
  return {
    resourceType: 'Patient',
    ...(name ? { name: name.map(withoutId) } : {}),
    ...(gender ? { gender } : {}),
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(_birthDate ? { _birthDate } : {}),
    ...(addresses.length > 0
      ? { address: addresses.flatMap((each) => fromAddress(each, true) ?? []).map(withoutId) }
      : {}),
    ...(telecom ? { telecom: telecom.map(withoutId) } : {}),
    ...(extension ? { extension } : {}),
  };
}

export function registeringAuthority(organisation: string): Extension {
  const system = 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType';
  return {
    url: extensionUrls.registeringAuthority,
    extension: [
      {
        url: 'registeringAuthorityType',
        valueCodeableConcept: { coding: [{ system, code: 'x' }] },
      },
      { url: 'organisationIdentifier', valueString: organisation },
    ],
  };
}

/** The `PdsRegistrationResponse` with the number that was given (201), or the candidates' (206). */
export function toRegistrationAnswer(numbers: readonly string[]): XmlElement {
  return hl7(
    'PdsRegistrationResponse',
    { classCode: 'REG', moodCode: 'EVN' },
    numbers.map((extension) =>
      hl7(
        'subject',
        { typeCode: 'SBJ' },
        hl7('patientRole', { classCode: 'PAT' }, hl7('id', { root: roots.nhsNumber, extension })),
      ),
    ),
  );
}

export function fromRegistrationAnswer(answer: XmlElement): string[] {
  return allOf(answer, 'subject').flatMap((subject) => {
    const number = nhsNumberOf(at(subject, 'patientRole'));
    return number === '' ? [] : [number];
  });
}
