/**
 * Addresses between FHIR and HL7 V3. In HL7 V3 the five lines have meanings (premises, number and street, locality, town,
 * county); FHIR shows those with text only, unless the caller was given blank ones too.
 */
import type { Address, Extension } from 'fhir/r4.js';
import { xmlElement, type XmlElement } from '../../core/xml.ts';
import { extensionUrls, partOf } from '../../fhir/pds/fields/extensions.ts';
import { allOf, at, attributeOf, hl7, wordsOf } from './elements.ts';
import { objectIdOf, toObjectId, type UpdateMode } from './items.ts';
import { fromInterval, toInterval } from './times.ts';

/** What HL7 V3 has no place for and our own systems tell each other, when asked to. */
const extrasNamespace = 'https://gatehouse.example/hl7v3';

const toUse: Readonly<Record<string, string>> = {
  home: 'H',
  temp: 'TMP',
  billing: 'PST',
  work: 'WP',
};

const fromUse: Readonly<Record<string, Address['use']>> = {
  H: 'home',
  HP: 'home',
  TMP: 'temp',
  PST: 'billing',
  WP: 'work',
};

export interface AddressLayout {
  readonly mode?: UpdateMode | undefined;
  readonly bare?: boolean;
  readonly nameless?: boolean;
  /** Also writes what only our own systems read: the UPRN. */
  readonly extras?: boolean | undefined;
}

export function toAddress(address: Address, layout: AddressLayout = {}): XmlElement {
  const { mode, bare, nameless, extras } = layout;
  const paf = keyIn(address, 'PAF');
  const uprn = extras ? keyIn(address, 'UPRN') : undefined;
  return hl7(
    'addr',
    { use: toUse[address.use ?? ''], updateMode: mode },
    fiveLines(address.line).map((line) => hl7('streetAddressLine', {}, line)),
    address.postalCode === undefined ? undefined : hl7('postalCode', {}, address.postalCode),
    paf === undefined ? undefined : hl7('addressKey', {}, paf),
    address.text === undefined || bare ? undefined : hl7('desc', {}, address.text),
    bare ? undefined : toInterval('useablePeriod', address.period),
    bare || nameless ? undefined : toObjectId(address.id),
    uprn === undefined ? undefined : xmlElement('uprn', [uprn], { uri: extrasNamespace }),
  );
}

/** Undefined for uses that are no address of today: `PHYS`, `HV`, `BAD`. With `blanks` the five lines keep their places. */
export function fromAddress(element: XmlElement, blanks = false): Address | undefined {
  const spelt = attributeOf(element, 'use');
  const use = fromUse[spelt ?? ''];
  if (spelt !== undefined && use === undefined) return undefined;
  const id = objectIdOf(element);
  const period = fromInterval(at(element, 'useablePeriod'));
  const text = use === 'temp' ? wordsOf(at(element, 'desc')) : undefined;
  const line = linesOf(element, blanks);
  const postalCode = wordsOf(at(element, 'postalCode'));
  const extension = keysOf(element);
  return {
    ...(id === undefined ? {} : { id }),
    ...(period ? { period } : {}),
    ...(use === undefined ? {} : { use }),
    ...(text === undefined ? {} : { text }),
    ...(line.length > 0 ? { line } : {}),
    ...(postalCode === undefined ? {} : { postalCode }),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

/** Of several home addresses the one that holds today; the others are history. */
export function currentAddresses(addresses: readonly Address[]): Address[] {
  const homes = addresses.filter(({ use }) => use === 'home');
  if (homes.length < 2) return [...addresses];
  const [current] = homes.toSorted((one, other) => order(other).localeCompare(order(one)));
  return addresses.filter((address) => address.use !== 'home' || address === current);
}

/** Without an end before those with one; then by the day it began. */
function order({ period }: Address): string {
  return `${period?.end === undefined ? 1 : 0}${period?.start ?? ''}`;
}

/** In the order given; a blank one among them keeps its place. */
function fiveLines(lines: readonly (string | null)[] = []): string[] {
  return Array.from({ length: Math.max(5, lines.length) }, (_, i) => lines[i] ?? '');
}

function linesOf(element: XmlElement, blanks: boolean): string[] {
  const lines = allOf(element, 'streetAddressLine').map((line) => wordsOf(line) ?? '');
  return blanks && lines.some((line) => line !== '') ? lines : lines.filter((line) => line !== '');
}

function keyIn({ extension }: Address, code: 'PAF' | 'UPRN'): string | undefined {
  const key = extension?.find(
    (one) =>
      one.url === extensionUrls.addressKey && partOf(one, 'type')?.valueCoding?.code === code,
  );
  return key && partOf(key, 'value')?.valueString;
}

function keysOf(element: XmlElement): Extension[] {
  const paf = wordsOf(at(element, 'addressKey'));
  const uprn = wordsOf(allOf(element, 'uprn').find(({ uri }) => uri === extrasNamespace));
  return [
    ...(paf === undefined ? [] : [addressKey('PAF', paf)]),
    ...(uprn === undefined ? [] : [addressKey('UPRN', uprn)]),
  ];
}

function addressKey(code: 'PAF' | 'UPRN', value: string): Extension {
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
  return {
    url: extensionUrls.addressKey,
    extension: [
      { url: 'type', valueCoding: { system, code } },
      { url: 'value', valueString: value },
    ],
  };
}
