/** The texts of the PATCH catalogue (pds-fhir 2.4, 2.5) about single values, names and periods. */
import {
  invalid,
  forbidden,
  badValue,
  badSentence,
  missing,
  table,
  practice,
  contact,
  dateOfDeath,
  notified,
  usual,
  changeOfUse,
} from '../../../test/patch-cases.ts';
import {
  add,
  dead,
  death,
  minimal,
  remove,
  replace,
  test,
  today,
} from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';

table('single values', [
  {
    why: 'knows no gender in capitals',
    patches: [add('/gender', 'Male')],
    says: badValue('Male', 'gender'),
  },
  {
    why: 'knows no gender with a space behind it',
    patches: [add('/gender', 'unknown ')],
    says: badValue('unknown ', 'gender'),
  },
  {
    why: 'reads gender other and does not set it',
    patches: [add('/gender', 'other')],
    says: "400 UNSUPPORTED_VALUE: Schema valid but unsupported value - 'other' in field 'gender'",
  },
  {
    why: 'keeps the gender',
    patches: [test('/gender', 'female'), remove('/gender')],
    says: forbidden("source not permitted to remove 'gender'"),
  },
  {
    why: 'keeps the gender, tested or not',
    patches: [remove('/gender')],
    says: forbidden("source not permitted to remove 'gender'"),
  },
  {
    why: 'keeps the birth date',
    patches: [test('/birthDate', '1980-10-22'), remove('/birthDate')],
    says: forbidden("source not permitted to remove 'birthDate'"),
  },
  {
    why: 'wants a birth date in its format',
    patches: [replace('/birthDate', '20010101')],
    says: badValue('20010101', 'birthDate'),
  },
  {
    why: 'wants a birth date of the calendar',
    patches: [replace('/birthDate', '2001-02-30')],
    says: badValue('2001-02-30', 'birthDate'),
  },
  {
    why: 'wants a birth date that is text',
    patches: [replace('/birthDate', { a: [1, null] })],
    says: badValue("{'a': [1, None]}", 'birthDate'),
  },
  {
    why: 'takes no birth date in the future',
    patches: [replace('/birthDate', '2026-03-03')],
    says: invalid('birth date cannot be in the future'),
  },
  {
    why: 'takes no birth date after death',
    on: dead('1'),
    patches: [replace('/birthDate', '2020-10-23')],
    says: invalid('birth date cannot be after the deceased date'),
  },
  {
    why: 'counts births from 1',
    patches: [add('/multipleBirthInteger', 0)],
    says: badValue('0', 'multipleBirthInteger'),
  },
  {
    why: 'counts births to 9',
    patches: [replace('/multipleBirthInteger', 10)],
    says: badValue('10', 'multipleBirthInteger'),
  },
  {
    why: 'keeps the date of death',
    on: dead('1'),
    patches: [test('/deceasedDateTime', '2020-10-22T00:00:00+00:00'), remove('/deceasedDateTime')],
    says: forbidden("source not permitted to remove 'deceasedDateTime'"),
  },
  {
    why: 'keeps the date of a formal death',
    on: dead('2'),
    patches: [test('/deceasedDateTime', '2020-10-22T00:00:00+00:00'), remove('/deceasedDateTime')],
    says: forbidden("source not permitted to remove 'deceasedDateTime'"),
  },
  {
    why: 'takes no offset but UTC',
    patches: [add('/deceasedDateTime', '2026-01-20T00:00:00+01:00'), notified],
    says: badValue('2026-01-20T00:00:00+01:00', 'deceasedDateTime'),
  },
  {
    why: 'wants a date of death in its format',
    patches: [add('/deceasedDateTime', '20200720'), notified],
    says: badValue('20200720', 'deceasedDateTime'),
  },
  {
    why: 'takes no death in the future',
    patches: [add('/deceasedDateTime', '2026-03-03'), notified],
    says: invalid('deceased date cannot be in the future'),
  },
  {
    why: 'takes no death before birth',
    patches: [add('/deceasedDateTime', '1980-10-21'), notified],
    says: invalid('deceased date cannot be before the birth date'),
  },
  {
    why: 'wants a notification with a death',
    patches: [dateOfDeath],
    says: invalid('when adding a deceased date, a death notification status must also be supplied'),
  },
  {
    why: 'wants a death with a notification',
    patches: [notified],
    says: invalid('when adding a death notification status, a deceased date must also be supplied'),
  },
  {
    why: 'takes one notification of death',
    on: dead('1'),
    patches: [replace('/deceasedDateTime', '2020-10-21'), notified],
    says: invalid('cannot add multiple death notification states'),
  },
  {
    why: 'takes no formal notification',
    patches: [dateOfDeath, add('/extension/-', death('2'))],
    says: forbidden('source not permitted to set a formal death notification status'),
  },
  {
    why: 'does not set a removed notification',
    patches: [dateOfDeath, add('/extension/-', death('U'))],
    says: "400 UNSUPPORTED_VALUE: Schema valid but unsupported value - 'U' in field 'valueCodeableConcept/coding/0/code'",
  },
  {
    why: 'knows no third status',
    patches: [dateOfDeath, add('/extension/-', death('3'))],
    says: badValue('3', 'valueCodeableConcept/coding/0/code'),
  },
  {
    why: 'freezes a formal death',
    on: dead('2'),
    patches: [replace('/deceasedDateTime', '2020-10-21'), replace('/extension/7', death('1'))],
    says: forbidden(
      'source not permitted to update death details when Death Notification Status is formal',
    ),
  },
  {
    why: 'freezes a formal notification',
    on: dead('2'),
    patches: [replace('/extension/7', death('1'))],
    says: forbidden(
      'source not permitted to update death details when Death Notification Status is formal',
    ),
  },
  {
    why: 'keeps a formal notification',
    on: dead('2'),
    patches: [test('/extension/7/url', extensionUrls.deathNotification), remove('/extension/7')],
    says: forbidden(
      'source not permitted to update death details when Death Notification Status is formal',
    ),
  },
  {
    why: 'keeps an informal notification',
    on: dead('1'),
    patches: [test('/extension/7/url', extensionUrls.deathNotification), remove('/extension/7')],
    says: forbidden("source not permitted to remove 'deathNotificationStatus'"),
  },
  {
    why: 'wants a code for the managing organisation',
    patches: [add('/managingOrganization', { identifier: { value: 'x y' } })],
    says: badValue('x y', 'managingOrganization/identifier/value'),
  },
]);

table('names', [
  {
    why: 'takes one usual name',
    patches: [add('/name/-', { use: 'usual', family: 'Bloggs' })],
    says: forbidden('multiple usual names cannot be added'),
  },
  {
    why: 'keeps the usual name',
    patches: [test('/name/0/id', '69BB7C85'), remove('/name/0')],
    says: forbidden('not permitted to remove usual name'),
  },
  {
    why: 'takes one nickname',
    patches: [add('/name/-', { use: 'nickname', given: ['Jay'] })],
    says: badSentence('Cannot add a data item that already exists'),
  },
  {
    why: 'wants a use',
    patches: [test('/name/0/id', '69BB7C85'), remove('/name/0/use')],
    says: missing('name/0/use'),
  },
  {
    why: 'knows no use of another kind',
    patches: [usual, replace('/name/0/use', 'abcdef')],
    says: badValue('abcdef', 'name/0/use'),
  },
  {
    why: 'takes no official name',
    patches: [add('/name/-', { use: 'official', family: 'A' })],
    says: badValue('official', 'name/2/use'),
  },
  {
    why: 'keeps the use of a name',
    patches: [usual, replace('/name/0/use', 'old')],
    says: badSentence(changeOfUse),
  },
  {
    why: 'takes five given names',
    patches: [usual, replace('/name/0/given', ['One', 'Two', 'Three', 'Four', 'Five', 'six'])],
    says: "400 TOO_MANY_VALUES_SUBMITTED: Too many values submitted - ['One', 'Two', 'Three', 'Four', 'Five', 'six'] in field 'name/0/given'",
  },
  {
    why: 'wants given names in a list',
    patches: [usual, replace('/name/0/given', 'not an array')],
    says: badValue('not an array', 'name/0/given'),
  },
  {
    why: 'knows the characters of a name',
    patches: [usual, replace('/name/0/given/0', 'O`Brien')],
    says: badValue('O`Brien', 'name/0/given'),
  },
  {
    why: 'leaves out the multiplication sign',
    patches: [usual, replace('/name/0/family', 'A\u00d7B')],
    says: badValue('A\u00d7B', 'name/0/family'),
  },
  {
    why: 'takes 35 characters',
    patches: [usual, replace('/name/0/family', 'a'.repeat(36))],
    says: badValue('a'.repeat(36), 'name/0/family'),
  },
  {
    why: 'takes no control character',
    patches: [usual, replace('/name/0/family', 'Smi\u0000th')],
    says: badValue('Smi\u0000th', 'name/0/family'),
  },
  {
    why: 'wants a suffix to begin with a capital',
    patches: [usual, add('/name/0/suffix/-', 'phd')],
    says: badValue('phd', 'suffix/1'),
  },
  {
    why: 'wants a name in a name',
    patches: [add('/name/-', { use: 'old' })],
    says: missing('name/2/family'),
  },
  {
    why: 'knows the members of a name',
    patches: [add('/name/-', { use: 'old', family: 'A', text: 'A' })],
    says: "400 ADDITIONAL_PROPERTIES: Invalid request with error - Additional properties are not allowed ('text' was unexpected)",
  },
  {
    why: 'wants an object',
    patches: [add('/name/-', 'Bloggs')],
    says: badValue('Bloggs', 'name/2'),
  },
]);

table('periods', [
  {
    why: 'wants days of the calendar',
    patches: [usual, add('/name/0/period/start', '20009-07-09')],
    says: badValue('20009-07-09', 'name/0/period/start'),
  },
  {
    why: 'replaces a start and does not remove it',
    patches: [test('/name/0/id', '69BB7C85'), remove('/name/0/period/start')],
    says: invalid('period start cannot be removed - only replaced'),
  },
  {
    why: 'wants the end behind the start',
    patches: [usual, add('/name/0/period/end', '1929-07-09')],
    says: invalid('business effective start date is after the end date'),
  },
  {
    why: 'wants a start in a period',
    patches: [add('/name/-', { use: 'old', family: 'A', period: { end: today } })],
    says: missing('name/2/period/start'),
  },
  {
    why: 'takes no start in the future',
    patches: [add('/contact/-', { ...contact, period: { start: '2026-03-03' } })],
    says: invalid('contact business effective start date cannot be in the future'),
  },
  {
    why: 'takes no end of a practice',
    patches: [
      replace('/generalPractitioner/0', {
        id: '254406A3',
        ...practice({ period: { start: '2001-01-01', end: '2003-01-01' } }),
      }),
    ],
    says: invalid('general practice business effective end date cannot be set'),
  },
  {
    why: 'takes no practice from the future',
    on: minimal(),
    patches: [add('/generalPractitioner/-', practice({ period: { start: '2026-03-03' } }))],
    says: invalid('general practice business effective start date cannot be in the future'),
  },
  {
    why: 'wants the start of a practice in its format',
    patches: [add('/generalPractitioner/-', practice({ period: { start: '20010101' } }))],
    says: badValue('20010101', 'generalPractitioner/1/identifier/period/start'),
  },
]);
