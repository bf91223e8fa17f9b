/** Names of a person (pds-fhir 3.4): which characters, how many, and how they are tidied. */
import type { HumanName } from 'fhir/r4.js';
import { missingValue, tooManyValues } from '../errors.ts';
import { periodOf } from './field-rules-dates.ts';
import {
  codeOf,
  given as member,
  idOf,
  isBlank,
  listOf,
  objectOf,
  required,
  wrong,
  type Rules,
} from './field-rules-values.ts';
import { titles } from './reference-data.ts';

const nameUses = ['usual', 'temp', 'nickname', 'old', 'maiden'] as const;

/** Code points 32, 39, 45, 46, digits, A-Z, a-z, and Latin letters up to 383 without the two signs among them. */
const allowed = /^[ '\-.0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]+$/;

const mostGiven = 5;
const longestPart = 35;

/**
 * The value as a name, checked and tidied: runs of spaces collapsed, full stops after a title dropped, the common titles
 * in their one spelling, given names after the first split at spaces. `path` is where it stands, as `name/0`.
 */
export function nameOf(value: unknown, path: string, rules: Rules): HumanName {
  const fields = objectOf(value, path, [
    'id',
    'use',
    'period',
    'given',
    'family',
    'prefix',
    'suffix',
  ]);
  const use = codeOf(required(fields, 'use', path), `${path}/use`, nameUses);
  const family = isBlank(fields.family) ? undefined : namePart(fields.family, `${path}/family`);
  const names = givenNames(fields.given, `${path}/given`);
  if (family === undefined && names.length === 0) throw missingValue(`${path}/family`);
  const prefix = partsOf(fields.prefix, `${path}/prefix`)
    .map(titleOf)
    .filter((text) => text !== '');
  const suffix = suffixes(fields.suffix, `${path}/suffix`);
  return {
    ...member('id', fields.id === undefined ? undefined : idOf(fields.id, `${path}/id`)),
    use,
    period: periodOf(fields.period, `${path}/period`, rules, 'name'),
    ...member('given', names.length > 0 ? names : undefined),
    ...member('family', family),
    ...member('prefix', prefix.length > 0 ? prefix : undefined),
    ...member('suffix', suffix.length > 0 ? suffix : undefined),
  };
}

function namePart(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(value, path);
  const text = value.trim().replaceAll(/ +/g, ' ');
  if (text.length > longestPart || !allowed.test(text)) throw wrong(value, path);
  return text;
}

function partsOf(value: unknown, path: string): string[] {
  return listOf(value, path, mostGiven)
    .filter((part) => !isBlank(part))
    .map((part) => namePart(part, path));
}

/** Only the first entry keeps its spaces: PDS holds the further names apart. */
function givenNames(value: unknown, path: string): string[] {
  const parts = partsOf(value, path).flatMap((part, i) => (i === 0 ? [part] : part.split(' ')));
  if (parts.length > mostGiven) throw tooManyValues(parts, path);
  return parts;
}

function titleOf(text: string): string {
  const bare = text.replace(/[. ]+$/, '');
  return titles.get(bare.toLowerCase()) ?? bare;
}

/** The path of a wrong suffix is its own and no more, as the national service words it. */
function suffixes(value: unknown, path: string): string[] {
  const parts = listOf(value, path, mostGiven).map((part, i) =>
    isBlank(part) ? '' : suffixOf(part, `suffix/${i}`),
  );
  return parts.filter((part) => part !== '');
}

function suffixOf(value: unknown, path: string): string {
  const text = namePart(value, path);
  if (!/^[A-Z]/.test(text)) throw wrong(value, path);
  return text;
}
