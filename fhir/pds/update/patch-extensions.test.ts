/** The texts of the PATCH catalogue (pds-fhir 2.4, 2.5) about extensions. */
import { invalid, badValue, badSentence, missing, table } from '../../../test/patch-cases.ts';
import {
  add,
  birthPlace,
  communication,
  death,
  format,
  method,
  minimal,
  pharmacy,
  preference,
  remove,
  replace,
  test,
  times,
} from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';

table('extensions', [
  {
    why: 'takes one pharmacy of a kind',
    patches: [add('/extension/-', pharmacy(extensionUrls.nominatedPharmacy, 'FH846'))],
    says: invalid(`cannot add multiple pharmacies of type '${extensionUrls.nominatedPharmacy}'`),
  },
  {
    why: 'notices a pharmacy at the wrong index',
    patches: [replace('/extension/1', pharmacy(extensionUrls.nominatedPharmacy, 'FH846'))],
    says: invalid(`cannot add multiple pharmacies of type '${extensionUrls.nominatedPharmacy}'`),
  },
  {
    why: 'finds nothing to replace at the index of another kind',
    patches: [add('/deceasedDateTime', ''), replace('/extension/0', death('1'))],
    says: badSentence('Cannot find sub-object for update'),
  },
  {
    why: 'knows its urls',
    patches: [replace('/extension/0', pharmacy('NominatedPharmacy', 'FH846'))],
    says: badValue('NominatedPharmacy', 'url'),
  },
  {
    why: 'does not write what it only shows',
    patches: [add('/extension/-', { url: extensionUrls.removal })],
    says: badValue(extensionUrls.removal, 'url'),
  },
  {
    why: 'does not remove what it only shows',
    patches: [test('/extension/6/url', extensionUrls.removal), remove('/extension/6')],
    says: invalid(`Update unsupported for resource - '${extensionUrls.removal}'`),
  },
  {
    why: 'wants the identifier of a pharmacy',
    patches: [
      replace('/extension/0', {
        url: extensionUrls.nominatedPharmacy,
        valueReference: { reference: 'https://example.org/FH846' },
      }),
    ],
    says: missing('valueReference/identifier'),
  },
  {
    why: 'knows the form of a pharmacy code',
    on: minimal(),
    patches: [add('/extension/-', pharmacy(extensionUrls.nominatedPharmacy, 'Y12345 '))],
    says: badValue('Y12345 ', 'valueReference/identifier/value'),
  },
  {
    why: 'wants a list of parts',
    on: minimal(),
    patches: [
      add('/extension/-', { url: extensionUrls.contactPreference, extension: format('12') }),
    ],
    says: invalid('extension not in correct format'),
  },
  {
    why: 'wants a list of extensions',
    on: minimal(),
    patches: [add('/extension', { url: extensionUrls.contactPreference })],
    says: invalid('extension not in correct format'),
  },
  {
    why: 'takes one part of a kind',
    patches: [add('/extension/4/extension/-', times('13:00'))],
    says: invalid("Too many extensions with url 'PreferredContactTimes' on patched patient"),
  },
  {
    why: 'notices a part at the wrong index',
    patches: [replace('/extension/4/extension/0', method('4'))],
    says: invalid("Too many extensions with url 'PreferredContactMethod' on patched patient"),
  },
  {
    why: 'replaces no part past the end',
    patches: [replace('/extension/4/extension/3', format('11'))],
    says: invalid('Invalid patch - list assignment index out of range'),
  },
  {
    why: 'wants a method with times',
    on: minimal(),
    patches: [add('/extension/-', preference(times('12:00')))],
    says: invalid(
      "'PreferredContactMethod' must be supplied when 'PreferredContactTimes' is supplied",
    ),
  },
  {
    why: 'keeps the method while there are times',
    patches: [
      test('/extension/4/extension/1/url', 'PreferredContactMethod'),
      remove('/extension/4/extension/1'),
    ],
    says: invalid(
      "'PreferredContactMethod' must be supplied when 'PreferredContactTimes' is supplied",
    ),
  },
  {
    why: 'wants text for times',
    on: minimal(),
    patches: [add('/extension/-', preference(method('2'), times('')))],
    says: invalid('valueString missing or empty for url=PreferredContactTimes'),
  },
  {
    why: 'takes 40 characters of times',
    on: minimal(),
    patches: [add('/extension/-', preference(method('2'), times('x'.repeat(41))))],
    says: badValue('x'.repeat(41), 'PreferredContactTimes/valueString'),
  },
  {
    why: 'knows the methods',
    on: minimal(),
    patches: [add('/extension/-', preference(method('10')))],
    says: badValue('10', 'PreferredContactMethod valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'wants a method code',
    on: minimal(),
    patches: [
      add(
        '/extension/-',
        preference({
          url: 'PreferredContactMethod',
          valueCodeableConcept: { coding: [{ display: 'Letter' }] },
        }),
      ),
    ],
    says: missing('PreferredContactMethod valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'knows the formats',
    on: minimal(),
    patches: [add('/extension/-', preference(format('20')))],
    says: badValue('20', 'PreferredWrittenCommunicationFormat valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'knows the parts',
    on: minimal(),
    patches: [add('/extension/-', preference({ ...method('1'), url: 'PreferredContactMethods' }))],
    says: badValue('PreferredContactMethods', 'extension/0/url'),
  },
  {
    why: 'takes one contact preference',
    patches: [add('/extension/-', preference(method('1')))],
    says: badSentence('Cannot add a data item that already exists'),
  },
  {
    why: 'keeps interpreterRequired',
    patches: [
      test('/extension/3/extension/1/url', 'interpreterRequired'),
      remove('/extension/3/extension/1'),
    ],
    says: invalid('interpreterRequired cannot be removed'),
  },
  {
    why: 'keeps interpreterRequired from being replaced by nothing',
    patches: [replace('/extension/3/extension/1', { url: ' ', valueBoolean: false })],
    says: invalid('interpreterRequired cannot be removed'),
  },
  {
    why: 'takes no English',
    patches: [replace('/extension/3', communication('en', true))],
    says: badValue('en', 'valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'takes no local language codes',
    on: minimal(),
    patches: [add('/extension/-', communication('qa1'))],
    says: badValue('qa1', 'valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'wants something in a place of birth',
    on: minimal(),
    patches: [add('/extension/-', birthPlace({}))],
    says: missing('valueAddress'),
  },
  {
    why: 'takes one place of birth',
    patches: [add('/extension/-', birthPlace({ city: 'Leeds', country: '1' }))],
    says: badSentence('Cannot add a data item that already exists'),
  },
  {
    why: 'knows the countries',
    on: minimal(),
    patches: [add('/extension/-', birthPlace({ city: 'Leeds', country: '997' }))],
    says: badValue('997', 'country'),
  },
]);
