/**
 * Requests that are framed well and hold what nobody sensible sends: the fixed corpus, as data. None of them may change
 * a record. Built once; bodies of many megabytes are made when asked for.
 */
import type { RawRequest } from './raw-http.ts';

export interface HostileRequest {
  readonly name: string;
  /** `pds`: below the base of the PDS API, else below /_sandbox. */
  readonly at: 'pds' | 'sandbox';
  /** `refused`: 4xx. `any`: what is right is told by other tests; here it may be 2xx as well. */
  readonly expect: 'refused' | 'any';
  readonly request: () => RawRequest;
}

type Fields = readonly (readonly [string, string])[];

/** The record that is aimed at; nothing here may change it. */
export const target = '9000000009';
const id: Fields = [['x-request-id', '60e0b220-8136-4ca5-ae46-1d97ef59d068']];
const patchFields: Fields = [
  ...id,
  ['if-match', 'W/"2"'],
  ['content-type', 'application/json-patch+json'],
];
const postFields: Fields = [...id, ['content-type', 'application/fhir+json']];

// ---- paths ----

const segments: readonly string[] = [
  '%zz',
  '%',
  '%0',
  '%00',
  `${target}%00`,
  `%00${target}`,
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..;',
  '..%5c..%5cwindows',
  '%c0%ae%c0%ae', // overlong dots
  '%c0%af',
  '%e0%80%af',
  '%f8%88%80%80%80',
  '%ed%a0%80', // half a character
  '%ed%b0%80',
  '%ff%fe',
  '%e2%80%8f9000000009', // right-to-left mark
  '%ef%bc%99000000009', // a full-width nine
  '%d9%a9000000009', // an Arabic nine
  '9000000009%20',
  '%0a9000000009',
  '9000000009%0d%0aset-cookie:a=b',
  '+9000000009',
  '-1',
  '0',
  '1e9',
  '9000000008',
  '90000000090',
  '9'.repeat(5000),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  "9000000009'--",
  "' OR 1=1 --",
  '"><script>alert(1)<%2fscript>',
  '${jndi:ldap:%2f%2fx}',
  '{{7*7}}',
  '$process-birth-details',
  '*',
  '~',
  ';',
  ':',
  '@',
  'null',
  'undefined',
  'NaN',
  '[object%20Object]',
].map((segment) => segment.replaceAll(' ', '%20'));

const wholePaths: readonly string[] = [
  '',
  '/',
  '//',
  '///Patient',
  '/Patient/',
  '/Patient//',
  `/Patient//${target}`,
  `//Patient/${target}`,
  `/Patient/${target}/`,
  `/Patient/${target}/RelatedPerson/`,
  `/Patient/${target}/RelatedPerson/1`,
  `/Patient/${target}/_history`,
  `/patient/${target}`,
  `/Patient;a=b/${target}`,
  `/Patient/../Patient/${target}`,
  '/./Patient',
  '/%50atient',
  '/Coverage/1',
  '/Observation',
  '/metadata/x',
  '/_status/x',
  '/$everything',
  `/${'a/'.repeat(3000)}`,
  `/Patient/${'%41'.repeat(3000)}`,
];

const paths: readonly HostileRequest[] = [
  ...segments.flatMap((segment): HostileRequest[] =>
    [`/Patient/${segment}`, `/Patient/${segment}/RelatedPerson`].map((path) => ({
      name: `path ${short(path)}`,
      at: 'pds',
      expect: 'refused',
      request: () => ({ path, headers: id }),
    })),
  ),
  ...wholePaths.map((path): HostileRequest => ({
    name: `path ${short(path)}`,
    at: 'pds',
    expect: 'refused',
    request: () => ({ path, headers: id }),
  })),
  ...['HEAD', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'OPTIONS', 'POST', 'PURGE'].map(
    (method): HostileRequest => ({
      name: `method ${method}`,
      at: 'pds',
      expect: 'any',
      request: () => ({ method, path: `/Patient/${target}`, headers: id }),
    }),
  ),
];

// ---- fields ----

const fieldValues: Readonly<Record<string, readonly string[]>> = {
  'x-request-id': [
    '',
    'x',
    '60e0b220-8136-4ca5-ae46-1d97ef59d068x',
    '60e0b220-8136-4ca5-ae46-1d97ef59d068, 60e0b220-8136-4ca5-ae46-1d97ef59d068',
    '__proto__',
    'Mrs Example Person',
    '\xff\xfe',
    'a'.repeat(10_000),
    '<script>',
    "' OR 1=1 --",
  ],
  'nhsd-session-urid': ['x', '1 2', '\xb2', '9'.repeat(5000) + 'x', '-1'],
  'x-gatehouse-act-as': ['', 'root', '__proto__', 'constructor', 'patient:', 'patient:9000000001'],
  'x-gatehouse-workspace': [
    '',
    'x',
    '__proto__',
    'constructor',
    '../shared',
    '%00',
    'a'.repeat(9000),
  ],
  'x-gatehouse-scenario': ['', 'x', '__proto__', 'toString', 'a'.repeat(9000)],
  authorization: [
    'x',
    'Basic YTpi',
    'Bearer',
    'Bearer a b',
    `Bearer ${'a'.repeat(9000)}`,
    'Bearer \xff',
    'bearer {"alg":"none"}',
  ],
};

const fields: readonly HostileRequest[] = Object.entries(fieldValues)
  .flatMap(([name, values]) =>
    values.map((value): HostileRequest => ({
      name: `field ${name}: ${short(value)}`,
      at: 'pds',
      expect: 'refused',
      request: () => ({
        path: `/Patient/${target}`,
        headers: [...(name === 'x-request-id' ? [] : id), [name, value]],
      }),
    })),
  )
  .map((entry) =>
    // An empty token is none, and a workspace or a caller left empty is up to the rules.
    entry.name.endsWith(': ') ? { ...entry, expect: 'any' as const } : entry,
  );

const otherFields: readonly HostileRequest[] = (
  [
    ['__proto__', 'x'],
    ['constructor', 'x'],
    ['hasownproperty', 'x'],
    ['x-correlation-id', 'a'.repeat(9000)],
    ['x-correlation-id', '\xff'],
    ['origin', '\xff'],
    ['origin', 'null'],
    ['x-sync-wait', '1e9'],
    ['x-sync-wait', '-1'],
    ['x-forwarded-host', 'evil.example'],
    ['if-match', 'W/"99999999999"'],
    ['if-match', '*'],
    ['content-type', 'application/json; charset=utf-16'],
    ['accept', 'a'.repeat(9000)],
    ['range', 'bytes=0-0,1-1'],
    ['cookie', '__proto__=1; a'],
  ] as const
).map((field) => ({
  name: `field ${field[0]}: ${short(field[1])}`,
  at: 'pds',
  expect: 'any',
  request: () => ({ path: `/Patient/${target}`, headers: [...id, field] }),
}));

// ---- queries ----

const queries: readonly string[] = [
  '',
  '&&&&',
  '=',
  '====',
  '%zz=1',
  'family=%zz',
  'family=%00&birthdate=eq2010-10-22',
  'family=%c0%ae&birthdate=eq2010-10-22',
  'family=%ed%a0%80&birthdate=eq2010-10-22',
  'family=%ff&birthdate=eq2010-10-22',
  'family=Smith&family=Jones&birthdate=eq2010-10-22',
  'family=&birthdate=eq2010-10-22',
  'family&birthdate',
  'family=Smith',
  'birthdate=eq2010-10-22',
  'family=Smith&birthdate=',
  'family=Smith&birthdate=eq2010-02-30',
  'family=Smith&birthdate=eq2010-13-01',
  'family=Smith&birthdate=eq0000-00-00',
  'family=Smith&birthdate=2010',
  'family=Smith&birthdate=eq2010-10-22T00:00:00Z',
  'family=Smith&birthdate=ge2010-10-22&birthdate=ge2011-10-22',
  'family=Smith&birthdate=ge2010-10-22&birthdate=le2011-10-22&birthdate=le2012-10-22',
  'family=Smith&birthdate=eq%D9%A2%D9%A0%D9%A1%D9%A0-10-22',
  'family=Smith&birthdate=eq2010-10-22&__proto__=1',
  'family=Smith&birthdate=eq2010-10-22&constructor=1',
  'family=Smith&birthdate=eq2010-10-22&__proto__[polluted]=1',
  'family[]=Smith&birthdate=eq2010-10-22',
  'family[$ne]=x&birthdate=eq2010-10-22',
  'family=Smith&birthdate=eq2010-10-22&_max-results=0',
  'family=Smith&birthdate=eq2010-10-22&_max-results=-1',
  'family=Smith&birthdate=eq2010-10-22&_max-results=51',
  'family=Smith&birthdate=eq2010-10-22&_max-results=1e1',
  'family=Smith&birthdate=eq2010-10-22&_max-results=999999999999999999999',
  'family=Smith&birthdate=eq2010-10-22&_fuzzy-match=yes',
  'family=Smith&birthdate=eq2010-10-22&gender=x',
  'family=Smith&birthdate=eq2010-10-22&email=',
  `family=Smith&birthdate=eq2010-10-22&email=${'a'.repeat(9000)}`,
  `family=Smith&birthdate=eq2010-10-22&phone=${'1'.repeat(9000)}`,
  'family=Smith&birthdate=eq2010-10-22&general-practitioner=%27',
  'family=Smith&birthdate=eq2010-10-22&address-postalcode=%27',
  'family=Smith&birthdate=eq2010-10-22&address-postalcode=**',
  `family=Smith&birthdate=eq2010-10-22${'&given=A'.repeat(6)}`,
  `family=Smith&birthdate=eq2010-10-22${'&given=A'.repeat(1900)}`,
  'a=1&'.repeat(3900),
  '&'.repeat(15_000),
  `family=${'%41'.repeat(5000)}&birthdate=eq2010-10-22`,
  `family=${'a'.repeat(15_000)}&birthdate=eq2010-10-22`,
  `family=${'*'.repeat(10_000)}&birthdate=eq2010-10-22`,
  `family=Sm${'*'.repeat(10_000)}&birthdate=eq2010-10-22`,
  `family=${'a*'.repeat(5000)}&birthdate=eq2010-10-22`,
  ...[
    '*',
    '**',
    'S*',
    '*mith',
    "Smith';DROP TABLE patients;--",
    '" OR ""="',
    'Smith%',
    '_mith',
    '(a+)+$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '[a-z]{1,99999}',
    'Smith\\',
    'Smith/../',
    '<script>',
    '${7*7}',
    'Smith\u0000',
    'Smith\r\nx: y',
    '\u200f\u200f',
    '\u202eSmith',
    '\u200dSmith',
    'Sm\u200dith',
    '\ufdd0\ufffe',
    '😀😀',
    '👩‍👩‍👧‍👦',
    '\u0301\u0301\u0301',
  ].map((name) => `family=${encodeURIComponent(name)}&birthdate=eq2010-10-22`),
];

/** Searches that may well be allowed: they must come back soon and whole. */
const searches: readonly string[] = [
  'family=Sm*&birthdate=ge1800-01-01&birthdate=le2999-12-31',
  'family=Sm*&birthdate=ge0001-01-01&birthdate=le9999-12-31&_history=true',
  'family=Sm*&given=Ja*&birthdate=le9999-12-31',
  'family=Sm*&given=Ja*&gender=female&birthdate=ge0000-01-01',
  'family=Sm*&given=**a&birthdate=ge0000-01-01',
  'family=Smith&birthdate=ge2020-01-01&birthdate=le1900-01-01',
  'family=Smith&birthdate=ge1900-01-01&death-date=ge0001-01-01&death-date=le9999-12-31',
  `family=Sm${encodeURIComponent('\u0301'.repeat(30))}*&birthdate=ge1900-01-01`,
  `family=${encodeURIComponent('𠮷𠮷')}&birthdate=eq2010-10-22`,
  `family=${encodeURIComponent('محمد')}&birthdate=eq2010-10-22`,
  `family=${encodeURIComponent("O'Bri\u00e9n")}&birthdate=eq2010-10-22&_fuzzy-match=true&given=J`,
  `family=${encodeURIComponent("'''-- ...")}&birthdate=eq2010-10-22`,
  'family=Smith&given=&given=&birthdate=eq2010-10-22',
  'family=Aa&given=Aa&birthdate=ge1800-01-01&birthdate=le2999-12-31&_fuzzy-match=true',
  `family=Smith&given=${'A'.repeat(35)}&birthdate=le2999-12-31&_fuzzy-match=true`,
];

const asked: readonly HostileRequest[] = [
  ...queries.map((query) => [query, 'refused'] as const),
  ...searches.map((query) => [query, 'any'] as const),
].map(([query, expect]) => ({
  name: `query ${short(query)}`,
  at: 'pds',
  expect,
  request: () => ({ path: `/Patient?${query}`, headers: id }),
}));

const otherQueries: readonly HostileRequest[] = [
  '',
  'subscriber:identifier=',
  'subscriber:identifier=x',
  'subscriber:identifier=%00',
  `subscriber:identifier=${target}&subscriber:identifier=${target}`,
  'subscriber%3Aidentifier=9'.repeat(100),
  '__proto__=1',
  'a=1&'.repeat(3000),
].map((query) => ({
  name: `coverage ${short(query)}`,
  at: 'pds',
  expect: 'refused',
  request: () => ({ path: `/Coverage?${query}`, headers: id }),
}));

// ---- bodies that are no JSON of the accepted form, for every operation that takes one ----

const mb = 1024 * 1024;
const nested = (depth: number, open: string, close: string) =>
  `{"patches":${open.repeat(depth)}1${close.repeat(depth)}}`;

const badBodies: Readonly<Record<string, () => string | Buffer>> = {
  nothing: () => '',
  'a space': () => ' ',
  null: () => 'null',
  true: () => 'true',
  'a number': () => '5',
  'a text': () => '"x"',
  'an empty list': () => '[]',
  'a list in a list': () => '[[]]',
  'an empty object': () => '{}',
  'half an object': () => '{"patches":[{"op":"add"',
  'two objects': () => '{}{}',
  'a comma too many': () => '{"patches":[],}',
  'single quotes': () => "{'patches':[]}",
  'a comment': () => '{/* */"patches":[]}',
  NaN: () => '{"patches":NaN}',
  '1e999': () => '{"patches":1e999}',
  '-1e999': () => '{"patches":[-1e999]}',
  '-0': () => '{"patches":-0}',
  'a leading zero': () => '{"patches":01}',
  'a number of 100,000 digits': () => `{"patches":${'9'.repeat(100_000)}}`,
  XML: () => '<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>',
  'an entity bomb': () =>
    '<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;&b;">]><a>&d;&d;&d;</a>',
  'a form': () => 'patches=1&a=b',
  'a mark and nothing': () => Buffer.from([0xef, 0xbb, 0xbf]),
  'two marks': () =>
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf]), Buffer.from('{}')]),
  'UTF-16': () => Buffer.from('\ufeff{"patches":[]}', 'utf16le'),
  'UTF-16 without a mark': () => Buffer.from('{"patches":[]}', 'utf16le'),
  latin1: () => Buffer.from('{"patches":["\xe9"]}', 'latin1'),
  'overlong UTF-8': () =>
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xae]), Buffer.from('"}')]),
  'half a character in bytes': () =>
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
  'half a character escaped': () => '{"patches":["\\ud800"]}',
  'a NUL escaped': () => '{"patches":["\\u0000"]}',
  'a raw NUL': () => '{"patches":["\0"]}',
  'a raw line break in a text': () => '{"patches":["\n"]}',
  'a member twice': () => '{"patches":[],"patches":[]}',
  'a member twice, escaped once': () => '{"patches":[],"p\\u0061tches":[]}',
  __proto__: () => '{"__proto__":{"polluted":1}}',
  '__proto__ escaped': () => '{"__pr\\u006fto__":{"polluted":1}}',
  constructor: () => '{"constructor":{"prototype":{"polluted":1}}}',
  toString: () => '{"toString":1,"valueOf":1,"hasOwnProperty":1,"toJSON":1}',
  length: () => '{"length":1e9,"0":1}',
  'lists 10,000 deep': () => nested(10_000, '[', ']'),
  'objects 10,000 deep': () => nested(10_000, '{"a":', '}'),
  'lists 100,000 deep and not closed': () => '['.repeat(100_000),
  '100,000 members': () =>
    `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(',')}}`.slice(0, mb),
  '100,000 members that fit': () => `[${'1,'.repeat(99_999)}1]`,
  'a text of 900 KB': () => `{"patches":"${'x'.repeat(900_000)}"}`,
  'a name of 900 KB': () => `{"${'x'.repeat(900_000)}":1}`,
  'backslashes of 900 KB': () => `{"patches":"${'\\\\'.repeat(450_000)}"}`,
  '50 MB': () => Buffer.alloc(50 * mb, 0x20),
};

const types: readonly string[] = [
  '',
  'text/plain',
  'application/xml',
  'application/fhir+xml',
  'multipart/form-data; boundary=x',
  'application/json-patch+jsonx',
  'a'.repeat(5000),
  ';;;',
  '__proto__',
];

interface Taker {
  readonly name: string;
  readonly at: 'pds' | 'sandbox';
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
}

const takers: readonly Taker[] = [
  { name: 'PATCH', at: 'pds', method: 'PATCH', path: `/Patient/${target}`, headers: patchFields },
  { name: 'create', at: 'pds', method: 'POST', path: '/Patient', headers: postFields },
  {
    name: 'birth',
    at: 'pds',
    method: 'POST',
    path: '/Patient/$process-birth-details',
    headers: postFields,
  },
  {
    name: 'coverage',
    at: 'pds',
    method: 'POST',
    path: '/Coverage',
    headers: [...postFields, ['if-match', 'W/"2"']],
  },
  {
    name: 'scenario',
    at: 'sandbox',
    method: 'PUT',
    path: '/workspaces/shared/scenario',
    headers: postFields,
  },
  {
    name: 'seed',
    at: 'sandbox',
    method: 'POST',
    path: '/workspaces/shared/patients',
    headers: postFields,
  },
];

const bodies: readonly HostileRequest[] = takers.flatMap((taker) =>
  Object.entries(badBodies).map(([name, body]): HostileRequest => ({
    name: `${taker.name} with ${name}`,
    at: taker.at,
    expect: 'refused',
    request: () => ({ ...taker, body: body() }),
  })),
);

const mistyped: readonly HostileRequest[] = takers
  .filter(({ at }) => at === 'pds')
  .flatMap((taker) =>
    types.map((type): HostileRequest => ({
      name: `${taker.name} of type ${short(type)}`,
      at: 'pds',
      expect: 'refused',
      request: () => ({
        ...taker,
        headers: [
          ...taker.headers.filter(([name]) => name !== 'content-type'),
          ['content-type', type],
        ],
        body: '{"patches":[]}',
      }),
    })),
  );

const chunked: readonly HostileRequest[] = takers.map((taker) => ({
  name: `${taker.name} with 50 MB in chunks`,
  at: taker.at,
  expect: 'refused',
  request: () => ({ ...taker, body: Buffer.alloc(50 * mb, 0x20), chunked: true }),
}));

// ---- JSON Patch ----

const replaceGender = { op: 'replace', path: '/gender', value: 'male' };
/** Ends any list of patches with one that is refused, so that what comes before must not stay. */
const never = { op: 'replace', path: '/id', value: 'x' };

const badPatches: Readonly<Record<string, () => unknown>> = {
  'patches that are no list': () => ({ patches: { 0: replaceGender } }),
  'a null among them': () => ({ patches: [null] }),
  'a list among them': () => ({ patches: [[]] }),
  'a text among them': () => ({ patches: ['x'] }),
  'an operation left out': () => ({ patches: [{ path: '/gender', value: 'male' }] }),
  'an operation of another kind': () => ({ patches: [{ ...replaceGender, op: 5 }] }),
  'an unknown operation': () => ({ patches: [{ ...replaceGender, op: 'merge' }] }),
  'the operation __proto__': () => ({ patches: [{ ...replaceGender, op: 'constructor' }] }),
  move: () => ({ patches: [{ op: 'move', from: '/name/0', path: '/name/0/given' }] }),
  copy: () => ({ patches: [{ op: 'copy', from: '/name', path: '/name/0' }] }),
  'no path': () => ({ patches: [{ op: 'replace', value: 'male' }] }),
  'no value': () => ({ patches: [{ op: 'replace', path: '/gender' }] }),
  'a test alone that fails': () => ({ patches: [{ op: 'test', path: '/gender', value: 'x' }] }),
  'nothing to do': () => ({ patches: [] }),
  'a change and then a refusal': () => ({ patches: [replaceGender, never] }),
  'a removal and then a refusal': () => ({ patches: [{ op: 'remove', path: '/gender' }, never] }),
  '10,000 changes and a refusal': () => ({
    patches: [...Array.from({ length: 3000 }, () => replaceGender), never],
  }),
  '10,000 operations': () => ({ patches: Array.from({ length: 10_000 }, () => replaceGender) }),
  'a value of 900 KB': () => ({ patches: [{ ...replaceGender, value: 'x'.repeat(900_000) }] }),
  'a value 60 deep': () => ({
    patches: [
      { op: 'add', path: '/name/-', value: JSON.parse('{"a":'.repeat(58) + '1' + '}'.repeat(58)) },
    ],
  }),
  'a name with six given names': () => ({
    patches: [
      {
        op: 'add',
        path: '/name/-',
        value: { use: 'nickname', family: 'A', given: ['A', 'B', 'C', 'D', 'E', 'F'] },
      },
    ],
  }),
  'a name of 36 characters': () => ({
    patches: [
      {
        op: 'add',
        path: '/name/-',
        value: { use: 'nickname', family: 'A'.repeat(36), given: ['B'] },
      },
    ],
  }),
  'a name with an unknown member': () => ({
    patches: [
      { op: 'add', path: '/name/-', value: { use: 'nickname', family: 'A', toString: 'x' } },
    ],
  }),
  'a birth date that is none': () => ({
    patches: [{ op: 'replace', path: '/birthDate', value: '2010-02-30' }],
  }),
  'a birth date that is a list': () => ({
    patches: [{ op: 'replace', path: '/birthDate', value: ['2010-02-03'] }],
  }),
  ...Object.fromEntries(
    [
      '',
      '/',
      '//',
      'gender',
      '/gender/',
      '/gender/x',
      '/~',
      '/~2',
      '/gender~0',
      '/__proto__/polluted',
      '/constructor/prototype/polluted',
      '/name/__proto__',
      '/name/0/__proto__/x',
      '/name/length',
      '/name/-1',
      '/name/01',
      '/name/1e0',
      '/name/1000000000',
      '/name/99999999999999999999',
      '/name/+0',
      '/name/ 0',
      '/name/\u0661',
      '/name/0/given/1000000000',
      '/name/-/given/-',
      '/id',
      '/meta/versionId',
      '/identifier/0/value',
      '/resourceType',
      '/nothing',
      `/${'a/'.repeat(5000)}`,
      `/name/${'0'.repeat(5000)}`,
      '/extension/0/extension/0/extension/0/url',
    ].flatMap((path) =>
      ['add', 'replace', 'remove'].map((op) => [
        `${op} at ${short(path)}`,
        () => ({ patches: [{ op, path, value: 'x' }] }),
      ]),
    ),
  ),
  ...Object.fromEntries(
    [null, 5, true, [], {}, ['/gender']].map((path) => [
      `the path ${JSON.stringify(path)}`,
      () => ({ patches: [{ op: 'replace', path, value: 'male' }] }),
    ]),
  ),
};

const patches: readonly HostileRequest[] = Object.entries(badPatches).map(([name, body]) => ({
  name: `PATCH: ${name}`,
  at: 'pds',
  expect: 'refused',
  request: () => ({
    method: 'PATCH',
    path: `/Patient/${target}`,
    headers: patchFields,
    body: JSON.stringify(body()),
  }),
}));

// ---- what is created, replaced and seeded ----

const patient = (members: object) => ({ resourceType: 'Patient', ...members });
const person = {
  name: [{ use: 'usual', family: 'Example', given: ['Person'] }],
  gender: 'female',
  birthDate: '1990-01-01',
};

const badPatients: Readonly<Record<string, unknown>> = {
  'another type': { ...person, resourceType: 'Observation' },
  'no type': person,
  'a type that is a list': { ...person, resourceType: ['Patient'] },
  'a name that is a text': patient({ ...person, name: 'x' }),
  'a name that is a number': patient({ ...person, name: [5] }),
  'six given names': patient({
    ...person,
    name: [{ use: 'usual', family: 'A', given: ['A', 'B', 'C', 'D', 'E', 'F'] }],
  }),
  'a given name that is an object': patient({ ...person, name: [{ use: 'usual', given: [{}] }] }),
  'a family name of 36 characters': patient({
    ...person,
    name: [{ use: 'usual', family: 'A'.repeat(36) }],
  }),
  'a day that does not exist': patient({ ...person, birthDate: '2011-02-29' }),
  'a day in the year 9999': patient({ ...person, birthDate: '9999-12-31' }),
  'a date that is a number': patient({ ...person, birthDate: 19900101 }),
  'a gender that is a list': patient({ ...person, gender: ['female'] }),
  'extensions without end': patient({
    ...person,
    extension: Array.from({ length: 9000 }, () => ({})),
  }),
  'an extension that is null': patient({ ...person, extension: [null] }),
  'an address of nulls': patient({ ...person, address: [{ line: [null, null], period: null }] }),
  'a number that is not valid': patient({ ...person, id: '9990000000' }),
};

const created: readonly HostileRequest[] = Object.entries(badPatients).flatMap(([name, body]) => [
  {
    name: `create: ${name}`,
    at: 'pds',
    expect: 'refused',
    request: () => ({
      method: 'POST',
      path: '/Patient',
      headers: postFields,
      body: JSON.stringify(body),
    }),
  },
  {
    name: `seed: ${name}`,
    at: 'sandbox',
    expect: 'refused',
    request: () => ({
      method: 'POST',
      path: '/workspaces/shared/patients',
      headers: postFields,
      body: JSON.stringify({ resourceType: 'Bundle', entry: [{ resource: body }] }),
    }),
  },
]);

const held = (behind: string) => ({
  url: 'https://gatehouse.example/fhir/StructureDefinition/held-record',
  valueString: behind,
});
const seeds: readonly HostileRequest[] = [
  '{"relatedPersons":5}',
  '{"former":"x"}',
  '{"former":{"names":[null]}}',
  '{"hidden":{"names":{"length":5}}}',
  '{"supersededBy":5}',
  '{"coverage":"x"}',
  '{"recent":{}}',
  '{"recent":[null]}',
  '{"__proto__":{"polluted":1}}',
  '[]',
  'null',
  '5',
  'x',
  `{"former":${'['.repeat(5000)}${']'.repeat(5000)}}`,
]
  .map(
    (behind) =>
      [
        `seed: behind a record ${short(behind)}`,
        patient({ ...person, id: '9990000018', extension: [held(behind)] }),
      ] as const,
  )
  .map(([name, body]) => ({
    name,
    at: 'sandbox',
    expect: 'refused',
    request: () => ({
      method: 'POST',
      path: '/workspaces/shared/patients',
      headers: postFields,
      body: JSON.stringify(body),
    }),
  }));

const crowds: readonly HostileRequest[] = Object.entries({
  '499,999 empty objects': () => `[${'{},'.repeat(499_998)}{}]`,
  '499,999 lines': () => '{}\n'.repeat(499_999),
  '16 MB of line breaks and one object': () => '\n'.repeat(16 * mb - 2) + '{}',
  '16 MB of text': () => `{"id":"${'x'.repeat(16 * mb - 100)}"}`,
  '16 MB of escapes': () => `{"id":"${'\\u0041'.repeat(2.7 * mb)}"}`,
  '1,000,000 numbers': () => `[${'1,'.repeat(999_990)}1]`,
  'a wide entry': () => `{"entry":[${'null,'.repeat(400_000)}null],"resourceType":"Bundle"}`,
}).map(([name, body]) => ({
  name: `seed with ${name}`,
  at: 'sandbox',
  expect: 'refused',
  request: () => ({
    method: 'POST',
    path: '/workspaces/shared/patients',
    headers: postFields,
    body: body(),
  }),
}));

const sandboxPaths: readonly HostileRequest[] = [
  '',
  '/',
  '/nothing',
  '/workspaces/%00',
  '/workspaces/%zz',
  '/workspaces/__proto__',
  '/workspaces/constructor',
  '/workspaces/%2e%2e',
  '/workspaces/shared/patients/1',
  `/workspaces/${'a'.repeat(9000)}`,
].flatMap((path) =>
  ['GET', 'DELETE', 'POST'].map((method): HostileRequest => ({
    name: `sandbox ${method} ${short(path)}`,
    at: 'sandbox',
    expect: 'refused',
    request: () => ({ method, path, headers: id }),
  })),
);

/** The whole fixed corpus. */
export const hostileRequests: readonly HostileRequest[] = [
  ...paths,
  ...fields,
  ...otherFields,
  ...asked,
  ...otherQueries,
  ...bodies,
  ...mistyped,
  ...chunked,
  ...patches,
  ...created,
  ...seeds,
  ...crowds,
  ...sandboxPaths,
];

function short(text: string): string {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length > 50 ? `${shown.slice(0, 50)}… (${text.length})` : shown;
}
