/** How a person wishes to be spoken with and written to: two extensions shared by Patient and RelatedPerson (4.3). */
import type { Extension } from 'fhir/r4.js';
import { concept, extensionUrls } from '../pds/fields/extensions.ts';

/** A language of UKCore-HumanLanguage other than English. */
export interface LanguageSketch {
  readonly code: string;
  readonly display: string;
  readonly interpreter: boolean;
}

/** Codes of written format (11 to 13) and contact method (1 to 8), and times in words. */
export interface PreferenceSketch {
  readonly format?: string;
  readonly method?: string;
  readonly times?: string;
}

export function communication({ code, display, interpreter }: LanguageSketch): Extension {
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage';
  return {
    url: extensionUrls.communication,
    extension: [
      { url: 'language', valueCodeableConcept: concept(system, code, display, '1.0.0') },
      { url: 'interpreterRequired', valueBoolean: interpreter },
    ],
  };
}

const formatWords: Readonly<Record<string, string>> = {
  11: 'Large print',
  12: 'Braille',
  13: 'Audio tape',
};

const methodWords: Readonly<Record<string, string>> = {
  1: 'Letter',
  2: 'Visit',
  3: 'Telephone',
  4: 'E-mail',
  5: 'Minicom (Textphone)',
  6: 'Telephone contact via proxy',
  7: 'Sign language',
  8: 'No Telephone contact',
};

export function contactPreference({ format, method, times }: PreferenceSketch): Extension {
  const coded = (name: string, code: string, words: Readonly<Record<string, string>>) => ({
    url: name,
    valueCodeableConcept: concept(
      `https://fhir.hl7.org.uk/CodeSystem/UKCore-${name}`,
      code,
      words[code] ?? code,
    ),
  });
  return {
    url: extensionUrls.contactPreference,
    extension: [
      ...(format ? [coded('PreferredWrittenCommunicationFormat', format, formatWords)] : []),
      ...(method ? [coded('PreferredContactMethod', method, methodWords)] : []),
      ...(times ? [{ url: 'PreferredContactTimes', valueString: times }] : []),
    ],
  };
}
