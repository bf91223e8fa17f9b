/** The texts of the PATCH catalogue (pds-fhir 2.4, 2.5): the form of patches, how they are applied, and what a patient may change. */
import assert from 'node:assert/strict';
import {
  invalid,
  badValue,
  missing,
  table,
  home,
  temp,
  practice,
  contact,
  notified,
  idOf,
  usual,
} from '../../../test/patch-cases.ts';
import {
  add,
  birthPlace,
  communication,
  death,
  full,
  method,
  minimal,
  patch,
  pharmacy,
  preference,
  refusalOf,
  remove,
  replace,
  test,
  today,
  type Operation,
} from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';
import { readPatches } from './patch.ts';

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
