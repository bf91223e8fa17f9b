import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Problem } from '../../../core/problem.ts';
import type { PdsRow } from '../errors.ts';
import { maxResultsFor, readCriteria } from './search-query.ts';

const missingBirthDate = "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'";
const noSearch =
  "Invalid search data provided - 'No searches were performed as the search criteria did not meet the minimum requirements'";
const notFuzzy =
  "Invalid search data provided - 'A fuzzy search was requested however the data given did not meet the fuzzy search criteria'";
const unknown = (rest: string) =>
  `Invalid request with error - Additional properties are not allowed (${rest} unexpected)`;

describe('Reading a search', () => {
  /** Query, code, diagnostics. */
  const refusals: readonly (readonly [string, string, string | undefined])[] = [
    ['', 'UNSUPPORTED_SERVICE', undefined],
    ['&&', 'UNSUPPORTED_SERVICE', undefined],
    ['year=2003', 'ADDITIONAL_PROPERTIES', unknown("'year' was")],
    ['family=A&year=1&birthdate=1', 'ADDITIONAL_PROPERTIES', unknown("'year' was")],
    ['make=1&model=2&make=3', 'ADDITIONAL_PROPERTIES', unknown("'make', 'model' were")],
    ['a=1&b=2&c=3', 'ADDITIONAL_PROPERTIES', unknown("'a', 'b', 'c' were")],
    ['__proto__=1', 'ADDITIONAL_PROPERTIES', unknown("'__proto__' was")],
    ['constructor=1&family=a', 'ADDITIONAL_PROPERTIES', unknown("'constructor' was")],
    ['Family=Smith', 'ADDITIONAL_PROPERTIES', unknown("'Family' was")],
    ['birthdate=20101022', 'INVALID_VALUE', "Invalid value - '20101022' in field 'birthdate'"],
    ['birthdate=', 'INVALID_VALUE', "Invalid value - '' in field 'birthdate'"],
    [
      'birthdate=gt2010-10-22',
      'INVALID_VALUE',
      "Invalid value - 'gt2010-10-22' in field 'birthdate'",
    ],
    ['birthdate=2010-10', 'INVALID_VALUE', "Invalid value - '2010-10' in field 'birthdate'"],
    [
      'birthdate=eq2001-02-29',
      'INVALID_VALUE',
      "Invalid value - 'eq2001-02-29' in field 'birthdate'",
    ],
    ['birthdate=2010-13-01', 'INVALID_VALUE', "Invalid value - '2010-13-01' in field 'birthdate'"],
    ['death-date=1&birthdate=2', 'INVALID_VALUE', "Invalid value - '2' in field 'birthdate'"],
    [
      'family=Smith&death-date=20101022',
      'INVALID_VALUE',
      "Invalid value - '20101022' in field 'death-date'",
    ],
    [
      'birthdate=ge2010-01-01&birthdate=ge2011-01-01',
      'INVALID_VALUE',
      "Invalid value - 'ge2011-01-01' in field 'birthdate'",
    ],
    [
      'birthdate=2010-01-01&birthdate=2011-01-01&birthdate=2012-01-01',
      'TOO_MANY_VALUES_SUBMITTED',
      "Too many values submitted - ['2010-01-01', '2011-01-01', '2012-01-01'] in field 'birthdate'",
    ],
    ['_fuzzy-match=test', 'INVALID_VALUE', "Invalid value - 'test' in field '_fuzzy-match'"],
    ['_history=1', 'INVALID_VALUE', "Invalid value - '1' in field '_history'"],
    ['_max-results=51', 'INVALID_VALUE', "Invalid value - '51' in field '_max-results'"],
    ['_max-results=', 'INVALID_VALUE', "Invalid value - '' in field '_max-results'"],
    ['_max-results=0', 'INVALID_VALUE', "Invalid value - '0' in field '_max-results'"],
    ['_max-results=1e1', 'INVALID_VALUE', "Invalid value - '1e1' in field '_max-results'"],
    ['gender=mal', 'INVALID_VALUE', "Invalid value - 'mal' in field 'gender'"],
    ['gender=', 'INVALID_VALUE', "Invalid value - '' in field 'gender'"],
    [
      'general-practitioner=12*',
      'INVALID_VALUE',
      "Invalid value - '12*' in field 'general-practitioner'",
    ],
    [
      'general-practitioner=.',
      'INVALID_VALUE',
      "Invalid value - '.' in field 'general-practitioner'",
    ],
    [
      'address-postcode=BD$ 2NB',
      'INVALID_VALUE',
      "Invalid value - 'BD$ 2NB' in field 'address-postcode'",
    ],
    ['address-postalcode=', 'INVALID_VALUE', "Invalid value - '' in field 'address-postalcode'"],
    ['phone=%00', 'INVALID_VALUE', "Invalid value - '\0' in field 'phone'"],
    ['email=', 'INVALID_VALUE', "Invalid value - '' in field 'email'"],
    [
      'gender=male&gender=female',
      'TOO_MANY_VALUES_SUBMITTED',
      "Too many values submitted - ['male', 'female'] in field 'gender'",
    ],
    [
      'family=A&family=B&birthdate=2010-01-01',
      'TOO_MANY_VALUES_SUBMITTED',
      "Too many values submitted - ['A', 'B'] in field 'family'",
    ],
    ['gender=female', 'MISSING_VALUE', missingBirthDate],
    ['email=j.smith@example.com&phone=0163', 'MISSING_VALUE', missingBirthDate],
    ['family=$&_fuzzy-match=true', 'MISSING_VALUE', missingBirthDate],
    ['birthdate=eq2010-10-22', 'INVALID_SEARCH_DATA', noSearch],
    ['birthdate=eq2010-10-22&family=', 'INVALID_SEARCH_DATA', noSearch],
    [
      'birthdate=eq2010-10-22&given=Jane&gender=female&address-postcode=LS1',
      'INVALID_SEARCH_DATA',
      noSearch,
    ],
    ['birthdate=2010-10-22&family=Smith&_fuzzy-match=true', 'INVALID_SEARCH_DATA', notFuzzy],
    [
      'birthdate=2010-10-22&family=S*&given=Jane&_fuzzy-match=true',
      'INVALID_SEARCH_DATA',
      notFuzzy,
    ],
    [
      'birthdate=2010-10-22&family=Smith&given=Jan*&_fuzzy-match=true',
      'INVALID_SEARCH_DATA',
      notFuzzy,
    ],
    [
      'birthdate=2010-10-22&family=Smith&given=Jane&address-postcode=LS1*&_fuzzy-match=true',
      'INVALID_SEARCH_DATA',
      notFuzzy,
    ],
    [
      'birthdate=2010-10-22&given=Jane&gender=female&_fuzzy-match=true',
      'INVALID_SEARCH_DATA',
      notFuzzy,
    ],
    [
      'birthdate=2010-10-22&family=S*',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      'birthdate=2010-10-22&family=*mith',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      "birthdate=2010-10-22&family='-*",
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      'birthdate=2010-10-22&family=%25$James',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      'birthdate=2010-10-22&family=Sm%00ith',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      'birthdate=2010-10-22&family=%E2%80%8Fevil',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      `birthdate=2010-10-22&family=${'a'.repeat(36)}`,
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.family'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&given=*ane',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.given'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&given=Jane&given=J*',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.given'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&given=',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'name.given'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&address-postcode=L*',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'address.postalCode'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&address-postalcode=*2AA',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'address.postalCode'",
    ],
    [
      'birthdate=2010-10-22&family=Smith&address-postcode=LS1&address-postalcode=LS1',
      'INVALID_SEARCH_DATA',
      "Invalid search data provided - 'address.postalCode'",
    ],
  ];
  for (const code of new Set(refusals.map((refusal) => refusal[1])))
    it(`refuses with ${code} in the published order and words`, () => {
      for (const [query, expected, diagnostics] of refusals) {
        if (expected !== code) continue;
        const row = rowOf(() => readCriteria(new URLSearchParams(query)));
        assert.deepEqual([row.status, row.code, row.diagnostics], [400, code, diagnostics], query);
      }
    });

  it('reads every parameter', () => {
    const query =
      'family=+Smith+&given=John Paul&given=James&gender=male&birthdate=le2011-01-01&birthdate=ge2010-01-01' +
      '&death-date=2012-02-29&address-postalcode=ls1 6ae&general-practitioner=y12345&managing-organization=A20047' +
      '&email=a@example.com&phone=01632 960587&_history=true&_exact-match=false&_max-results=7';
    assert.deepEqual(readCriteria(new URLSearchParams(query)), {
      family: 'Smith',
      given: ['John Paul', 'James'],
      gender: 'male',
      birthDate: { from: '2010-01-01', to: '2011-01-01' },
      deathDate: { from: '2012-02-29', to: '2012-02-29' },
      postcode: 'ls1 6ae',
      practice: 'y12345',
      managingOrganization: 'A20047',
      email: 'a@example.com',
      phone: '01632 960587',
      fuzzy: false,
      exact: false,
      history: true,
      maxResults: 7,
    });
  });

  it('takes open ranges, both names of the history flag and of the postcode, and the three fuzzy sets', () => {
    const read = (query: string) => readCriteria(new URLSearchParams(query));
    assert.deepEqual(read('family=A&birthdate=ge2010-01-01').birthDate, { from: '2010-01-01' });
    assert.deepEqual(read('family=A&birthdate=le2010-01-01').birthDate, { to: '2010-01-01' });
    assert.equal(read('family=A&birthdate=2010-01-01&history=true').history, true);
    assert.equal(read('family=A&birthdate=2010-01-01').maxResults, 50);
    assert.equal(read('family=A&birthdate=2010-01-01&address-postcode=LS1*').postcode, 'LS1*');
    assert.equal(read('family=Ng&given=O&birthdate=2010-01-01&_fuzzy-match=true').fuzzy, true);
    const placed = 'birthdate=2010-01-01&gender=male&address-postcode=LS16AE&_fuzzy-match=true';
    assert.equal(read(`family=A&${placed}`).fuzzy, true);
    assert.equal(read(`given=A&${placed}`).family, undefined);
  });

  it('takes names as people write them', () => {
    for (const family of [
      'O’Reilly',
      "D'Arcy",
      'Łukasiewicz',
      'Zoe\u0308',
      'St. John',
      'Nguyễn',
      'ИВАНОВ',
      'Sm*t*',
      'van der Berg',
    ])
      assert.equal(
        readCriteria(new URLSearchParams({ family, birthdate: '2010-01-01' })).family,
        family,
      );
  });

  it('names all of ten thousand unknown parameters without delay', () => {
    const query = new URLSearchParams();
    for (let i = 0; i < 10_000; i++) query.append(`p${i}`, 'x');
    const row = rowOf(() => readCriteria(query));
    assert.equal(row.code, 'ADDITIONAL_PROPERTIES');
    assert.match(row.diagnostics ?? '', /'p0', .*'p9999' were unexpected/);
  });

  it('either reads or refuses with a published row, whatever is sent', () => {
    const names = fc.constantFrom(
      'family',
      'given',
      'birthdate',
      'gender',
      'phone',
      'email',
      '_max-results',
      'address-postcode',
      '_fuzzy-match',
      'x',
    );
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '2010-10-22',
        'ge2010-10-22',
        'Smith',
        'Sm*',
        'male',
        'true',
        '50',
        'LS1 6AE',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 8 }), (pairs) => {
        try {
          readCriteria(new URLSearchParams(pairs));
        } catch (error) {
          assert.ok(error instanceof Problem && error.status === 400, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('The number of results', () => {
  const query = (text: string) => new URLSearchParams(text);

  it('is one for an application that acts on its own', () => {
    assert.equal(maxResultsFor('app', query('family=A')), 1);
    assert.equal(maxResultsFor('privileged', query('_max-results=1')), 1);
    assert.equal(readCriteria(query('family=A&birthdate=2010-01-01'), 1).maxResults, 1);
  });

  it('is chosen by a person', () => {
    assert.equal(maxResultsFor('worker', query('_max-results=20')), undefined);
  });

  for (const [mode, words] of [
    ['app', 'application-restricted'],
    ['privileged', 'privileged-application-restricted'],
  ] as const)
    it(`is refused to an application in mode ${mode} when it asks for more`, () => {
      const row = rowOf(() => maxResultsFor(mode, query('_max-results=2')));
      assert.deepEqual(
        [row.status, row.code, row.issue, row.display, row.diagnostics],
        [
          403,
          'INVALID_VALUE',
          'token',
          `Cannot retrieve more than one result with ${words} access token`,
          'Your app has insufficient permissions to perform this search. Please contact support.',
        ],
      );
    });
});

function rowOf(fn: () => unknown): PdsRow {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof Problem && error.row, String(error));
    return error.row as PdsRow; // every builder of errors.ts makes one
  }
  return assert.fail('nothing was refused');
}
