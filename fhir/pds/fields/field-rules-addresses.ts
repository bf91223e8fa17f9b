/**
 * Addresses (pds-fhir 3.4): lines, postcode, keys, the periods of temporary and billing addresses, and completing a
 * recognised address as the Postcode Address File writes it.
 */
import type { Address, Extension } from 'fhir/r4.js';
import { withoutBlanks } from './address-lines.ts';
import { missingValue } from '../errors.ts';
import { extensionUrls } from './extensions.ts';
import { daysBetween, periodOf, type Dated } from './field-rules-dates.ts';
import {
  codeOf,
  given,
  idOf,
  isBlank,
  isFields,
  listOf,
  objectOf,
  required,
  textOf,
  wrong,
  type Fields,
  type Rules,
} from './field-rules-values.ts';
import { recognisedAddresses, temporaryAddressTexts } from './reference-data.ts';

const uses = ['home', 'temp', 'billing', 'work'] as const;
const members = ['id', 'use', 'period', 'text', 'line', '_line', 'postalCode', 'extension'];

/** The longest stay at an address of a use, in days; such an address must say when it ends. */
const longestStay: Readonly<Record<string, number>> = { temp: 90, billing: 366 };

export interface CheckedAddress {
  readonly address: Address;
  /** The five lines, where some of them are blank and so left out of the address (4.8). */
  readonly lines?: readonly string[];
}

/**
 * The value as an address, checked, tidied and completed. `path` is where it stands, as `address/0`.
 * `held` is the address before a change in part: lines that stay as they are need not meet today's minimum, and a period
 * left out is the one it has.
 */
export function addressOf(
  value: unknown,
  path: string,
  rules: Rules,
  held?: Address,
): CheckedAddress {
  const fields = objectOf(value, path, members);
  const use = codeOf(required(fields, 'use', path), `${path}/use`, uses);
  if (use === 'work')
    throw rules.refuse("address use 'work' cannot be added or replaced, only removed");
  const period = addressPeriod(fields.period, use, path, rules, held);
  const sent = linesOf(fields.line, `${path}/line`);
  const postalCode = isBlank(fields.postalCode)
    ? undefined
    : postcodeOf(fields.postalCode, `${path}/postalCode`);
  const keys = keysOf(fields.extension, `${path}/extension`);
  const known = recognise(sent, postalCode, keys);
  const lines = known ? known.lines : sent;
  if (!known && !sameLines(sent, held)) checkLines(sent, postalCode, rules);
  const shown = withoutBlanks(lines);
  const extension = known ? withPafKey(keys, known.key) : keys;
  const text = addressText(fields, use, path);
  return {
    address: {
      ...given('id', fields.id === undefined ? undefined : idOf(fields.id, `${path}/id`)),
      period,
      use,
      ...given('text', text),
      ...given('line', shown.length > 0 ? shown : undefined),
      ...given('postalCode', known?.postalCode ?? postalCode),
      ...given('extension', extension.length > 0 ? extension : undefined),
    },
    ...given('lines', shown.length > 0 && shown.length < lines.length ? five(lines) : undefined),
  };
}

function addressPeriod(
  value: unknown,
  use: string,
  path: string,
  rules: Rules,
  held: Address | undefined,
): Dated {
  const most = longestStay[use];
  if (most === undefined || (held !== undefined && isBlank(value)))
    return periodOf(value, `${path}/period`, rules, 'address');
  if (isBlank(value)) throw rules.refuse(`period must be provided for use '${use}'`);
  if (isFields(value) && !isBlank(value.start) && isBlank(value.end))
    throw rules.refuse(`period end date must be provided for use '${use}'`);
  const period = periodOf(value, `${path}/period`, rules, 'address');
  const days = daysBetween(period.start, period.end ?? period.start);
  if (days > most)
    throw rules.refuse(
      `period date range of ${days} days is too large for use '${use}', maximum is ${most} days`,
    );
  return period;
}

/** The description of a temporary address, which it must have; the others have none. */
function addressText(fields: Fields, use: string, path: string): string | undefined {
  if (use !== 'temp') {
    return isBlank(fields.text) ? undefined : textOf(fields.text, `${path}/text`, 100);
  }
  const text = textOf(required(fields, 'text', path), `${path}/text`, 100);
  if (!temporaryAddressTexts.has(text)) throw wrong(fields.text, `${path}/text`);
  return text;
}

function linesOf(value: unknown, path: string): string[] {
  return listOf(value, path, 5).map((line) => (isBlank(line) ? '' : textOf(line, path, 100)));
}

/** Letters and digits in upper case with one space before the last three, whatever was typed. */
function postcodeOf(value: unknown, path: string): string {
  const bare = textOf(value, path, 12).replaceAll(' ', '').toUpperCase();
  if (!/^[A-Z0-9]{5,8}$/.test(bare)) throw wrong(value, path);
  return `${bare.slice(0, -3)} ${bare.slice(-3)}`;
}

/**
 * Lines 1 or 2, and 4, must be filled, unless the postcode is one of those that stand for no place. Blank lines may be left
 * out, so that of fewer than four lines only their number can be judged.
 */
function checkLines(lines: readonly string[], postalCode: string | undefined, rules: Rules): void {
  if (postalCode?.startsWith('ZZ99 ')) return;
  const [one, two, , four] = lines;
  const enough =
    four === undefined
      ? withoutBlanks(lines).length >= 2
      : four !== '' && (one !== '' || two !== '');
  if (!enough)
    throw rules.refuse('address lines 1 and 4 or 2 and 4 must be completed as a minimum');
}

function sameLines(lines: readonly string[], held: Address | undefined): boolean {
  const before = held?.line ?? [];
  const now = withoutBlanks(lines);
  return (
    held !== undefined && now.length === before.length && now.every((line, i) => line === before[i])
  );
}

function five(lines: readonly string[]): string[] {
  return Array.from({ length: 5 }, (_, i) => lines[i] ?? '');
}

// ---- keys ----

const keyForms: Readonly<Record<string, RegExp>> = { PAF: /^[0-9]{7,8}$/, UPRN: /^[0-9]{1,12}$/ };

/** The keys of an address: at most one of the Postcode Address File and one UPRN. */
function keysOf(value: unknown, path: string): Extension[] {
  const keys = listOf(value, path, 2).map((key, i) => keyOf(key, `${path}/${i}`));
  const [first, second] = keys.map(keyType);
  if (first !== undefined && first === second)
    throw wrong(first, `${path}/1/extension/0/valueCoding/code`);
  return keys;
}

function keyOf(value: unknown, path: string): Extension {
  const fields = objectOf(value, path, ['url', 'extension']);
  if (currentUrl(required(fields, 'url', path)) !== extensionUrls.addressKey)
    throw wrong(fields.url, `${path}/url`);
  const parts = listOf(required(fields, 'extension', path), `${path}/extension`, 2).map((part, i) =>
    objectOf(part, `${path}/extension/${i}`, ['url', 'valueCoding', 'valueString']),
  );
  const type = parts.findIndex((part) => part.url === 'type');
  const held = parts.findIndex((part) => part.url === 'value');
  // The national text names valueCoding also where it is the valueString that is missing.
  const coding = parts[type]?.valueCoding;
  if (coding === undefined) throw missingValue(`${path}/extension/0/valueCoding`);
  if (isBlank(parts[held]?.valueString)) throw missingValue(`${path}/extension/1/valueCoding`);
  const codingPath = `${path}/extension/${type}/valueCoding`;
  const { code } = objectOf(coding, codingPath, ['system', 'version', 'code', 'display']);
  const form =
    typeof code === 'string' && Object.hasOwn(keyForms, code) ? keyForms[code] : undefined;
  if (typeof code !== 'string' || form === undefined) throw wrong(code, `${codingPath}/code`);
  const number = parts[held]?.valueString;
  if (typeof number !== 'string' || !form.test(number))
    throw wrong(number, `${path}/extension/${held}/valueString`);
  return addressKey(code, number);
}

function addressKey(code: string, number: string): Extension {
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
  return {
    url: extensionUrls.addressKey,
    extension: [
      { url: 'type', valueCoding: { system, code } },
      { url: 'value', valueString: number },
    ],
  };
}

const keyType = (key: Extension) => key.extension?.[0]?.valueCoding?.code;
const keyNumber = (key: Extension) => key.extension?.[1]?.valueString;

/** The recognised address meant by a key with its postcode, or by lines and postcode. */
function recognise(
  lines: readonly string[],
  postalCode: string | undefined,
  keys: readonly Extension[],
) {
  const key = keys.find((one) => keyType(one) === 'PAF');
  const texts = new Set(lines.map((line) => line.toUpperCase()));
  return recognisedAddresses.find((known) => {
    if (known.postalCode !== postalCode) return false;
    if (key && withoutBlanks(lines).length === 0) return keyNumber(key) === known.key;
    return withoutBlanks(known.lines).every((line) => texts.has(line.toUpperCase()));
  });
}

function withPafKey(keys: readonly Extension[], number: string): Extension[] {
  return [addressKey('PAF', number), ...keys.filter((key) => keyType(key) !== 'PAF')];
}

const formerPrefix = 'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-';
const currentPrefix = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

/** The address of an extension as it is written today; the form of 2020 is understood and written anew. */
export function currentUrl(url: unknown): unknown {
  return typeof url === 'string' && url.startsWith(formerPrefix)
    ? `${currentPrefix}${url.slice(formerPrefix.length)}`
    : url;
}
