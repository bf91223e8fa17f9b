/** The texts of the PATCH catalogue (pds-fhir 2.4, 2.5), one case for each row and for what the old packs show of it. */
import assert from 'node:assert/strict';
import {
  add,
  birthPlace,
  communication,
  dead,
  death,
  format,
  full,
  method,
  minimal,
  patch,
  pharmacy,
  preference,
  refusalOf,
  relationship,
  remove,
  replace,
  test,
  times,
  today,
  type Operation,
} from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';
import { readPatches } from './patch.ts';
import type { PdsRecord } from '../record.ts';

interface Case {
  readonly why: string;
  readonly on?: PdsRecord;
  readonly patches: readonly Operation[];
  /** `code: diagnostics`, the code short. */
  readonly says: string;
}

const invalid = (rest: string) => `400 INVALID_UPDATE: Invalid update with error - ${rest}`;
const forbidden = (rest: string) => `403 FORBIDDEN_UPDATE: Forbidden update with error - ${rest}`;
const badValue = (value: string, field: string) =>
  `400 INVALID_VALUE: Invalid value - '${value}' in field '${field}'`;
const badSentence = (text: string) => `400 INVALID_VALUE: Invalid value with error - ${text}`;
const missing = (path: string) => `400 MISSING_VALUE: Missing value - '${path}'`;

function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    for (const { why, on, patches, says } of cases) {
      it(why, () => {
        const record = on ?? full();
        const before = structuredClone(record);
        assert.equal(
          refusalOf(() => patch(record, patches)),
          says,
        );
        assert.deepEqual(record, before, 'the record handed in must stay as it was');
      });
    }
  });
}

const home = {
  use: 'home',
  period: { start: '2020-06-10' },
  line: ['7', 'Norman Avenue', 'Eccleshill', 'Bradford', 'WEST YORKSHIRE'],
  postalCode: 'BD2 2LY',
};
const billing = { ...home, use: 'billing', period: { start: '2025-06-10', end: '2026-04-10' } };
const temp = {
  ...home,
  use: 'temp',
  text: 'Second Home',
  period: { start: '2026-02-01', end: '2026-04-10' },
};
const withoutTemp = () => full({ address: (full().patient.address ?? []).slice(0, 1) });
const practice = (more: object = {}) => ({ identifier: { value: 'Y00002', ...more } });
const contact = { relationship, telecom: [{ system: 'phone', value: '01632960001' }] };
const dateOfDeath = add('/deceasedDateTime', '2026-01-20');
const notified = add('/extension/-', death('1'));
const idOf = (path: string, id: string) => test(`${path}/id`, id);
const usual = replace('/name/0/id', '69BB7C85');
const changeOfUse =
  'Update Failed - it is not permitted to change the use of name, address, telecom, patient care or relationship data. ' +
  'A new record should be inserted for the new use or an existing instance of the same use may be updated';

describe('reading the patches of a body', () => {
  const says = (body: unknown) => refusalOf(() => readPatches(body));

  it('finds none in a body without them', () => {
    for (const body of [{}, { patches: [] }, { patches: null }, [], 'text', null, 5])
      assert.equal(says(body), invalid('No patches found'));
  });

  it('refuses what is no list of objects, further members, and lists past the limit', () => {
    assert.equal(says({ patches: 'x' }), badValue('x', 'patches'));
    assert.equal(says({ patches: [5] }), badValue('5', '0'));
    assert.match(says({ patches: [{}], year: 1 }), /ADDITIONAL_PROPERTIES.*'year' was unexpected/);
    assert.match(says(JSON.parse('{"patches":[{}],"__proto__":{}}')), /ADDITIONAL_PROPERTIES/);
    const many = Array.from({ length: 501 }, () => add('/gender', 'male'));
    assert.equal(says({ patches: many }), invalid('501 patches found, maximum is 500'));
  });
});

table('the form of patches', [
  {
    why: 'refuses an unknown operation first',
    patches: [{ op: 'bad', path: 'no pointer' }],
    says: badValue('bad', '0/op'),
  },
  {
    why: 'refuses the operations move and copy',
    patches: [add('/gender', 'male'), { op: 'move', path: '/gender', from: '/x' }],
    says: badValue('move', '1/op'),
  },
  { why: 'wants an operation', patches: [{ path: '/gender' }], says: missing('0/op') },
  { why: 'wants a path', patches: [{ op: 'remove' }], says: missing('0/path') },
  {
    why: 'wants a path that is text',
    patches: [{ op: 'remove', path: 5 }],
    says: badValue('5', '0/path'),
  },
  {
    why: 'wants a value to add',
    patches: [{ op: 'add', path: '/gender' }],
    says: missing('0/value'),
  },
  {
    why: 'refuses members a patch does not have',
    patches: [{ ...add('/gender', 'male'), from: '/a' }],
    says: "400 ADDITIONAL_PROPERTIES: Invalid request with error - Additional properties are not allowed ('from' was unexpected)",
  },
  {
    why: 'wants a leading slash',
    patches: [add('gender', 'male')],
    says: invalid("'gender' is not a 'json-pointer'"),
  },
  {
    why: 'refuses a pointer with a bad escape',
    patches: [add('/name/~2', 'x')],
    says: invalid("'/name/~2' is not a 'json-pointer'"),
  },
  {
    why: 'refuses the pointer to the whole record',
    patches: [replace('', {})],
    says: invalid("'' is not a 'json-pointer'"),
  },
  {
    why: 'wants a test before a removal',
    patches: [remove('/name/1')],
    says: invalid(
      "removal '/name/1' is not immediately preceded by equivalent test - instead it is the first item",
    ),
  },
  {
    why: 'wants that test to be of the item',
    patches: [test('/name/0/id', '69BB7C85'), remove('/name/1')],
    says: invalid(
      "removal '/name/1' is not immediately preceded by equivalent test pointing to an 'id', 'url' or object - instead operation 'test' with path '/name/0/id' preceding",
    ),
  },
  {
    why: 'wants a test, not another operation',
    patches: [usual, remove('/name/0/suffix/0')],
    says: invalid(
      "removal '/name/0/suffix/0' is not immediately preceded by equivalent test pointing to an 'id', 'url' or object - instead operation 'replace' with path '/name/0/id' preceding",
    ),
  },
  {
    why: 'wants the url of the very part of an extension',
    patches: [test('/extension/4/extension/0/url', 'x'), remove('/extension/4/extension/1')],
    says: invalid(
      "removal '/extension/4/extension/1' is not immediately preceded by equivalent test pointing to an 'id', 'url' or object - instead operation 'test' with path '/extension/4/extension/0/url' preceding",
    ),
  },
  {
    why: 'wants the id of an item changed in part',
    patches: [replace('/address/0/line/0', '2 Whitehall Quay')],
    says: invalid('no id or url found for path with root /address/0'),
  },
  {
    why: 'wants the id of that very item',
    patches: [add('/address/0/id', '8B869CFB'), add('/address/1/line/0', '7')],
    says: invalid('no id or url found for path with root /address/1'),
  },
  {
    why: 'wants the id in a whole item',
    patches: [replace('/address/0', home)],
    says: invalid('no id or url found for path with root /address/0'),
  },
  {
    why: 'wants the url in a whole extension',
    patches: [replace('/extension/0', { valueReference: {} })],
    says: invalid('no id or url found for path with root /extension/0'),
  },
  {
    why: 'refuses a whole list',
    patches: [replace('/name', [])],
    says: invalid('no id or url found for path with root /name'),
  },
  {
    why: 'refuses an element that PDS does not have',
    patches: [add('/pets', ['cat'])],
    says: invalid("Update unsupported for resource - 'pets'"),
  },
  {
    why: 'refuses to write the identifier',
    patches: [replace('/identifier/0/value', '9')],
    says: invalid("Update unsupported for resource - 'identifier'"),
  },
  {
    why: 'refuses to write the version',
    patches: [replace('/meta/versionId', '9')],
    says: invalid("Update unsupported for resource - 'meta'"),
  },
  {
    why: 'refuses names that mean something to JavaScript',
    patches: [usual, add('/name/0/__proto__/polluted', 1)],
    says: invalid("Update unsupported for resource - '__proto__'"),
  },
]);

table('applying patches', [
  {
    why: 'finds no id that belongs to no item',
    patches: [
      replace('/address/0/id', '123456'),
      replace('/address/0/line/0', '2 Whitehall Quay'),
      replace('/address/0/postalCode', 'LS1 4BU'),
    ],
    says: invalid("no 'address' resources with object id '123456'"),
  },
  {
    why: 'finds no id when it is all that was sent',
    patches: [replace('/address/0/id', '123456')],
    says: invalid("no 'address' resources with object id '123456'"),
  },
  {
    why: 'finds no lines under a strange id',
    patches: [
      replace('/address/0/id', '456'),
      replace('/address/0/line', ['2', 'Boar Lane', 'Leeds']),
    ],
    says: invalid("Invalid patch - can't replace non-existent object 'line'"),
  },
  {
    why: 'compares the id of a whole item',
    patches: [replace('/address/1', { ...temp, id: 'A91CF747' })],
    says: invalid(
      "Object ID does not match supplied index for path='/address/1' with resource id='F60E2FF2' and patch id='A91CF747'",
    ),
  },
  {
    why: 'compares the id of a practice',
    patches: [replace('/generalPractitioner/0', { id: '183993', ...practice() })],
    says: invalid(
      "Object ID does not match supplied index for path='/generalPractitioner/0' with resource id='254406A3' and patch id='183993'",
    ),
  },
  {
    why: 'refuses the id of another item',
    patches: [add('/address/1/id', '8B869CFB'), add('/address/1/line/0', '7')],
    says: invalid("multiple 'address' resources assigned the same object id '8B869CFB'"),
  },
  {
    why: 'refuses an id made by the client',
    on: minimal(),
    patches: [add('/address/-', { ...temp, id: 'F60E2FF2' })],
    says: invalid('Data id should not be provided on addition with id=F60E2FF2'),
  },
  {
    why: 'finds nothing at an index past the end',
    patches: [test('/name/2/id', '123456'), remove('/name/2')],
    says: invalid("Invalid patch - index '2' is out of bounds"),
  },
  {
    why: 'finds nothing in a list that is not there',
    on: minimal(),
    patches: [replace('/address/0/id', '456'), replace('/address/0/line/0', 'x')],
    says: invalid("Invalid patch - index '0' is out of bounds"),
  },
  {
    why: 'replaces nothing past the end',
    on: minimal(),
    patches: [replace('/generalPractitioner/0', { id: '183993', ...practice() })],
    says: invalid('Invalid patch - list assignment index out of range'),
  },
  {
    why: 'replaces no extension past the end',
    on: minimal(),
    patches: [replace('/extension/1', birthPlace({ city: 'Bradford' }))],
    says: invalid('Invalid patch - list assignment index out of range'),
  },
  {
    why: 'adds nothing at an empty index',
    patches: [add('/address/', temp)],
    says: invalid("Invalid patch - '' is not a valid sequence index"),
  },
  {
    why: 'walks through no name where an index belongs',
    patches: [add('/extension/extension/-', preference(method('1')))],
    says: invalid("Invalid patch - 'extension' is not a valid sequence index"),
  },
  {
    why: 'leaves the place of a new item to the server',
    patches: [add('/extension/0', birthPlace({ city: 'Leeds' }))],
    says: invalid("Invalid patch - '0' is not a valid sequence index"),
  },
  {
    why: 'replaces no value that is not there',
    on: minimal(),
    patches: [replace('/deceasedDateTime', '2026-01-01'), notified],
    says: invalid("Invalid patch - can't replace non-existent object 'deceasedDateTime'"),
  },
  {
    why: 'removes no suffix that is not there',
    patches: [test('/name/1/id', '2C3F0DDD'), remove('/name/1/suffix/0')],
    says: invalid("Invalid patch - can't remove non-existent object '0'"),
  },
  {
    why: 'quotes the object that lacks a member',
    patches: [test('/extension/0/id', 'x'), remove('/extension/0')],
    says: invalid(
      `Invalid patch - member 'id' not found in {'url': '${extensionUrls.nominatedPharmacy}', 'valueReference': {'identifier': {'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': 'Y12345'}}}`,
    ),
  },
  {
    why: 'does not quote the whole record',
    on: minimal(),
    patches: [test('/gender', 'male')],
    says: invalid("Invalid patch - member 'gender' not found in {...}"),
  },
  {
    why: 'tells both sides of a failed test of text',
    patches: [test('/address/0/id', 'F60E2FF2'), remove('/address/0')],
    says: invalid(
      "Invalid patch - 8B869CFB (<type 'str'>) is not equal to tested value F60E2FF2 (<type 'unicode'>)",
    ),
  },
  {
    why: 'tells both sides of a failed test of an object in Python notation',
    patches: [
      test('/extension/3/extension/1', { url: 'interpreterRequired', valueBoolean: false }),
      remove('/extension/3/extension/1'),
    ],
    says: invalid(
      "Invalid patch - {'url': 'interpreterRequired', 'valueBoolean': True} (<class 'dict'>) is not equal to tested value {'url': 'interpreterRequired', 'valueBoolean': False} (<class 'dict'>)",
    ),
  },
  {
    why: 'leaves out long values',
    patches: [test('/gender', 'x'.repeat(600))],
    says: invalid(
      `Invalid patch - female (<type 'str'>) is not equal to tested value <json too long to display> (<type 'unicode'>)`,
    ),
  },
  {
    why: 'wants a change',
    patches: [test('/contact/0/id', '611DCC78')],
    says: invalid('Invalid patch - Provided patch made no changes to the resource'),
  },
  {
    why: 'takes the value that is there already for no change',
    patches: [replace('/gender', 'female')],
    says: invalid('Invalid patch - Provided patch made no changes to the resource'),
  },
  {
    why: 'takes the removal of a list that is not there for no change',
    patches: [test('/name/1/id', '2C3F0DDD'), remove('/name/1/suffix')],
    says: invalid('Invalid patch - Provided patch made no changes to the resource'),
  },
  {
    why: 'takes a practice without a code for no change',
    on: minimal(),
    patches: [add('/generalPractitioner/-', { identifier: {} })],
    says: invalid('Invalid patch - Provided patch made no changes to the resource'),
  },
]);

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

describe('what a patient may change', () => {
  const denied = invalid(
    'This user does not have permission to update the fields in the patches provided.',
  );
  const says = (...patches: Operation[]) => refusalOf(() => patch(full(), patches, 'patient'));
  const mobile = {
    id: '1A2B3C41',
    period: { start: today },
    system: 'phone',
    use: 'mobile',
    value: '07700900999',
  };

  it('leaves names, gender, practice, preferences and other telecom to healthcare workers', () => {
    assert.equal(says(replace('/gender', 'male')), denied);
    assert.equal(says(remove('/birthDate')), denied);
    assert.equal(says(add('/name/-', { use: 'old', family: 'A' })), denied);
    assert.equal(says(add('/generalPractitioner/-', practice())), denied);
    assert.equal(says(test('/telecom/0/id', '1A2B3C40'), remove('/telecom/0')), denied);
    assert.equal(says(add('/telecom/-', { system: 'fax', use: 'home', value: '1' })), denied);
    assert.equal(says(replace('/extension/4', preference(method('1')))), denied);
    assert.equal(says(add('/extension/-', death('1'))), denied);
    assert.equal(says(test('/telecom', full().patient.telecom), remove('/telecom')), denied);
  });

  it('wants whole objects where it says so', () => {
    assert.equal(says(idOf('/telecom/1', '1A2B3C41'), replace('/telecom/1/value', '1')), denied);
    assert.equal(
      says(
        test('/extension/3/url', extensionUrls.communication),
        replace('/extension/3/extension/1/valueBoolean', false),
      ),
      denied,
    );
    assert.equal(
      says(replace('/extension/3/extension/0', communication('pl').extension?.[0])),
      denied,
    );
  });

  it('takes a mobile number, e-mail, pharmacy, language, place of birth, contact and address', () => {
    const after = patch(
      full(),
      [
        replace('/telecom/1', mobile),
        replace('/telecom/2', {
          id: '1A2B3C42',
          system: 'email',
          use: 'home',
          value: 'new@example.com',
        }),
        replace('/extension/0', pharmacy(extensionUrls.nominatedPharmacy, 'FWC87')),
        replace('/extension/3', communication('pl', false)),
        replace('/extension/5', birthPlace({ city: 'Leeds' })),
        replace('/contact/0', { id: '611DCC78', ...contact }),
        idOf('/address/0', '8B869CFB'),
        replace('/address/0/postalCode', 'LS1 4BU'),
      ],
      'patient',
    );
    assert.deepEqual(after.patient.telecom?.[1], mobile);
    assert.equal(after.patient.extension?.[0]?.valueReference?.identifier?.value, 'FWC87');
    assert.equal(after.patient.address?.[0]?.postalCode, 'LS1 4BU');
    assert.equal(after.patient.contact?.[0]?.period?.start, today);
  });

  it('takes back what it may change', () => {
    const after = patch(
      full(),
      [
        test('/extension/3/url', extensionUrls.communication),
        remove('/extension/3'),
        test('/telecom/1/id', '1A2B3C41'),
        remove('/telecom/1'),
      ],
      'patient',
    );
    assert.equal(after.patient.telecom?.length, 2);
    assert.equal(after.patient.extension?.length, 6);
  });
});
