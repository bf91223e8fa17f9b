/**
 * Family names in the way of each heritage: shared, changed by sex, each one's own, handed down as a patronymic
 * (rules of fixtures/patients/naming-by-heritage.json).
 */
import type { Random } from './random.ts';
import type { Heritage, Sex } from './sources.ts';

type Rule =
  'shared' | 'own' | 'gendered' | 'patronymic' | 'two-names' | 'sikh' | 'keeps' | 'initial';

const rules: Readonly<Record<string, Rule>> = {
  polish: 'gendered',
  baltic: 'gendered',
  'ukrainian-russian-bulgarian': 'gendered',
  irish: 'gendered',
  pakistani: 'own',
  bangladeshi: 'own',
  'black-african-horn': 'patronymic',
  'iberian-latin': 'two-names',
  'indian-sikh': 'sikh',
  arab: 'keeps',
  chinese: 'keeps',
  'south-indian-sri-lankan': 'initial',
};

/** Names that only women bear, among heritages where each member has their own. */
const womenOnly: ReadonlySet<string> = new Set(['Begum', 'Bibi', 'Khatun', 'Akhtar', 'Kaur']);

/** The names of the family of one household, worked out once. */
export interface FamilyNames {
  readonly heritage: Heritage;
  readonly rule: Rule;
  /** What the family is called; the father's name where members differ. */
  readonly name: string;
  /** What the wife was called before, and after where she keeps it. */
  readonly mothersName: string;
  /** Children bear both parents' names. */
  readonly doubleBarrelled: boolean;
  /** The wife took her husband's name. */
  readonly wifeChanged: boolean;
  /** Given names of the father and grandfather, for heritages that hand them down. */
  readonly fathersGiven: string;
  readonly grandfathersGiven: string;
}

/** Draws a family's names. `parentsBorn` is the birth year of the eldest parent. */
export function familyNames(
  random: Random,
  heritage: Heritage,
  parentsBorn: number,
  forefathers: { father: string; grandfather: string },
): FamilyNames {
  const rule = rules[heritage.code] ?? 'shared';
  const name = menName(random, heritage);
  return {
    heritage,
    rule,
    name,
    mothersName: menName(random, heritage),
    doubleBarrelled: rule === 'shared' && random.chance(parentsBorn > 1972 ? 0.17 : 0.05),
    wifeChanged: random.chance(parentsBorn > 1985 ? 0.55 : 0.9),
    fathersGiven: forefathers.father,
    grandfathersGiven: forefathers.grandfather,
  };
}

function menName(random: Random, heritage: Heritage): string {
  for (let i = 0; i < 8; i++) {
    const name = manForm(random.draw(heritage.families));
    if (!womenOnly.has(name)) return name;
  }
  return manForm(heritage.families.items[0] ?? 'Smith');
}

/** The head of the household, or the father. */
export function fathersName(family: FamilyNames): string {
  if (family.rule === 'sikh' && family.name !== 'Singh') return family.name;
  if (family.rule === 'patronymic') return family.grandfathersGiven;
  return family.name;
}

/** The mother or wife: her name now, and her name before where she changed it. */
export function mothersNames(
  random: Random,
  family: FamilyNames,
): { now: string; before?: string } {
  const before = womanForm(family.mothersName, 'unmarried');
  if (family.rule === 'own') return { now: womansOwn(random, family.heritage) };
  if (family.rule === 'sikh') return { now: family.name === 'Singh' ? 'Kaur' : family.name };
  if (family.rule !== 'shared' && family.rule !== 'gendered') return { now: before };
  if (!family.wifeChanged) return { now: before };
  return { now: womanForm(family.name, 'married'), before };
}

/** A child, or anybody of the younger generation. `random` decides what may differ between siblings. */
export function childsName(random: Random, family: FamilyNames, sex: Sex): string {
  switch (family.rule) {
    case 'own':
      return sex === 'female' && random.chance(0.45)
        ? womansOwn(random, family.heritage)
        : family.name;
    case 'patronymic':
      return family.fathersGiven;
    case 'sikh':
      if (family.name !== 'Singh') return family.name;
      return sex === 'female' ? 'Kaur' : 'Singh';
    case 'gendered':
      return sex === 'female' ? womanForm(family.name, 'unmarried') : family.name;
    case 'two-names':
      return fitted(`${firstWord(family.name)} ${firstWord(family.mothersName)}`, family.name);
    case 'initial':
      return family.fathersGiven.slice(0, 1);
    default:
      if (!family.doubleBarrelled) return family.name;
      // Siblings of one family are not always registered in the same order.
      return random.chance(0.12)
        ? fitted(`${family.mothersName}-${family.name}`, family.name)
        : fitted(`${family.name}-${family.mothersName}`, family.name);
  }
}

function womansOwn(random: Random, heritage: Heritage): string {
  for (let i = 0; i < 3; i++) {
    const name = random.draw(heritage.families);
    if (womenOnly.has(name)) return name;
  }
  return random.pick(['Begum', 'Bibi', 'Khatun']);
}

/** The first word, with the particle that belongs to it. */
function firstWord(name: string): string {
  const words = name.split(' ');
  return /^d[ao]s?$/.test(words[0] ?? '') ? words.slice(0, 2).join(' ') : (words[0] ?? name);
}

function fitted(name: string, otherwise: string): string {
  return name.length <= 35 ? name : otherwise;
}

const manForms: readonly (readonly [RegExp, string])[] = [
  [/ska$/, 'ski'],
  [/cka$/, 'cki'],
  [/([oe])va$/, '$1v'],
  [/ienė$/, 'as'],
  [/aitė$/, 'as'],
  [/ņa$/, 'ņš'],
  [/^Ní Bh/, 'Ó B'],
];

const womanForms: readonly (readonly [RegExp, string])[] = [
  [/ski$/, 'ska'],
  [/cki$/, 'cka'],
  [/([oe])v$/, '$1va'],
  [/ņš$/, 'ņa'],
];

function manForm(name: string): string {
  const [from, to] = manForms.find(([from]) => from.test(name)) ?? [/$^/, ''];
  return name.replace(from, to);
}

function womanForm(name: string, state: 'married' | 'unmarried'): string {
  if (name.endsWith('auskas')) return name.replace(/as$/, state === 'married' ? 'ienė' : 'aitė');
  if (name.startsWith('Ó ')) return name.replace('Ó', state === 'married' ? 'Uí' : 'Ní');
  const [from, to] = womanForms.find(([from]) => from.test(name)) ?? [/$^/, ''];
  return name.replace(from, to);
}
