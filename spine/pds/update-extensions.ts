/** Extensions of a Patient in an update over HL7 V3: pharmacies, language, place of birth, ways of contact. */
import type { Extension, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { fromBirthPlace } from './births.ts';
import { pharmacyExtension, pharmacyKinds } from './care-provisions.ts';
import { at } from './elements.ts';
import { updateModeOf } from './items.ts';
import { subjectNamed } from './registration.ts';
import * as rules from './update-rules.ts';
import { fromContactWishes, fromLanguage } from './wishes.ts';

import {
  codeOf,
  extensionOf,
  provisionElements,
  provisionOf,
  type Change,
  type Context,
} from './update-changes.ts';

/** @throws the rules of update-rules.ts */
export function extensions({ role, person, patient }: Context): Change[] {
  const language = at(person, 'languageCommunication');
  const birthplace = at(person, 'birthplace');
  return [
    ...pharmacies(person, patient),
    ...single(patient, extensionUrls.communication, language, fromLanguage(person)),
    ...single(patient, extensionUrls.birthPlace, birthplace, fromBirthPlace(person)),
    ...wishes(role, patient),
  ];
}

function single(
  patient: Patient,
  url: string,
  bearer: XmlElement | undefined,
  value: Extension | undefined,
): Change[] {
  if (!bearer || updateModeOf(bearer) === undefined) return [];
  return extensionOf(patient, url, rules.checkedMode(bearer, false), value);
}

function pharmacies(person: XmlElement | undefined, patient: Patient): Change[] {
  return provisionElements(person).flatMap((element) => {
    const url = Object.entries(pharmacyKinds).find(([code]) => code === codeOf(element))?.[1];
    if (url === undefined) return [];
    const value = provisionOf(element)?.reference.identifier?.value ?? '';
    return extensionOf(
      patient,
      url,
      rules.checkedMode(element, false),
      pharmacyExtension(url, value),
    );
  });
}

/** Two observations in HL7 V3, one extension in FHIR: what an update does not name stays. */
function wishes(role: XmlElement, patient: Patient): Change[] {
  const method = subjectNamed(role, 'preferredContactMethod');
  const format = subjectNamed(role, 'preferredWrittenCommunicationFormat');
  const named = [method, format].filter(
    (element) => element !== undefined && updateModeOf(element) !== undefined,
  );
  if (named.length === 0) return [];
  const url = extensionUrls.contactPreference;
  const held = patient.extension?.find((one) => one.url === url)?.extension ?? [];
  const isFormat = (part: Extension) => part.url === 'PreferredWrittenCommunicationFormat';
  const parts = (element: XmlElement | undefined, key: 'method' | 'format') => {
    const kept = held.filter((part) => isFormat(part) === (key === 'format'));
    if (!element || updateModeOf(element) === undefined) return kept;
    if (rules.checkedMode(element, false) === 'removed') return [];
    return fromContactWishes({ [key]: element })?.extension ?? [];
  };
  const extension = [...parts(format, 'format'), ...parts(method, 'method')];
  const there = patient.extension?.some((one) => one.url === url);
  const mode = extension.length === 0 ? 'removed' : there ? 'altered' : 'added';
  return extensionOf(patient, url, mode, { url, extension });
}
