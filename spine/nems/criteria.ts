/**
 * What a subscription wants: `/Bundle?type=message` and parts joined with `&`, for one patient (explicit) or by a rule
 * (generic). Owns the grammar: which parts there are, how often each may come, and which values they take. In XML `&` is
 * written `&amp;`, which whoever reads the document has undone.
 */
import { isNhsNumber } from '../../fhir/identifiers.ts';
import { foundOf, plainWord } from '../sso/token-refused.ts';
import { nemsError, type NemsCode } from './errors.ts';
import { eventTypeOf, eventTypes } from './event-types.ts';

/** With what of the patient a rule compares its code. */
export const rules = [
  'GP_GP_GP',
  'UHV_POSTCODE_LACODE',
  'CHO_GP_CCG',
  'CHO_POSTCODE_CCG',
  'COUNTRYCODE',
] as const;
export type Rule = (typeof rules)[number];

/** Less than or greater than so many years. */
export interface AgeBound {
  readonly is: 'lt' | 'gt';
  readonly years: number;
}

export interface Criteria {
  /** Codes of event types, each once. */
  readonly events: readonly string[];
  /** Of an explicit subscription. */
  readonly nhsNumber?: string;
  /** Of a generic one; without a code it is the subscriber's own. */
  readonly rule?: Rule;
  readonly code?: string;
  /** Which kind of service subscribes. It narrows nothing. */
  readonly serviceType?: string;
  readonly ages: readonly AgeBound[];
  readonly registration?: 'RegisteredOnly' | 'UnregisteredOnly';
  readonly tag?: string;
}

const start = '/Bundle?type=message';
const serviceTypes = ['GP', 'CHO', 'UHV', 'EPCHR'];
const registrations = ['RegisteredOnly', 'UnregisteredOnly'] as const;
/** Codes of countries, as the register of geography has them. */
const countries = ['E92000001', 'W92000004', 'S92000003', 'N92000002', 'L93000001', 'M83000003'];
/** All spellings of one system of identifiers. */
const nhsNumberSystems = ['http', 'https'].flatMap((scheme) =>
  ['net', 'uk'].map((end) => `${scheme}://fhir.nhs.${end}/Id/nhs-number`),
);

/** Parts by name, and how often each may come. */
const most: Readonly<Record<string, number>> = {
  ...{ serviceType: 1, 'Patient.identifier': 1, 'MessageHeader.event': 100, 'Patient.age': 2 },
  ...{ GPRegistration: 1, subscriptionRuleType: 1, 'Organization.identifier': 1, tag: 1 },
};

/** @throws Problem that names the part, what was expected and what was found */
export function readCriteria(text: string): Criteria {
  const values = partsOf(text);
  const events = eventsIn(values('MessageHeader.event'));
  const [identifier] = values('Patient.identifier');
  const [rule] = values('subscriptionRuleType');
  if (identifier === undefined && rule === undefined)
    throw refused('', 'Patient.identifier or subscriptionRuleType', 'neither');
  if (identifier !== undefined && rule !== undefined)
    throw refused('', 'Patient.identifier or subscriptionRuleType', 'both');
  const who =
    identifier === undefined ? ruleIn(rule ?? '', events, values) : patientIn(identifier, values);
  const serviceType = oneOf('serviceType', serviceTypes, values);
  const registration = oneOf('GPRegistration', registrations, values);
  const tag = tagIn(values('tag')[0]);
  return {
    ...{ events, ...who, ages: values('Patient.age').map(ageIn) },
    ...(serviceType === undefined ? {} : { serviceType }),
    ...(registration === undefined ? {} : { registration }),
    ...(tag === undefined ? {} : { tag }),
  };
}

type Values = (name: string) => readonly string[];

function partsOf(text: string): Values {
  const [head = '', ...parts] = text.split('&');
  if (head !== start) throw refused('', `${start} at its beginning`, 'something else');
  const found = new Map<string, string[]>();
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    if (!Object.hasOwn(most, name))
      throw refused('', `parts named ${Object.keys(most).join(', ')}`, foundOf(name, plainWord));
    const values = found.get(name) ?? [];
    found.set(name, [...values, at < 0 ? '' : part.slice(at + 1)]);
    if (values.length >= (most[name] ?? 0)) throw refused(name, `at most ${most[name]}`, 'more');
  }
  return (name) => found.get(name) ?? [];
}

function eventsIn(codes: readonly string[]): readonly string[] {
  if (codes.length === 0) throw refused('MessageHeader.event', 'an event type', 'none');
  for (const code of codes)
    if (!eventTypeOf(code))
      throw refused(
        ...([
          'MessageHeader.event',
          `one of ${eventTypes.map((one) => one.code).join(', ')}`,
        ] as const),
        ...([foundOf(code, plainWord), 'INVALID_CODE_VALUE'] as const),
      );
  return [...new Set(codes)];
}

/** System and number stand on both sides of the first pipe. */
function patientIn(identifier: string, values: Values): Pick<Criteria, 'nhsNumber'> {
  if (values('Organization.identifier').length > 0)
    throw refused('Organization.identifier', 'none beside Patient.identifier', 'one');
  const at = identifier.indexOf('|');
  const system = identifier.slice(0, Math.max(at, 0));
  if (!nhsNumberSystems.includes(system))
    throw refused(
      ...(['Patient.identifier', `the system ${nhsNumberSystems[0] ?? ''} and a pipe`] as const),
      ...(['another', 'INVALID_IDENTIFIER_SYSTEM'] as const),
    );
  const nhsNumber = identifier.slice(at + 1);
  if (!isNhsNumber(nhsNumber))
    throw refused(
      'Patient.identifier',
      'a valid NHS number',
      'one that is not',
      'INVALID_NHS_NUMBER',
    );
  return { nhsNumber };
}

function ruleIn(
  text: string,
  events: readonly string[],
  values: Values,
): Pick<Criteria, 'rule' | 'code'> {
  const rule = rules.find((one) => one === text);
  if (!rule)
    throw refused(
      ...([
        'subscriptionRuleType',
        `one of ${rules.join(', ')}`,
        foundOf(text, plainWord),
      ] as const),
      'INVALID_CODE_VALUE',
    );
  if (events.length > 1)
    throw refused('MessageHeader.event', 'one beside subscriptionRuleType', `${events.length}`);
  const [code] = values('Organization.identifier');
  if (code === undefined && (rule === 'UHV_POSTCODE_LACODE' || rule === 'COUNTRYCODE'))
    throw refused('Organization.identifier', `the code that ${rule} compares with`, 'none');
  if (code !== undefined) checkCode(rule, code);
  return { rule, ...(code === undefined ? {} : { code }) };
}

function checkCode(rule: Rule, code: string): void {
  const isGood = rule === 'COUNTRYCODE' ? countries.includes(code) : /^[A-Z0-9]{1,12}$/.test(code);
  if (isGood) return;
  const expected =
    rule === 'COUNTRYCODE' ? `one of ${countries.join(', ')}` : 'a code of an organisation';
  throw refused('Organization.identifier', expected, 'another value', 'INVALID_CODE_VALUE');
}

function oneOf<T extends string>(
  name: string,
  allowed: readonly T[],
  values: Values,
): T | undefined {
  const [value] = values(name);
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw refused(
    name,
    `one of ${allowed.join(', ')}`,
    foundOf(value, plainWord),
    'INVALID_CODE_VALUE',
  );
}

function ageIn(text: string): AgeBound {
  const [, is, years] = /^(lt|gt)(\d{1,3})$/.exec(text) ?? [];
  if (is !== undefined) return { is: is === 'lt' ? 'lt' : 'gt', years: Number(years) };
  throw refused('Patient.age', 'lt or gt and whole years', foundOf(text, plainWord));
}

function tagIn(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9_|,-]{1,100}$/.test(text)) return text;
  throw refused(
    ...(['tag', '1 to 100 letters, digits, hyphens, underscores, pipes, commas'] as const),
    text.length > 100 ? `${text.length} characters` : 'something else',
  );
}

function refused(
  part: string,
  expected: string,
  found: string,
  code: NemsCode = 'INVALID_RESOURCE',
) {
  const at = part === '' ? 'Subscription.criteria' : `Subscription.criteria, ${part}`;
  return nemsError(code, `${at}: expected ${expected}, found ${found}`);
}
