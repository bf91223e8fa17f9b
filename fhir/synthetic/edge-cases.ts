/**
 * The people of fixtures/patients/edge-case-people.json, one for each difficulty, as records.
 * Owns the reading of that file's notation; the people themselves are data.
 */
import type { NameSketch, AddressSketch, RemovalCode, Sketch, TelecomSketch } from './sketch.ts';

/** A person as the file writes one. */
export interface EdgeCase {
  readonly key: string;
  readonly nhsNumber: string;
  readonly tags: readonly string[];
  readonly name: readonly NameSketch[];
  readonly gender: NonNullable<Sketch['gender']>;
  readonly birthDate: string;
  readonly multipleBirthInteger?: number;
  readonly deceasedDateTime?: string;
  readonly deathNotificationStatus?: '1' | '2' | 'U';
  readonly address?: readonly AddressSketch[];
  readonly addressHistory?: readonly AddressSketch[];
  readonly telecom?: readonly TelecomInFile[];
  readonly contact?: readonly { family: string; given: string; phone: string }[];
  readonly communication?: { language: string; interpreterRequired: boolean };
  readonly gp?: string;
  readonly removal?: RemovalCode;
  readonly supersededBy?: string;
  readonly invalidated?: boolean;
  readonly restricted?: boolean;
}

interface TelecomInFile {
  readonly system: 'phone' | 'email';
  readonly use?: TelecomSketch['use'];
  readonly value: string;
}

/** Since when whatever has no date of its own is so. */
const since = { start: '2015-04-01' };

const languages: Readonly<Record<string, string>> = { q4: 'British Sign Language', ro: 'Romanian' };

/** The person in the notation from which records are made. The key is the first tag. */
export function edgeCaseSketch(person: EdgeCase): Sketch {
  const { communication: spoken, contact = [], addressHistory } = person;
  const label = person.invalidated ? 'REDACTED' : person.restricted ? 'R' : undefined;
  return {
    nhsNumber: person.nhsNumber,
    ...(label ? { label } : {}),
    names: oneUsual(person.name),
    gender: person.gender,
    birthDate: person.birthDate,
    ...(person.multipleBirthInteger === undefined
      ? {}
      : { multipleBirth: person.multipleBirthInteger }),
    ...deathOf(person),
    ...(person.address ? { addresses: person.address.map(withTerm) } : {}),
    ...(person.telecom
      ? { telecoms: person.telecom.map((each) => ({ period: since, use: 'home', ...each })) }
      : {}),
    ...(contact.length > 0
      ? { contacts: contact.map(({ phone }) => ({ period: since, value: phone })) }
      : {}),
    ...(person.gp ? { practice: { code: person.gp, period: since } } : {}),
    ...(spoken ? { language: languageOf(spoken) } : {}),
    ...removalOf(person),
    ...(person.supersededBy ? { supersededBy: person.supersededBy } : {}),
    ...(addressHistory ? { former: { addresses: addressHistory } } : {}),
    ...(contact.length > 0 ? { related: contact.map(motherOf) } : {}),
    tags: [person.key, ...person.tags],
  };
}

/** PDS has one usual name; a second one, not yet in force, is held as a temporary one. */
function oneUsual(names: readonly NameSketch[]): NameSketch[] {
  const usual = names.filter(({ use }) => use === 'usual');
  const current = usual.find(({ period }) => period?.end !== undefined) ?? usual[0];
  const rest = names.filter((name) => name !== current);
  return [
    ...(current ? [current] : []),
    ...rest.map((name) => (name.use === 'usual' ? { ...name, use: 'temp' as const } : name)),
  ];
}

function deathOf({
  deceasedDateTime: at,
  deathNotificationStatus: status,
  birthDate,
}: EdgeCase): Pick<Sketch, 'death'> {
  if (!status) return {};
  const day = fullDay(at ?? birthDate);
  return { death: { ...(at ? { at } : {}), status, noted: `${day}T00:00:00+00:00` } };
}

/** A partial date filled up with ones. */
function fullDay(date: string): string {
  return date.slice(0, 10) + '0000-01-01'.slice(date.slice(0, 10).length);
}

/** Those who left have an organisation that looks after the record; the registered dead have none. */
function removalOf(person: EdgeCase): Pick<Sketch, 'removal' | 'managing'> {
  if (person.removal)
    return {
      removal: { code: person.removal, ...since },
      managing: { code: 'Y90950', period: since },
    };
  if (person.deathNotificationStatus === '2' && person.deceasedDateTime)
    return { removal: { code: 'DEA', start: fullDay(person.deceasedDateTime) } };
  return {};
}

/** Addresses other than the home are for a time, as PDS requires. */
function withTerm(address: AddressSketch): AddressSketch {
  if (address.use === 'home' || address.period) return address;
  return { ...address, period: { start: '2025-09-20', end: '2026-06-30' } };
}

function languageOf({ language, interpreterRequired }: NonNullable<EdgeCase['communication']>) {
  return {
    code: language,
    display: languages[language] ?? language,
    interpreter: interpreterRequired,
  };
}

function motherOf({ family, given, phone }: { family: string; given: string; phone: string }) {
  return {
    type: 'MTH' as const,
    nextOfKin: true,
    period: since,
    rank: 1,
    name: { given: [given], family },
    phone,
  };
}
