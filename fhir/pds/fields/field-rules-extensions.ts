/**
 * The extensions of a Patient that can be written (pds-fhir 3.4, 4.3): pharmacies, death notification, communication,
 * contact preference, place of birth. Paths in the texts begin inside the extension, as the national service words them.
 */
import type { Coding, Extension } from 'fhir/r4.js';
import { isOdsCode, odsCodeSystem } from '../../identifiers.ts';
import { invalidUpdate, missingValue } from '../errors.ts';
import { codeSystems, extensionUrls } from './extensions.ts';
import { currentUrl } from './field-rules-addresses.ts';
import { momentOf } from './field-rules-dates.ts';
import {
  given,
  isBlank,
  listOf,
  objectOf,
  required,
  textOf,
  unsupported,
  wrong,
  type Fields,
  type Rules,
} from './field-rules-values.ts';
import {
  contactMethods,
  countries,
  deathStatuses,
  languages,
  writtenFormats,
} from './reference-data.ts';

type ExtensionKind =
  'pharmacy' | 'death notification' | 'communication' | 'contact preference' | 'birth place';

const kinds: Readonly<Record<string, ExtensionKind>> = {
  [extensionUrls.nominatedPharmacy]: 'pharmacy',
  [extensionUrls.medicalApplianceSupplier]: 'pharmacy',
  [extensionUrls.preferredDispenser]: 'pharmacy',
  [extensionUrls.deathNotification]: 'death notification',
  [extensionUrls.communication]: 'communication',
  [extensionUrls.contactPreference]: 'contact preference',
  [extensionUrls.birthPlace]: 'birth place',
};

/** What an extension with this url says, when it is one that can be written; the prefix of 2020 is understood. */
export function kindOf(url: unknown): ExtensionKind | undefined {
  const today = currentUrl(url);
  return typeof today === 'string' && Object.hasOwn(kinds, today) ? kinds[today] : undefined;
}

/** The value as an extension of a Patient that can be written, checked, with today's url. */
export function extensionOf(value: unknown, path: string, rules: Rules): Extension {
  const fields = objectOf(value, path, ['url', 'extension', 'valueReference', 'valueAddress']);
  const url = required(fields, 'url', path);
  const today = currentUrl(url);
  const kind = kindOf(url);
  if (kind === undefined || typeof today !== 'string') throw wrong(url, 'url');
  if (fields.extension !== undefined && !Array.isArray(fields.extension))
    throw invalidUpdate('extension not in correct format');
  return { url: today, ...readers[kind](fields, rules) };
}

const readers: Readonly<
  Record<ExtensionKind, (fields: Fields, rules: Rules) => Omit<Extension, 'url'>>
> = {
  pharmacy,
  'death notification': deathNotification,
  communication,
  'contact preference': contactPreference,
  'birth place': birthPlace,
};

/** A single current pharmacy: a code; system and period are not the caller's to say. */
function pharmacy(fields: Fields): Omit<Extension, 'url'> {
  objectOf(fields, 'extension', ['url', 'valueReference']);
  const at = 'valueReference';
  const members = ['identifier', 'reference', 'type', 'display'];
  const reference = objectOf(requiredAt(fields, at, at), at, members);
  const identifier = objectOf(
    requiredAt(reference, 'identifier', `${at}/identifier`),
    `${at}/identifier`,
    ['system', 'value', 'period'],
  );
  const value = requiredAt(identifier, 'value', `${at}/identifier/value`);
  if (typeof value !== 'string' || !isOdsCode(value)) throw wrong(value, `${at}/identifier/value`);
  return { valueReference: { identifier: { system: odsCodeSystem, value } } };
}

function requiredAt(fields: Fields, name: string, path: string): unknown {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (isBlank(value)) throw missingValue(path);
  return value;
}

/** The date is the server's: whatever was sent, it is when this status was set. */
function deathNotification(fields: Fields, rules: Rules): Omit<Extension, 'url'> {
  const parts = partsOf(
    fields,
    ['deathNotificationStatus', 'systemEffectiveDate'],
    ['valueCodeableConcept', 'valueDateTime'],
  );
  const status = parts.get('deathNotificationStatus');
  if (!status) throw missingValue('deathNotificationStatus');
  const coding = codingOf(status, 'valueCodeableConcept', deathStatuses, {
    system: codeSystems.deathNotification,
    version: '1.0.0',
  });
  if (coding.code === 'U') throw unsupported('U', 'valueCodeableConcept/coding/0/code');
  return {
    extension: [
      { url: 'deathNotificationStatus', valueCodeableConcept: { coding: [coding] } },
      { url: 'systemEffectiveDate', valueDateTime: momentOf(rules.now) },
    ],
  };
}

function communication(fields: Fields): Omit<Extension, 'url'> {
  const parts = partsOf(
    fields,
    ['language', 'interpreterRequired'],
    ['valueCodeableConcept', 'valueBoolean'],
  );
  const language = parts.get('language');
  const interpreter = parts.get('interpreterRequired');
  if (!language) throw missingValue('language');
  const coding = codingOf(language, 'valueCodeableConcept', languages, {
    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage',
    version: '1.0.0',
  });
  const needed = interpreter?.valueBoolean;
  if (interpreter && typeof needed !== 'boolean') {
    if (isBlank(needed)) throw missingValue('interpreterRequired/valueBoolean');
    throw wrong(needed, 'interpreterRequired/valueBoolean');
  }
  return {
    extension: [
      { url: 'language', valueCodeableConcept: { coding: [coding] } },
      ...(typeof needed === 'boolean'
        ? [{ url: 'interpreterRequired', valueBoolean: needed }]
        : []),
    ],
  };
}

const preferenceLists = {
  PreferredWrittenCommunicationFormat: writtenFormats,
  PreferredContactMethod: contactMethods,
} as const;

/** Sub-extensions keep the order they were sent in. */
function contactPreference(fields: Fields): Omit<Extension, 'url'> {
  const urls = [...Object.keys(preferenceLists), 'PreferredContactTimes'];
  const parts = partsOf(fields, urls, ['valueCodeableConcept', 'valueString']);
  if (parts.size === 0) throw missingValue('extension');
  const extension = [...parts].map(([url, part]) =>
    url === 'PreferredContactTimes' ? contactTimes(part) : preference(url, part),
  );
  if (parts.has('PreferredContactTimes') && !parts.has('PreferredContactMethod'))
    throw invalidUpdate(
      "'PreferredContactMethod' must be supplied when 'PreferredContactTimes' is supplied",
    );
  return { extension };
}

function preference(url: string, part: Fields): Extension {
  const list =
    url === 'PreferredContactMethod'
      ? preferenceLists.PreferredContactMethod
      : preferenceLists.PreferredWrittenCommunicationFormat;
  const coding = codingOf(part, `${url} valueCodeableConcept`, list, {
    system: `https://fhir.hl7.org.uk/CodeSystem/UKCore-${url}`,
  });
  return { url, valueCodeableConcept: { coding: [coding] } };
}

function contactTimes({ valueString }: Fields): Extension {
  const url = 'PreferredContactTimes';
  if (isBlank(valueString)) throw invalidUpdate(`valueString missing or empty for url=${url}`);
  return { url, valueString: textOf(valueString, `${url}/valueString`, 40) };
}

function birthPlace(fields: Fields): Omit<Extension, 'url'> {
  objectOf(fields, 'extension', ['url', 'valueAddress']);
  const place = objectOf(requiredAt(fields, 'valueAddress', 'valueAddress'), 'valueAddress', [
    'city',
    'district',
    'country',
  ]);
  const textAt = (name: string) =>
    isBlank(place[name]) ? undefined : textOf(place[name], name, 100);
  const country = isBlank(place.country) ? undefined : place.country;
  if (country !== undefined && (typeof country !== 'string' || !countries.has(country)))
    throw wrong(country, 'country');
  const valueAddress = {
    ...given('city', textAt('city')),
    ...given('district', textAt('district')),
    ...given('country', country),
  };
  if (Object.keys(valueAddress).length === 0) throw missingValue('valueAddress');
  return { valueAddress };
}

/** The parts of a complex extension by url, each once. */
function partsOf(
  fields: Fields,
  urls: readonly string[],
  values: readonly string[],
): Map<string, Fields> {
  objectOf(fields, 'extension', ['url', 'extension']);
  const parts = new Map<string, Fields>();
  for (const [i, item] of listOf(fields.extension, 'extension', 10).entries()) {
    const part = objectOf(item, `extension/${i}`, ['url', ...values]);
    const url = required(part, 'url', `extension/${i}`);
    if (typeof url !== 'string' || !urls.includes(url)) throw wrong(url, `extension/${i}/url`);
    if (parts.has(url))
      throw invalidUpdate(`Too many extensions with url '${url}' on patched patient`);
    parts.set(url, part);
  }
  return parts;
}

/** The one coding of a part; what the caller leaves out of system, version and display is filled in. */
function codingOf(
  part: Fields,
  path: string,
  list: ReadonlyMap<string, string>,
  defaults: { system: string; version?: string },
): Coding {
  const concept = objectOf(requiredAt(part, 'valueCodeableConcept', path), path, [
    'coding',
    'text',
  ]);
  const codings = listOf(requiredAt(concept, 'coding', `${path}/coding`), `${path}/coding`, 1);
  if (codings.length === 0) throw missingValue(`${path}/coding`);
  const at = `${path}/coding/0`;
  const coding = objectOf(codings[0], at, ['system', 'version', 'code', 'display']);
  const code = requiredAt(coding, 'code', `${at}/code`);
  const name = typeof code === 'string' ? list.get(code) : undefined;
  if (typeof code !== 'string' || name === undefined) throw wrong(code, `${at}/code`);
  return {
    system: systemOf(coding.system, `${at}/system`, defaults.system),
    ...given(
      'version',
      isBlank(coding.version) ? defaults.version : textOf(coding.version, `${at}/version`, 20),
    ),
    code,
    display: isBlank(coding.display) ? name : textOf(coding.display, `${at}/display`, 200),
  };
}

/** Today's address of the code system, or one of the older ones for it, which is kept as sent. */
function systemOf(value: unknown, path: string, today: string): string {
  if (isBlank(value)) return today;
  const name = today.slice(today.lastIndexOf('/') + 1);
  const older = ['CodeSystem', 'ValueSet'].map((kind) => `https://fhir.nhs.uk/R4/${kind}/${name}`);
  if (typeof value !== 'string' || ![today, ...older].includes(value)) throw wrong(value, path);
  return value;
}
