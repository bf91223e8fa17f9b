/**
 * Where people live and how they are reached: invented streets in postcode area AA, which is not allocated, and
 * telephone numbers that Ofcom sets aside for drama (synthetic-patients 5 and 6).
 */
import type { Random } from './random.ts';
import type { Sources, Town } from './sources.ts';

/** An address without its period: the lines that hold text, and the postcode where there is one. */
export interface Place {
  readonly line: readonly string[];
  readonly postalCode?: string;
}

/** The last two letters of a postcode are never C I K M O V. */
const unitLetters = 'ABDEFGHJLNPQRSTUWXYZ';

/** An ordinary home in a town. Homes of one street share a postcode, as they do. */
export function home(random: Random, sources: Sources, town: Town): Place {
  const street = random.below(sources.streets.length * sources.streetKinds.length);
  const number = `${random.between(1, 140)}${random.chance(0.03) ? random.pick(['A', 'B']) : ''}`;
  const road = `${number} ${streetName(sources, street)}`;
  const lines = [...premises(random, sources), road];
  if (random.chance(0.2)) lines.push(random.pick(sources.localities));
  lines.push(random.chance(0.3) ? town.name.toUpperCase() : town.name);
  if (random.chance(0.6)) lines.push(town.county);
  // A new estate waits for its postcode.
  if (random.chance(0.002)) return { line: lines };
  return { line: lines, postalCode: postcode(town, street) };
}

/** A flat or a house name, in some of the forms in which clerks write them. */
function premises(random: Random, sources: Sources): string[] {
  if (random.chance(0.14)) {
    const flat = random.between(1, 24);
    return [
      random.pick([`Flat ${flat}`, `Flat ${flat}A`, `${flat}/2`, `Apartment ${flat}`, `${flat}`]),
    ];
  }
  return random.chance(0.06) ? [random.pick(sources.houses)] : [];
}

/** A house of many: a care home, a hall of residence. */
export function institution(random: Random, sources: Sources, town: Town, name: string): Place {
  const street = random.below(sources.streets.length * sources.streetKinds.length);
  return {
    line: [name, `${random.between(1, 60)} ${streetName(sources, street)}`, town.name, town.county],
    postalCode: postcode(town, street),
  };
}

/** Homes that are none, under the pseudo postcodes of the NHS Data Dictionary, and forces post. */
export const pseudoPlaces = {
  noFixedAbode: { line: ['No fixed abode'], postalCode: 'ZZ99 3VZ' },
  notKnown: { line: ['Address not known'], postalCode: 'ZZ99 3WZ' },
  wales: { line: ['Wales'], postalCode: 'ZZ99 3GZ' },
  scotland: { line: ['Scotland'], postalCode: 'ZZ99 1WZ' },
  northernIreland: { line: ['Northern Ireland'], postalCode: 'ZZ99 2WZ' },
  india: { line: ['12 Example Marg', 'Ahmedabad', 'India'], postalCode: 'ZZ99 6CZ' },
} as const satisfies Record<string, Place>;

function streetName(sources: Sources, street: number): string {
  const kinds = sources.streetKinds.length;
  return `${sources.streets[Math.floor(street / kinds)] ?? ''} ${sources.streetKinds[street % kinds] ?? ''}`;
}

/** Sectors 2 to 9 only: sector 1 belongs to the hand-made people. */
function postcode(town: Town, street: number): string {
  const sector = 2 + (street % 8);
  const unit = Math.floor(street / 8);
  const first = unitLetters.charAt(Math.floor(unit / unitLetters.length) % unitLetters.length);
  return `AA${town.district} ${sector}${first}${unitLetters.charAt(unit % unitLetters.length)}`;
}

/** Areas in which a thousand numbers each are set aside: area code and what the rest begins with. */
const dramaAreas: Readonly<Record<string, string>> = {
  '01632': '960',
  '0113': '4960',
  '0114': '4960',
  '0115': '4960',
  '0116': '4960',
  '0117': '4960',
  '0118': '4960',
  '0121': '4960',
  '0131': '4960',
  '0141': '4960',
  '0151': '4960',
  '0161': '4960',
  '0191': '4980',
  '020': '79460',
  '028': '96496',
  '029': '20180',
  '07700': '900',
  '03069': '990',
  '0808': '1570',
  '0909': '8790',
};

/** A landline of the town, in one of the shapes in which numbers are kept. */
export function landline(random: Random, town: Town): string {
  return shaped(random, town.area);
}

export function mobile(random: Random): string {
  return shaped(random, '07700');
}

function shaped(random: Random, area: string): string {
  const rest = `${dramaAreas[area] ?? '960'}${String(random.below(1000)).padStart(3, '0')}`;
  const shape = random.below(100);
  if (shape < 62) return area + rest;
  if (shape < 84) return `${area} ${rest}`;
  if (shape < 90) return `+44 ${area.slice(1)} ${rest}`;
  if (shape < 94) return `+44${area.slice(1)}${rest}`;
  if (shape < 96) return `0044${area.slice(1)}${rest}`;
  if (shape < 98) return `+44 (0)${area.slice(1)} ${rest}`;
  return area.startsWith('077')
    ? `(${area}) ${rest}`
    : `${area} ${rest} ext. ${random.between(2, 9)}`;
}

/** Whether a telephone number, in whatever shape, is one of those set aside for drama. */
export function isDramaNumber(text: string): boolean {
  const digits = text
    .replace(/\s*ext\.?\s*\d+$/, '')
    .replace('(0)', '')
    .replace(/\D/g, '')
    .replace(/^(0044|44)/, '0');
  return Object.entries(dramaAreas).some(
    ([area, begin]) =>
      digits.startsWith(area + begin) && digits.length === area.length + begin.length + 3,
  );
}

const mailDomains = ['example.com', 'example.org', 'example.net', 'mail.example', 'post.test'];

/** An address at a name that is reserved, so that mail sent by a careless test goes nowhere. */
export function email(random: Random, given: string | undefined, family: string): string {
  const plain = (text: string) =>
    text
      .normalize('NFKD')
      .replace(/[^A-Za-z]/g, '')
      .toLowerCase();
  const parts = [plain(given ?? ''), plain(family)].filter((part) => part !== '');
  const local = parts.length > 0 ? parts.join(random.pick(['.', '', '_'])) : 'someone';
  const name = `${local.slice(0, 40)}${random.chance(0.6) ? random.between(1, 999) : ''}`;
  return `${random.chance(0.05) ? capital(name) : name}@${random.pick(mailDomains)}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Whether mail to this address goes nowhere (RFC 2606, RFC 6761). */
export function isReservedMail(address: string): boolean {
  return /@([a-z0-9-]+\.)*(example\.(com|org|net)|example|test)$/i.test(address);
}

/** Whether nobody can live at this postcode: area AA, or a pseudo postcode, or the forces. */
export function isFictitiousPostcode(postalCode: string): boolean {
  return (
    /^AA\d{1,2} \d[ABDEFGHJLNP-UW-Z]{2}$/.test(postalCode) || /^ZZ99 \d[A-Z]Z$/.test(postalCode)
  );
}
