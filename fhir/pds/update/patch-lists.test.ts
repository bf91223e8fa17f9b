/** The texts of the PATCH catalogue (pds-fhir 2.4, 2.5) about addresses, telecom, contacts and practices. */
import {
  type Case,
  invalid,
  forbidden,
  badValue,
  badSentence,
  missing,
  table,
  home,
  billing,
  temp,
  withoutTemp,
  practice,
  contact,
  changeOfUse,
} from '../../../test/patch-cases.ts';
import { add, minimal, relationship, remove, replace, test } from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';

table('addresses', [
  {
    why: 'takes one home',
    patches: [add('/address/-', home)],
    says: forbidden('multiple home addresses cannot be added'),
  },
  {
    why: 'takes one temporary address',
    patches: [add('/address/-', temp)],
    says: badSentence('Cannot add a data item that already exists'),
  },
  {
    why: 'takes no work address',
    patches: [add('/address/-', { ...home, use: 'work' })],
    says: invalid("address use 'work' cannot be added or replaced, only removed"),
  },
  {
    why: 'wants a use',
    patches: [add('/address/-', { ...home, use: undefined })],
    says: missing('address/2/use'),
  },
  {
    why: 'knows the uses',
    patches: [add('/address/-', { ...home, use: 'temporary' })],
    says: badValue('temporary', 'address/2/use'),
  },
  {
    why: 'keeps the use',
    patches: [replace('/address/1', { ...home, id: 'F60E2FF2' })],
    says: badSentence(changeOfUse),
  },
  ...(['temp', 'billing'] as const).flatMap((use): Case[] => {
    const address = { ...(use === 'temp' ? temp : billing), use };
    return [
      {
        why: `wants a period for ${use}`,
        on: withoutTemp(),
        patches: [add('/address/-', { ...address, period: undefined })],
        says: invalid(`period must be provided for use '${use}'`),
      },
      {
        why: `wants the start for ${use}`,
        on: withoutTemp(),
        patches: [add('/address/-', { ...address, period: { end: '2026-04-01' } })],
        says: missing('address/1/period/start'),
      },
      {
        why: `wants the end for ${use}`,
        on: withoutTemp(),
        patches: [add('/address/-', { ...address, period: { start: '2026-02-01' } })],
        says: invalid(`period end date must be provided for use '${use}'`),
      },
    ];
  }),
  {
    why: 'counts 90 days for temp',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, period: { start: '2020-06-10', end: '2020-09-09' } })],
    says: invalid("period date range of 91 days is too large for use 'temp', maximum is 90 days"),
  },
  {
    why: 'counts 366 days for billing',
    patches: [
      add('/address/-', { ...billing, period: { start: '2020-07-24', end: '2021-07-26' } }),
    ],
    says: invalid(
      "period date range of 367 days is too large for use 'billing', maximum is 366 days",
    ),
  },
  {
    why: 'wants the end behind the start',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, period: { start: '2020-08-10', end: '2020-06-10' } })],
    says: invalid('business effective start date is after the end date'),
  },
  {
    why: 'wants a description of a temporary address',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, text: undefined })],
    says: missing('address/1/text'),
  },
  {
    why: 'knows the descriptions',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, text: 'Castle' })],
    says: badValue('Castle', 'address/1/text'),
  },
  {
    why: 'takes five lines',
    patches: [add('/address/1/id', 'F60E2FF2'), add('/address/1/line/0', '7')],
    says: "400 TOO_MANY_VALUES_SUBMITTED: Too many values submitted - ['7', '7', 'Norman Avenue', 'Eccleshill', 'Bradford', 'West Yorkshire'] in field 'address/1/line'",
  },
  {
    why: 'wants a street and a town',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, line: ['', '', 'Eccleshill', 'Bradford'] })],
    says: invalid('address lines 1 and 4 or 2 and 4 must be completed as a minimum'),
  },
  {
    why: 'wants more than one line',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, line: ['7 Norman Avenue'] })],
    says: invalid('address lines 1 and 4 or 2 and 4 must be completed as a minimum'),
  },
  {
    why: 'wants lines where the key is not known',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, line: undefined, extension: [key('PAF', '12345678')] })],
    says: invalid('address lines 1 and 4 or 2 and 4 must be completed as a minimum'),
  },
  {
    why: 'wants the number of a key',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, extension: [key('PAF', '')] })],
    says: missing('address/1/extension/0/extension/1/valueCoding'),
  },
  {
    why: 'wants the parts of a key',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, extension: [{ url: extensionUrls.addressKey }] })],
    says: missing('address/1/extension/0/extension'),
  },
  {
    why: 'knows the form of a key',
    on: withoutTemp(),
    patches: [add('/address/-', { ...temp, extension: [key('UPRN', '12A')] })],
    says: badValue('12A', 'address/1/extension/0/extension/1/valueString'),
  },
  {
    why: 'knows what a postcode is made of',
    patches: [add('/address/0/id', '8B869CFB'), replace('/address/0/postalCode', 'LS1;')],
    says: badValue('LS1;', 'address/0/postalCode'),
  },
]);

function key(code: string, valueString: string) {
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
  return {
    url: extensionUrls.addressKey,
    extension: [
      { url: 'type', valueCoding: { system, code } },
      { url: 'value', valueString },
    ],
  };
}

table('telecom, contacts and practices', [
  {
    why: 'takes one telecom of a system and use',
    patches: [add('/telecom/-', { system: 'phone', use: 'home', value: '1' })],
    says: badSentence('Cannot add a data item that already exists'),
  },
  {
    why: 'keeps system and use',
    patches: [replace('/telecom/0', { id: '1A2B3C40', system: 'phone', use: 'work', value: '1' })],
    says: badSentence(changeOfUse),
  },
  {
    why: 'knows the uses of a telecom',
    patches: [
      add('/telecom/-', {
        system: 'phone',
        use: 'quackquack',
        value: '0',
        period: { start: '2020-02-27', end: '2019-01-01' },
      }),
    ],
    says: badValue('quackquack', 'telecom/3/use'),
  },
  {
    why: 'wants the end behind the start',
    patches: [
      add('/telecom/-', {
        system: 'phone',
        use: 'work',
        value: '0',
        period: { start: '2020-02-27', end: '2019-01-01' },
      }),
    ],
    says: invalid('business effective start date is after the end date'),
  },
  {
    why: 'wants an e-mail address',
    patches: [add('/telecom/-', { system: 'email', use: 'work', value: 'jane.example.com' })],
    says: invalid('email format is invalid'),
  },
  {
    why: 'wants an e-mail address of more than 6 characters',
    patches: [add('/telecom/-', { system: 'email', use: 'work', value: 'a@b.co' })],
    says: invalid('email format is invalid'),
  },
  {
    why: 'takes no control character',
    patches: [add('/telecom/-', { system: 'phone', use: 'work', value: '01\u00002' })],
    says: badValue('01\u00002', 'telecom/3/value'),
  },
  {
    why: 'wants the relationship of a contact',
    patches: [add('/contact/-', { telecom: contact.telecom })],
    says: missing('contact/1/relationship'),
  },
  {
    why: 'knows one relationship',
    patches: [add('/contact/-', { ...contact, relationship: [{ coding: [{ code: 'N' }] }] })],
    says: badValue('N', 'contact/1/relationship/0/coding/0/code'),
  },
  {
    why: 'wants the telecom of a contact',
    on: minimal(),
    patches: [add('/contact/-', { relationship })],
    says: missing('contact/0/telecom'),
  },
  {
    why: 'wants its value',
    on: minimal(),
    patches: [add('/contact/-', { relationship, telecom: [{ system: 'other' }] })],
    says: missing('contact/0/telecom/0/value'),
  },
  {
    why: 'wants its system',
    on: minimal(),
    patches: [add('/contact/-', { relationship, telecom: [{ value: '0123456789' }] })],
    says: missing('contact/0/telecom/0/system'),
  },
  {
    why: 'takes no fax for an emergency',
    on: minimal(),
    patches: [add('/contact/-', { relationship, telecom: [{ system: 'fax', value: '0' }] })],
    says: badValue('fax', 'contact/0/telecom/0/system'),
  },
  {
    why: 'takes no use there',
    on: minimal(),
    patches: [
      add('/contact/-', { relationship, telecom: [{ system: 'phone', use: 'home', value: '0' }] }),
    ],
    says: badValue('home', 'contact/0/telecom/0/use'),
  },
  {
    why: 'keeps the general practice',
    patches: [test('/generalPractitioner/0/id', '254406A3'), remove('/generalPractitioner/0')],
    says: forbidden('Update Rejected - source not permitted to remove a GP Registration'),
  },
  {
    why: 'takes one general practice',
    patches: [add('/generalPractitioner/-', practice())],
    says: invalid('cannot add multiple general practices'),
  },
  {
    why: 'knows the form of a practice code',
    on: minimal(),
    patches: [add('/generalPractitioner/-', { identifier: { value: 'V12345}' } })],
    says: badValue('V12345}', 'generalPractitioner/0/identifier/value'),
  },
  {
    why: 'knows the practices',
    on: minimal(),
    patches: [add('/generalPractitioner/-', { identifier: { value: 'X99999' } })],
    says: badValue('X99999', 'generalPractitioner/0/identifier/value'),
  },
]);
