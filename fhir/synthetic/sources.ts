/**
 * What people are made from: names by birth years, heritages, places, organisations, read from fixtures/ once.
 * Owns the reading and the weighted lists; the rules that use them are in names.ts and household.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrganisations, type Organisation } from './organisations.ts';
import { weighted, type Weighted } from './random.ts';

export type Sex = 'female' | 'male';

/** The most frequent given names of one span of birth years. */
export interface Cohort {
  readonly from: number;
  readonly to: number;
  readonly female: Weighted<string>;
  readonly male: Weighted<string>;
}

export interface Heritage {
  readonly code: string;
  readonly families: Weighted<string>;
  /** Given names of its own; absent where the cohorts are used. */
  readonly female?: readonly string[];
  readonly male?: readonly string[];
}

export interface Town {
  readonly name: string;
  readonly county: string;
  /** Postcode district within area AA. */
  readonly district: number;
  /** A telephone area in which numbers are set aside for drama. */
  readonly area: string;
  /** Codes of its open practices and pharmacies. */
  readonly practices: readonly string[];
  readonly pharmacies: readonly string[];
}

export interface Sources {
  readonly cohorts: readonly Cohort[];
  readonly heritages: Weighted<Heritage>;
  readonly towns: readonly Town[];
  readonly streets: readonly string[];
  readonly streetKinds: readonly string[];
  readonly houses: readonly string[];
  readonly localities: readonly string[];
  /** Closed practices, where some registrations were never ended. */
  readonly closedPractices: readonly string[];
  /** Organisations that look after records of people without a practice. */
  readonly authorities: readonly string[];
}

export interface SourceOptions {
  /** Family names never to give, so that a published search over a range of dates finds nobody it should not. */
  readonly withoutFamilies?: readonly string[];
}

/**
 * Reads the fixtures. `fixturesDir` is the folder `fixtures` of the package.
 * Throws what node:fs and JSON throw: the files are part of the package.
 */
export function loadSources(fixturesDir: string, options: SourceOptions = {}): Sources {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(fixturesDir, name), 'utf8'));
  const organisations = loadOrganisations(fixturesDir);
  const places = read('patients/places.json') as Places; // our own file, its shape is tested with the people made from it
  return {
    cohorts: cohortsOf(read('patients/given-names.json') as GivenNames), // as above
    heritages: heritagesOf(
      read('patients/naming-by-heritage.json') as HeritageFile, // as above
      read('patients/family-names.json') as FamilyNames, // as above
      new Set(options.withoutFamilies),
    ),
    towns: places.towns.map((town, i) => ({
      name: town.town,
      county: town.county,
      district: town.district,
      area: town.area,
      practices: openIn(organisations, 'practice', i, places.towns.length),
      pharmacies: openIn(organisations, 'pharmacy', i, places.towns.length),
    })),
    streets: places.streets.split(' '),
    streetKinds: places.kinds.split(' '),
    houses: places.houses,
    localities: places.localities,
    closedPractices: codes(organisations, 'practice', 'closed'),
    authorities: codes(organisations, 'authority', 'active'),
  };
}

interface Places {
  towns: { town: string; county: string; district: number; area: string }[];
  streets: string;
  kinds: string;
  houses: string[];
  localities: string[];
}

interface GivenNames {
  groups: { from: number; to: number; sex: 'F' | 'M'; names: string; births?: number[] }[];
}

interface HeritageFile {
  groups: {
    code: string;
    share: number;
    family: Record<string, number>;
    female?: string[];
    male?: string[];
  }[];
}

interface FamilyNames {
  common: string;
  withApostrophe: string[];
}

function cohortsOf({ groups }: GivenNames): Cohort[] {
  const listOf = (from: number, sex: 'F' | 'M') => {
    const group = groups.find((each) => each.from === from && each.sex === sex);
    const names = group?.names.split('|') ?? [];
    // Where only ranks are published this weight falls off as the later counts do.
    return weighted(
      names.map((name, rank) => [name, group?.births?.[rank] ?? 100_000 / (rank + 9)] as const),
    );
  };
  return groups
    .filter(({ sex }) => sex === 'F')
    .map(({ from, to }) => ({ from, to, female: listOf(from, 'F'), male: listOf(from, 'M') }));
}

function heritagesOf(
  { groups }: HeritageFile,
  names: FamilyNames,
  without: ReadonlySet<string>,
): Weighted<Heritage> {
  return weighted(
    groups.map(({ code, share, family, female, male }) => {
      const wider = code === 'white-british' ? widerFamilies(names) : [];
      const families = [...Object.entries(family), ...wider].filter(([name]) => !without.has(name));
      const heritage: Heritage = {
        code,
        families: weighted(families.map(([name, weight]) => [storable(name), weight] as const)),
        ...(female ? { female: female.map(storable) } : {}),
        ...(male ? { male: male.map(storable) } : {}),
      };
      // The white British share of the file counts the Welsh and is lowered by them.
      return [heritage, (code === 'white-british' ? share - 0.03 : share) * 1000] as const;
    }),
  );
}

function widerFamilies({ common, withApostrophe }: FamilyNames): [string, number][] {
  return [
    ...common.split(' ').map((name): [string, number] => [name, 7]),
    ...withApostrophe.map((name): [string, number] => [name, 2]),
  ];
}

/**
 * A name in the letters that PDS takes (pds-fhir 3.4: up to U+017F, plain apostrophe). A letter beyond them keeps
 * as many of its marks as can be kept: ễ becomes ê, ș becomes ş.
 */
export function storable(name: string): string {
  return [...name.normalize('NFC')].map(storableLetter).join('');
}

const cedilla: Readonly<Record<string, string>> = { ș: 'ş', Ș: 'Ş', ț: 'ţ', Ț: 'Ţ', '’': "'" };

function storableLetter(letter: string): string {
  const replaced = cedilla[letter] ?? letter;
  if ((replaced.codePointAt(0) ?? 0) < 384) return replaced;
  const parts = [...replaced.normalize('NFD')];
  for (let length = parts.length - 1; length > 0; length--) {
    const shorter = parts.slice(0, length).join('').normalize('NFC');
    if (shorter.length === 1 && (shorter.codePointAt(0) ?? 0) < 384) return shorter;
  }
  return '';
}

/** The open organisations of a town: every nth of the list, as the fixtures lay them out. */
function openIn(
  all: readonly Organisation[],
  role: Organisation['role'],
  town: number,
  towns: number,
): string[] {
  return all
    .filter(({ code }) => Number(code.slice(3)) % towns === town && code.startsWith('Y90'))
    .filter((each) => each.role === role && each.status === 'active' && each.published !== true)
    .map(({ code }) => code);
}

function codes(
  all: readonly Organisation[],
  role: Organisation['role'],
  status: Organisation['status'],
): string[] {
  return all.filter((each) => each.role === role && each.status === status).map(({ code }) => code);
}
