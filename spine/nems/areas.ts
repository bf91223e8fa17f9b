/**
 * Which areas a postcode lies in: the ICB's sub location, the local authority, the country. Owns the look-up; the table is a
 * file, for the register of postcodes is nobody's to ship: the default one has the invented towns of the default patients.
 */
import { Problem } from '../../core/problem.ts';

export interface Area {
  /** ODS code of the ICB's sub location. */
  readonly location?: string;
  /** Codes of the local authority and of the country in the register of geography (`E06…`, `E92000001`). */
  readonly authority?: string;
  readonly country?: string;
}

/** Empty for a postcode that the table does not have. */
export type Areas = (postcode: string) => Area;

/**
 * @param table by postcode (`AA11 9ZZ`), sector (`AA11 9`), district (`AA11`) or area (`AA`); the longest counts
 * @throws Problem `invalid` for another shape
 */
export function createAreas(table: unknown): Areas {
  if (typeof table !== 'object' || table === null) throw bad('an object');
  const known = new Map(
    Object.entries(table).map(([prefix, area]) => [prefix, areaOf(prefix, area)]),
  );
  return (postcode) => {
    const text = postcode.replace(/\s/g, '').toUpperCase();
    // The blank keeps sector 1 of district AA1 apart from district AA11.
    const [outward, inward] = [text.slice(0, -3), text.slice(-3)];
    const letters = /^[A-Z]{1,2}/.exec(outward)?.[0] ?? '';
    for (const one of [
      `${outward} ${inward}`,
      `${outward} ${inward.charAt(0)}`,
      outward,
      letters,
    ]) {
      const found = known.get(one);
      if (found) return found;
    }
    return {};
  };
}

const names = ['location', 'authority', 'country'] as const;

function areaOf(prefix: string, area: unknown): Area {
  if (!/^[A-Z]{1,2}([0-9][A-Z0-9]?( [0-9]([A-Z]{2})?)?)?$/.test(prefix))
    throw bad('postcodes, sectors, districts or areas as names');
  if (typeof area !== 'object' || area === null) throw bad(`an object under ${prefix}`);
  for (const [name, code] of Object.entries(area))
    if (
      !names.some((one) => one === name) ||
      typeof code !== 'string' ||
      !/^[A-Z0-9]{1,12}$/.test(code)
    )
      throw bad(`codes as ${names.join(', ')} under ${prefix}`);
  return area;
}

function bad(expected: string): Problem {
  return new Problem('invalid', `The table of areas: expected ${expected}`);
}
