/** Day, time and place of birth between FHIR and HL7 V3. */
import type { Address, Extension, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { allOf, at, attributeOf, hl7, wordsOf } from './elements.ts';
import { fromHl7Time, toHl7Time } from './times.ts';

/** With the time of day where it is known. */
export function toBirthTime({ birthDate, _birthDate }: Patient): XmlElement | undefined {
  const moment = _birthDate?.extension?.find(({ url }) => url === extensionUrls.birthTime);
  const value = toHl7Time(moment?.valueDateTime ?? birthDate);
  return value === undefined ? undefined : hl7('birthTime', { value });
}

export function fromBirthTime(
  person: XmlElement | undefined,
): Pick<Patient, 'birthDate' | '_birthDate'> {
  const read = fromHl7Time(attributeOf(at(person, 'birthTime'), 'value'));
  if (read === undefined) return {};
  const [day = read] = read.split('T');
  if (day === read) return { birthDate: day };
  return {
    birthDate: day,
    _birthDate: { extension: [{ url: extensionUrls.birthTime, valueDateTime: read }] },
  };
}

/** Town, county and country take the first three lines. */
export function toBirthPlace(extensions: readonly Extension[] | undefined): XmlElement | undefined {
  const place = extensions?.find(({ url }) => url === extensionUrls.birthPlace)?.valueAddress;
  if (!place) return undefined;
  const lines = [place.city, place.district, place.country];
  return hl7(
    'birthplace',
    { classCode: 'BIRTHPL' },
    hl7(
      'addr',
      {},
      lines.map((line) => hl7('streetAddressLine', {}, line)),
    ),
  );
}

export function fromBirthPlace(person: XmlElement | undefined): Extension | undefined {
  const lines = allOf(at(person, 'birthplace', 'addr'), 'streetAddressLine').map(wordsOf);
  const [city, district, country] = lines;
  const place: Address = {
    ...(city === undefined ? {} : { city }),
    ...(district === undefined ? {} : { district }),
    ...(country === undefined ? {} : { country }),
  };
  return Object.keys(place).length === 0
    ? undefined
    : { url: extensionUrls.birthPlace, valueAddress: place };
}
