/** Languages spoken and places of birth, by heritage (synthetic-patients 3 and 4). */
import { yearOf } from './days.ts';
import type { Context, Household } from './household.ts';
import type { Random } from './random.ts';
import type { Sketch } from './sketch.ts';
import type { Heritage } from './sources.ts';

interface Origin {
  /** Codes and displays of UKCore-HumanLanguage. */
  readonly languages: readonly (readonly [string, string])[];
  readonly cities: readonly (readonly [city: string, country: string])[];
}

const origins: Readonly<Record<string, Origin>> = {
  welsh: {
    languages: [['cy', 'Welsh']],
    cities: [
      ['Caernarfon', '3'],
      ['Swansea', '3'],
    ],
  },
  irish: {
    languages: [],
    cities: [
      ['Cork', 'IRL'],
      ['Galway', 'IRL'],
    ],
  },
  polish: {
    languages: [['pl', 'Polish']],
    cities: [
      ['Kraków', 'POL'],
      ['Poznań', 'POL'],
    ],
  },
  romanian: {
    languages: [['ro', 'Romanian']],
    cities: [
      ['Cluj-Napoca', 'ROU'],
      ['Brasov', 'ROU'],
    ],
  },
  baltic: {
    languages: [
      ['lt', 'Lithuanian'],
      ['lv', 'Latvian'],
    ],
    cities: [
      ['Kaunas', 'LTU'],
      ['Riga', 'LVA'],
    ],
  },
  'indian-hindu': {
    languages: [
      ['gu', 'Gujarati'],
      ['hi', 'Hindi'],
    ],
    cities: [
      ['Ahmedabad', 'IND'],
      ['Mumbai', 'IND'],
    ],
  },
  'indian-sikh': {
    languages: [['pa', 'Panjabi; Punjabi']],
    cities: [
      ['Jalandhar', 'IND'],
      ['Amritsar', 'IND'],
    ],
  },
  'south-indian-sri-lankan': {
    languages: [['ta', 'Tamil']],
    cities: [
      ['Jaffna', 'LKA'],
      ['Chennai', 'IND'],
    ],
  },
  pakistani: {
    languages: [
      ['ur', 'Urdu'],
      ['pa', 'Panjabi; Punjabi'],
    ],
    cities: [
      ['Mirpur', 'PAK'],
      ['Lahore', 'PAK'],
    ],
  },
  bangladeshi: {
    languages: [['bn', 'Bengali']],
    cities: [
      ['Sylhet', 'BGD'],
      ['Dhaka', 'BGD'],
    ],
  },
  chinese: {
    languages: [['zh', 'Chinese']],
    cities: [
      ['Hong Kong', 'HKG'],
      ['Guangzhou', 'CHN'],
    ],
  },
  'vietnamese-filipino-thai': {
    languages: [
      ['vi', 'Vietnamese'],
      ['tl', 'Tagalog'],
      ['th', 'Thai'],
    ],
    cities: [
      ['Hanoi', 'VNM'],
      ['Manila', 'PHL'],
    ],
  },
  'black-african-west': {
    languages: [
      ['yo', 'Yoruba'],
      ['fr', 'French'],
    ],
    cities: [
      ['Lagos', 'NGA'],
      ['Kumasi', 'GHA'],
    ],
  },
  'black-african-horn': {
    languages: [
      ['so', 'Somali'],
      ['ti', 'Tigrinya'],
      ['am', 'Amharic'],
    ],
    cities: [
      ['Hargeisa', 'SOM'],
      ['Asmara', 'ERI'],
    ],
  },
  'black-african-south': {
    languages: [['sn', 'Shona']],
    cities: [
      ['Harare', 'ZWE'],
      ['Bulawayo', 'ZWE'],
    ],
  },
  arab: {
    languages: [['ar', 'Arabic']],
    cities: [
      ['Baghdad', 'IRQ'],
      ['Damascus', 'SYR'],
    ],
  },
  'turkish-kurdish-cypriot': {
    languages: [
      ['tr', 'Turkish'],
      ['ku', 'Kurdish'],
    ],
    cities: [
      ['Izmir', 'TUR'],
      ['Larnaca', 'CYP'],
    ],
  },
  'iranian-afghan': {
    languages: [
      ['fa', 'Persian'],
      ['ps', 'Pushto'],
    ],
    cities: [
      ['Tehran', 'IRN'],
      ['Kabul', 'AFG'],
    ],
  },
  'iberian-latin': {
    languages: [
      ['pt', 'Portuguese'],
      ['es', 'Spanish; Castilian'],
    ],
    cities: [
      ['Porto', 'PRT'],
      ['Sevilla', 'ESP'],
    ],
  },
  'ukrainian-russian-bulgarian': {
    languages: [
      ['uk', 'Ukrainian'],
      ['ru', 'Russian'],
      ['bg', 'Bulgarian'],
    ],
    cities: [
      ['Lviv', 'UKR'],
      ['Plovdiv', 'BGR'],
    ],
  },
  'jewish-orthodox': {
    languages: [
      ['yi', 'Yiddish'],
      ['he', 'Hebrew'],
    ],
    cities: [['Antwerp', 'BEL']],
  },
};

/** The language to speak with a person, where it is not English; a fifth of those need an interpreter. */
export function languageOf(
  random: Random,
  heritage: Heritage,
  born: number,
  today: number,
): Pick<Sketch, 'language'> {
  if (random.chance(0.0004))
    return { language: { code: 'q4', display: 'British Sign Language', interpreter: true } };
  const languages = origins[heritage.code]?.languages ?? [];
  const age = yearOf(today) - yearOf(born);
  const share = heritage.code === 'welsh' ? 0.06 : age < 25 ? 0.25 : 0.5;
  if (languages.length === 0 || !random.chance(share)) return {};
  const [code, display] = random.pick(languages);
  return {
    language: {
      code,
      display,
      interpreter: code !== 'cy' && random.chance(age > 60 ? 0.35 : 0.17),
    },
  };
}

/** Where a person was born: abroad for many of a heritage from abroad, else in one of the towns. */
export function birthPlaceOf(
  random: Random,
  household: Household,
  { sources }: Context,
): NonNullable<Sketch['birthPlace']> {
  const cities = origins[household.heritage.code]?.cities ?? [];
  if (cities.length > 0 && random.chance(0.5)) {
    const [city, country] = random.pick(cities);
    return { city, country };
  }
  const town = random.chance(0.7) ? household.town : random.pick(sources.towns);
  return {
    city: town.name,
    ...(random.chance(0.7) ? { district: town.county } : {}),
    country: random.pick(['GBR', 'GBR', '1', '1', '1', '3']),
  };
}
