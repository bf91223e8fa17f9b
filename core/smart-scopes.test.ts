import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Problem } from './problem.ts';
import {
  allows,
  grantedFilters,
  grantScopes,
  parseScopeList,
  parseSmartScope,
  toV2,
  type SmartAction,
  type SmartLevel,
  type SmartScope,
} from './smart-scopes.ts';

describe('one SMART scope', () => {
  const read: [string, Partial<SmartScope>][] = [
    ['patient/Patient.r', { level: 'patient', type: 'Patient', actions: 'r', v1: false }],
    ['user/Observation.cruds', { level: 'user', type: 'Observation', actions: 'cruds' }],
    ['system/*.rs', { level: 'system', type: '*', actions: 'rs', v1: false }],
    ['patient/*.*', { level: 'patient', type: '*', actions: 'cruds', v1: true }],
    ['patient/Patient.read', { actions: 'rs', v1: true }],
    ['user/Patient.write', { actions: 'cud', v1: true }],
    [
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/x|lab&status=final',
      {
        actions: 'rs',
        filter: [
          ['category', 'http://terminology.hl7.org/CodeSystem/x|lab'],
          ['status', 'final'],
        ],
      },
    ],
    ['patient/Patient.r?a=b=c', { filter: [['a', 'b=c']] }],
  ];
  for (const [text, expected] of read)
    it(`is read: ${text}`, () => {
      assert.deepEqual({ ...parseSmartScope(text), ...expected }, parseSmartScope(text));
    });

  const malformed = [
    ...['', 'launch', 'openid', 'launch/patient', 'patient', 'patient/', 'patient/Patient'],
    ...['patient/Patient.', 'patient/.r', '/Patient.r', 'Patient.r', 'patientX/Patient.r'],
    ...['patient/Patient.dus', 'patient/Patient.dr', 'patient/Patient.sr', 'patient/Patient.rr'],
    ...['patient/Patient.x', 'patient/Patient.Read', 'patient/Patient.reads', 'patient/Patient.R'],
    ...[
      'patient/Patient.read.write',
      'patient/Patient.r.s',
      'patient//Patient.r',
      'PATIENT/Patient.r',
    ],
    ...[
      'patient/patient.r',
      'patient/Pat*.r',
      'patient/**.r',
      'patient/Pa tient.r',
      'patient/P1.r',
    ],
    ...[
      'patient/Patient.r?',
      'patient/Patient.r?a',
      'patient/Patient.r?a=',
      'patient/Patient.r?=b',
    ],
    ...['patient/Patient.r?a=b&', 'patient/Patient.r?a:not=b', 'patient/Patient.r?a.b=c'],
    ...['patient/Patient.read?gender=male', 'patient?x/Patient.r', 'patient/Patient?x.r'],
    ...[
      'patient/Patient.r\n',
      'patient/Patient.r\u0000',
      'patient/Pati\u00ebnt.r',
      'patient/Patient.r?a="',
    ],
    ...[
      'patient/Patient.constructor',
      'patient/__proto__.r',
      `patient/Patient.r?a=${'b'.repeat(256)}`,
    ],
  ];
  it('is not read when it is malformed or no resource scope', () => {
    for (const text of malformed) assert.equal(parseSmartScope(text), undefined, text);
  });

  it('is written in v2 when it came in v1, and left alone otherwise', () => {
    assert.equal(toV2('patient/Patient.read'), 'patient/Patient.rs');
    assert.equal(toV2('user/*.write'), 'user/*.cud');
    assert.equal(toV2('system/*.*'), 'system/*.cruds');
    for (const same of ['patient/Patient.u', 'launch/patient', 'patient/Patient.dus', 'x'])
      assert.equal(toV2(same), same);
  });
});

describe('a list of scopes', () => {
  it('is read in its order, each scope once', () => {
    assert.deepEqual(parseScopeList(' openid  launch openid patient/*.rs'), [
      'openid',
      'launch',
      'patient/*.rs',
    ]);
    assert.deepEqual(parseScopeList(''), []);
    assert.equal(
      parseScopeList(Array.from({ length: 100 }, (_, i) => `s${i}`).join(' ')).length,
      100,
    );
  });

  it('is refused beyond its limits and with characters no scope may hold', () => {
    for (const text of [
      Array.from({ length: 101 }, () => 's').join(' '),
      Array.from({ length: 10_000 }, (_, i) => `patient/P.r${i}`).join(' '),
      'x'.repeat(257),
      `${'x'.repeat(250)} `.repeat(33),
      ...[
        'a\tb',
        'a\nb',
        'a\u0000',
        'a\u001b[31m',
        'a\u007f',
        '"',
        'a\\b',
        'ä',
        '\u2028',
        '\ud800',
      ],
    ])
      assert.throws(
        () => parseScopeList(text),
        (error) =>
          error instanceof Problem && error.status === 400 && error.code === 'invalid_scope',
      );
  });
});

describe('granting scopes', () => {
  const table: [name: string, asked: string, registered: string, granted: string][] = [
    ['what is registered', 'patient/Patient.rs', 'patient/Patient.rs', 'patient/Patient.rs'],
    ['nothing of another level', 'user/Patient.rs', 'patient/Patient.rs system/*.rs', ''],
    ['nothing of another type', 'patient/Observation.rs', 'patient/Patient.rs', ''],
    ['letters both have', 'patient/Patient.cru', 'patient/Patient.rus', 'patient/Patient.ru'],
    ['a type asked of a wildcard', 'patient/Patient.r', 'patient/*.cruds', 'patient/Patient.r'],
    [
      'the narrower of an asked wildcard',
      'patient/*.rs',
      'patient/Patient.r patient/Coverage.cs user/Patient.r',
      'patient/Patient.r patient/Coverage.s',
    ],
    ['a wildcard for a wildcard', 'system/*.rs', 'system/*.rs system/Patient.r', 'system/*.rs'],
    ['equal ones folded', 'user/A.r user/A.s', 'user/A.rs', 'user/A.rs'],
    ['of two registered their sum', 'user/A.rs', 'user/A.r user/A.s', 'user/A.rs'],
    [
      'v1 as it was asked',
      'patient/A.read user/A.*',
      'patient/A.rs user/*.*',
      'patient/A.read user/A.*',
    ],
    ['v1 from two registered', 'patient/A.read', 'patient/A.r patient/A.s', 'patient/A.read'],
    ['v1 that can be said in v1', 'patient/A.*', 'patient/A.rs', 'patient/A.read'],
    ['v1 of which v1 cannot say the rest', 'patient/A.read', 'patient/A.r', 'patient/A.r'],
    [
      'v2 under a filter, which v1 cannot say',
      'user/*.read',
      'user/Patient.rs?gender=female',
      'user/Patient.rs?gender=female',
    ],
    ['v1 beside v2', 'patient/A.read patient/A.u', 'patient/A.cruds', 'patient/A.read patient/A.u'],
    ['wildcard of wildcards', 'patient/*.*', 'patient/A.cruds', 'patient/A.*'],
    ['v2 where v1 is registered', 'patient/A.rs', 'patient/A.read', 'patient/A.rs'],
    ['no letters out of order', 'patient/A.dus patient/A.sr', 'patient/*.*', ''],
    ['no letter that is not registered', 'patient/A.rd', 'patient/A.crus', 'patient/A.r'],
    ['no word as letters', 'patient/A.reads patient/A.ead', 'patient/*.*', ''],
    [
      'a filter asked for',
      'user/Patient.rs?gender=male',
      'user/*.rs',
      'user/Patient.rs?gender=male',
    ],
    [
      'a filter registered',
      'user/*.rs',
      'user/Patient.rs?gender=male',
      'user/Patient.rs?gender=male',
    ],
    [
      'both filters',
      'user/Patient.rs?gender=male',
      'user/Patient.r?gender=female',
      'user/Patient.r?gender=male&gender=female',
    ],
    [
      'reads alone under a filter',
      'user/Patient.cruds?gender=male',
      'user/*.*',
      'user/Patient.rs?gender=male',
    ],
    [
      'no filter that nobody enforces',
      'patient/Observation.rs?category=laboratory',
      'patient/*.rs',
      '',
    ],
    ['no registered filter that nobody enforces', 'patient/A.rs', 'patient/A.rs?category=x', ''],
    ['no filter on everything', 'user/*.rs?gender=male', 'user/*.rs', ''],
    ['no filter named as a prototype', 'user/Patient.rs?constructor=x', 'user/*.rs', ''],
    [
      'the others as registered',
      'launch launch/patient openid fhirUser profile offline_access online_access',
      'launch launch/patient openid fhirUser profile offline_access',
      'launch launch/patient openid fhirUser profile offline_access',
    ],
    [
      'none of a kind of its own',
      'email urn:nhsd:apim:app:level3:x',
      'email urn:nhsd:apim:app:level3:x',
      '',
    ],
    ['no launch with a role', 'launch/patient?role=http://x', 'launch/patient?role=http://x', ''],
  ];
  for (const [name, asked, registered, granted] of table)
    it(`gives ${name}`, () => {
      assert.equal(grantScopes(asked.split(' '), registered.split(' ')).join(' '), granted);
    });

  it('enforces the filters it is told of', () => {
    const asked = ['patient/Observation.rs?category=laboratory'];
    assert.deepEqual(grantScopes(asked, ['patient/*.rs'], { Observation: ['category'] }), asked);
  });

  it('gives no scope too long to be read again', () => {
    const long = (letter: string) => `user/Patient.r?gender=${letter.repeat(200)}`;
    assert.deepEqual(grantScopes([long('a')], [long('b')]), []);
  });

  it('copes with 10,000 scopes', () => {
    const asked = Array.from({ length: 10_000 }, (_, i) => `patient/T${'x'.repeat(i % 60)}.r`);
    assert.equal(grantScopes(asked, ['patient/*.r']).length, 60);
  });

  const actions: SmartAction[] = ['c', 'r', 'u', 'd', 's'];
  const level = fc.constantFrom<SmartLevel>('patient', 'user');
  const type = fc.constantFrom('*', 'Patient', 'Coverage');
  const letters = fc.subarray(actions, { minLength: 1 });
  const words = fc.oneof(
    letters.map((list) => list.join('')),
    fc.constantFrom('read', 'write', '*', 'dus', 'reads'),
  );
  const condition = fc.constantFrom('', '', '?gender=male', '?gender=female', '?name=x');
  const scope = fc.tuple(level, type, words, condition).map(([a, b, c, d]) => `${a}/${b}.${c}${d}`);
  const list = fc.array(fc.oneof(scope, fc.constantFrom('openid', 'launch')), { maxLength: 8 });
  const each: readonly (readonly [SmartLevel, string, SmartAction])[] = (
    ['patient', 'user'] as const
  )
    .flatMap((l) => ['Patient', 'Coverage'].map((t) => [l, t] as const))
    .flatMap(([l, t]) => actions.map((a) => [l, t, a] as const));

  it('never exceeds what was asked or what is registered', () => {
    fc.assert(
      fc.property(list, list, (asked, registered) => {
        const granted = grantScopes(asked, registered);
        for (const [l, t, a] of each)
          for (const filter of grantedFilters(granted, l, t, a))
            for (const source of [asked, registered])
              assert.ok(
                grantedFilters(source, l, t, a).some((wider) =>
                  wider.every(([name, value]) =>
                    filter.some((pair) => pair[0] === name && pair[1] === value),
                  ),
                ),
                `${granted.join(' ')} exceeds ${source.join(' ')}`,
              );
        for (const other of ['openid', 'launch'])
          assert.equal(
            granted.includes(other),
            asked.includes(other) && registered.includes(other),
          );
      }),
      { numRuns: 200 },
    );
  });

  it('gives all that is asked and registered without a filter', () => {
    fc.assert(
      fc.property(list, list, (asked, registered) => {
        const granted = grantScopes(asked, registered);
        for (const [l, t, a] of each)
          if (allows(asked, l, t, a) && allows(registered, l, t, a))
            assert.ok(allows(granted, l, t, a), granted.join(' '));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same again when asked for what it gave, and no scope twice', () => {
    fc.assert(
      fc.property(list, list, (asked, registered) => {
        const granted = grantScopes(asked, registered);
        assert.equal(new Set(granted).size, granted.length);
        assert.deepEqual(grantScopes(granted, registered), granted);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (asked) => {
        assert.deepEqual(grantScopes(asked, ['patient/*.*']), []);
      }),
      { numRuns: 30 },
    );
  });
});

describe('what granted scopes allow', () => {
  it('is judged by level, type and letter', () => {
    const scopes = ['patient/Patient.rs', 'user/*.c', 'openid'];
    const judged = (l: SmartLevel, t: string, a: SmartAction) => allows(scopes, l, t, a);
    assert.equal(judged('patient', 'Patient', 's'), true);
    assert.equal(judged('patient', 'Patient', 'u'), false);
    assert.equal(judged('user', 'Coverage', 'c'), true);
    assert.equal(judged('user', 'Patient', 'r'), false);
    assert.equal(judged('system', 'Patient', 'r'), false);
    assert.equal(allows([], 'user', 'Patient', 'r'), false);
  });

  it('is under a condition where all fitting scopes have one', () => {
    const scopes = ['user/Patient.rs?gender=male', 'user/Patient.r?gender=female'];
    assert.equal(allows(scopes, 'user', 'Patient', 'r'), false);
    assert.deepEqual(grantedFilters(scopes, 'user', 'Patient', 'r'), [
      [['gender', 'male']],
      [['gender', 'female']],
    ]);
    assert.equal(grantedFilters(scopes, 'user', 'Patient', 's').length, 1);
    assert.equal(allows([...scopes, 'user/Patient.r'], 'user', 'Patient', 'r'), true);
  });

  it('is never a write under a condition', () => {
    assert.deepEqual(grantedFilters(['user/Patient.u?gender=male'], 'user', 'Patient', 'u'), []);
  });
});
