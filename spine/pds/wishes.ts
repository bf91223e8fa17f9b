/**
 * How a person wishes to be spoken with and written to, between the FHIR extensions and HL7 V3: language, ways and times of
 * contact, written format. Shared by the person and by related people.
 */
import type { Coding, Extension } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls, partOf } from '../../fhir/pds/fields/extensions.ts';
import { contactMethods, languages, writtenFormats } from '../../fhir/pds/fields/reference-data.ts';
import { at, attributeOf, hl7, wordsOf } from './elements.ts';
import { codeSystems as oids } from '../hl7v3/ids.ts';

/** A code with its name, where that is not the one of our table. */
export function codedOf(
  coding: Coding | undefined,
  names: ReadonlyMap<string, string>,
): { code?: string | undefined; displayName?: string | undefined } {
  const { code, display } = coding ?? {};
  return { code, displayName: display === names.get(code ?? '') ? undefined : display };
}

export function displayOf(
  element: XmlElement | undefined,
  names: ReadonlyMap<string, string>,
): string {
  const code = attributeOf(element, 'code') ?? '';
  return attributeOf(element, 'displayName') ?? names.get(code) ?? code;
}

const extensionIn = (extensions: readonly Extension[] | undefined, url: string) =>
  extensions?.find((one) => one.url === url);

const codingIn = (extension: Extension | undefined, part: string) =>
  extension && partOf(extension, part)?.valueCodeableConcept?.coding?.[0];

export function toLanguage(extensions: readonly Extension[] | undefined): XmlElement | undefined {
  const held = extensionIn(extensions, extensionUrls.communication);
  if (!held) return undefined;
  const interpreter = partOf(held, 'interpreterRequired')?.valueBoolean;
  return hl7(
    'languageCommunication',
    {},
    hl7('languageCode', codedOf(codingIn(held, 'language'), languages)),
    hl7('preferenceInd', { value: 'true' }),
    interpreter === undefined
      ? undefined
      : hl7('proficiencyLevelCode', {
          code: interpreter ? '1' : '0',
          codeSystem: oids.interpreterRequired,
        }),
  );
}

export function fromLanguage(person: XmlElement | undefined): Extension | undefined {
  const held = at(person, 'languageCommunication');
  const code = attributeOf(at(held, 'languageCode'), 'code');
  if (!held || code === undefined) return undefined;
  const interpreter = attributeOf(at(held, 'proficiencyLevelCode'), 'code');
  return {
    url: extensionUrls.communication,
    extension: [
      {
        url: 'language',
        valueCodeableConcept: {
          coding: [
            {
              system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage',
              version: '1.0.0',
              code,
              display: displayOf(at(held, 'languageCode'), languages),
            },
          ],
        },
      },
      ...(interpreter === undefined
        ? []
        : [{ url: 'interpreterRequired', valueBoolean: interpreter === '1' }]),
    ],
  };
}

/** The two observations about contact: by which means and when, and in which written form. */
export interface ContactWishes {
  readonly method?: XmlElement | undefined;
  readonly format?: XmlElement | undefined;
}

export function toContactWishes(extensions: readonly Extension[] | undefined): ContactWishes {
  const held = extensionIn(extensions, extensionUrls.contactPreference);
  const method = codingIn(held, 'PreferredContactMethod');
  const format = codingIn(held, 'PreferredWrittenCommunicationFormat');
  const times = held && partOf(held, 'PreferredContactTimes')?.valueString;
  return {
    method:
      method || times !== undefined
        ? observation(
            'preferredContactMethod',
            '9',
            hl7('value', { ...codedOf(method, contactMethods), codeSystem: oids.contactMethod }),
            times === undefined ? undefined : timesOf(times),
          )
        : undefined,
    format: format
      ? observation(
          'preferredWrittenCommunicationFormat',
          '13',
          hl7('value', { ...codedOf(format, writtenFormats), codeSystem: oids.writtenFormat }),
        )
      : undefined,
  };
}

function timesOf(times: string): XmlElement {
  return hl7(
    'pertinentInformation',
    { typeCode: 'PERT' },
    observation('pertinentPreferredContactTimes', '10', hl7('value', {}, times)),
  );
}

/** An observation of the demographic kind: its code, then what it says. */
export function observation(
  name: string,
  code: string,
  ...said: readonly (XmlElement | undefined)[]
): XmlElement {
  return hl7(
    name,
    { classCode: 'OBS', moodCode: 'EVN' },
    hl7('code', { code, codeSystem: oids.demographicObservation }),
    said,
  );
}

export function fromContactWishes(wishes: ContactWishes): Extension | undefined {
  const format = at(wishes.format, 'value');
  const method = at(wishes.method, 'value');
  const times = wordsOf(
    at(wishes.method, 'pertinentInformation', 'pertinentPreferredContactTimes', 'value'),
  );
  const coded = (
    url: string,
    value: XmlElement | undefined,
    names: ReadonlyMap<string, string>,
  ) => {
    const code = attributeOf(value, 'code');
    return code === undefined
      ? []
      : [
          {
            url,
            valueCodeableConcept: {
              coding: [
                {
                  system: `https://fhir.hl7.org.uk/CodeSystem/UKCore-${url}`,
                  code,
                  display: displayOf(value, names),
                },
              ],
            },
          },
        ];
  };
  const extension = [
    ...coded('PreferredWrittenCommunicationFormat', format, writtenFormats),
    ...coded('PreferredContactMethod', method, contactMethods),
    ...(times === undefined ? [] : [{ url: 'PreferredContactTimes', valueString: times }]),
  ];
  return extension.length > 0 ? { url: extensionUrls.contactPreference, extension } : undefined;
}
