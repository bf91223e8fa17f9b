/**
 * What of a patient decides who is told: taken from the demographics record and, for practice and postcode, from the
 * registers of organisations and of areas. Owns these facts and the codes that rules compare with.
 */
import type { Patient } from 'fhir/r4.js';
import { fold } from '../../fhir/fold.ts';
import type { Organisation } from '../sds/directory.ts';
import type { Area, Areas } from './areas.ts';
import type { Rule } from './criteria.ts';

export interface Person {
  readonly nhsNumber: string;
  /** `yyyy`, `yyyy-mm` or `yyyy-mm-dd`; empty where it is not known. */
  readonly birthDate: string;
  /** Folded. */
  readonly families: readonly string[];
  /** The practice of the registration; absent for who has none. */
  readonly practice?: string;
  /** The organisation that commissions the practice: the ICB's sub location. */
  readonly practiceLocation?: string;
  /** Of the home address. */
  readonly area: Area;
}

/** @param organisation looks one up in the register, as the call sees it */
export async function personOf(
  patient: Patient,
  organisation: (odsCode: string) => Promise<Organisation | undefined>,
  areas: Areas,
): Promise<Person> {
  const code = registeredWith(patient);
  const found = code === undefined ? undefined : await organisation(code);
  const practice = isNone(code, found) ? undefined : code;
  const practiceLocation = practice === undefined ? undefined : commissionerOf(found);
  return {
    nhsNumber: patient.id ?? '',
    birthDate: patient.birthDate ?? '',
    families: (patient.name ?? []).flatMap(({ family }) =>
      family === undefined ? [] : [fold(family)],
    ),
    ...(practice === undefined ? {} : { practice }),
    ...(practiceLocation === undefined ? {} : { practiceLocation }),
    area: areas(postcodeOf(patient)),
  };
}

/** Every rule with the code that a subscription must name for this person. */
export function rulesOf({
  practice,
  practiceLocation,
  area,
}: Person): readonly (readonly [Rule, string])[] {
  const all: readonly (readonly [Rule, string | undefined])[] = [
    ['GP_GP_GP', practice],
    ['CHO_GP_CCG', practiceLocation],
    ['CHO_POSTCODE_CCG', area.location],
    ['UHV_POSTCODE_LACODE', area.authority],
    ['COUNTRYCODE', area.country],
  ];
  return all.flatMap(([rule, code]) => (code === undefined ? [] : [[rule, code] as const]));
}

/** Whole years; undefined where the day of birth is not known well enough to tell. */
export function ageOn(birthDate: string, now: number): number | undefined {
  const [year = '', month, day] = birthDate.split('-');
  if (!/^\d{4}$/.test(year)) return undefined;
  const today = new Date(now).toISOString().slice(0, 10);
  const had = today.slice(5) >= `${month ?? '01'}-${day ?? '01'}`;
  return Number(today.slice(0, 4)) - Number(year) - (had ? 0 : 1);
}

/** PDS shows what is current; periods are not looked at, for those of the published records ended years ago. */
function registeredWith({ generalPractitioner = [] }: Patient): string | undefined {
  return generalPractitioner[0]?.identifier?.value?.toUpperCase();
}

const practiceRole = 'RO76';

/** The codes that stand for no practice are in the register, and none has a practice's role. */
function isNone(code: string | undefined, found: Organisation | undefined): boolean {
  if (code === undefined || /^V8199[789]$/.test(code)) return true;
  return found !== undefined && !found.roles.some(({ id }) => id === practiceRole);
}

function commissionerOf(found: Organisation | undefined): string | undefined {
  return found?.relationships.find(({ id, active }) => id === 'RE4' && active)?.target;
}

function postcodeOf({ address = [] }: Patient): string {
  return address.find(({ use = 'home' }) => use === 'home')?.postalCode ?? '';
}
