import assert from 'node:assert/strict';
import type { PdsRecord } from '../fhir/pds/record.ts';
import { toLine } from '../fhir/pds/record.ts';
import { call, startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const minimum =
  'No searches were performed as the search criteria did not meet the minimum requirements';
const fuzzyMinimum =
  'A fuzzy search was requested however the data given did not meet the fuzzy search criteria';

describe('searching for a patient', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const search = (query: string, headers: Record<string, string> = {}): Promise<Answer> =>
    platform.call(`/Patient?${query.replaceAll(' ', '%20')}`, { headers });
  const idsOf = ({ status, json, text }: Answer): string[] => {
    assert.equal(status, 200, text);
    assert.equal(json.resourceType, 'Bundle', text);
    const ids = (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);
    assert.equal(json.total, ids.length);
    return ids;
  };
  const find = async (query: string, headers: Record<string, string> = {}) =>
    idsOf(await search(query, headers));
  const refusal = ({ status, json, text }: Answer) => {
    assert.equal(json.resourceType, 'OperationOutcome', text);
    assert.equal(json.issue.length, 1);
    const [{ severity, code, details, diagnostics }] = json.issue;
    return { status, severity, issue: code, code: details.coding[0].code, diagnostics };
  };
  const asApp = { 'x-gatehouse-act-as': 'app' };
  const asPrivileged = { 'x-gatehouse-act-as': 'privileged' };

  /** A workspace that holds these people beside the default ones; gives the header that asks there. */
  const among = async (...records: PdsRecord[]): Promise<Record<string, string>> => {
    const made = await call(`${platform.url}/_sandbox/workspaces`, {
      method: 'POST',
      body: { name: 'search' },
    });
    const seeded = await call(`${platform.url}/_sandbox/workspaces/${made.json.id}/patients`, {
      method: 'POST',
      body: records.map(toLine).join('\n'),
    });
    assert.equal(seeded.status, 201, seeded.text);
    return { 'x-gatehouse-workspace': made.json.id };
  };

  describe('as the published sandbox is asked', () => {
    /** What is asked and who is found, best first; people of one score in the order of their numbers. */
    const rows = `
      family=Smith&gender=female&birthdate=eq2010-10-22 -> 9000000009
      family=Smith&gender=female&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587 -> 9000000009
      family=Smith&gender=female&birthdate=ge2010-10-21&birthdate=le2010-10-23&phone=01632960587 -> 9000000009
      family=Sm*&gender=female&birthdate=eq2010-10-22 -> 9000000009 9000000017
      family=sm*&gender=female&birthdate=eq2010-10-22 -> 9000000009 9000000017
      family=Sm*&gender=female&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587&_max-results=1 -> 9000000009
      family=Sm*&gender=female&birthdate=eq2010-10-22&phone=01632960587 -> 9000000009
      family=Sm*&gender=female&birthdate=eq2010-10-22&email=jane.smith@example.com -> 9000000009
      family=Smythe&given=Janet&gender=female&birthdate=eq2005-06-16 -> 9000000025
      family=Smith&given=Jane&gender=female&birthdate=eq2010-10-22&phone=01632960587&_fuzzy-match=true -> 9000000009
      family=Blogs&given=Joe&birthdate=1955-11-05&_fuzzy-match=true -> 9693632109
      family=ATTSÖN&given=PÀULINÉ&birthdate=1960-07-14&_fuzzy-match=true -> 9693633148 9693633121
      family=Smythe&given=Mat&birthdate=ge2000-05-03&gender=male&address-postalcode=DN17 4AA&email=rubbish@work.com&_fuzzy-match=true -> nobody
      family=MED&given=Casey&birthdate=1999-09-09&gender=male&_fuzzy-match=true -> 9733162450
      family=HUME&given=Casey&birthdate=1999-09-09&gender=male&_fuzzy-match=true -> 9733162450
      family=MED&given=Casey&birthdate=2024-01-12&gender=male&_fuzzy-match=true -> nobody
      family=Smith&gender=male&birthdate=2000-05-05&email=Historic@historic.com&_history=true -> 5900020584
      family=Smith&gender=male&birthdate=2000-05-05&email=Historic@historic.com -> nobody
      family=Smith&given=John Paul&given=James&gender=male&birthdate=eq2010-10-22&email=johnp.smith@example.com -> 9000000015
      family=Smith&given=Sam&given=Bob&gender=male&birthdate=2000-05-05 -> 5900030741
      family=CUFF&gender=female&birthdate=eq1926-01-07 -> 9732019395
      family=Muir&gender=male&birthdate=2017-09-06&phone=00917855986859 -> 9732019506
      family=Me*&birthdate=2015-10-22&general-practitioner=A20047 -> 9733162337
      family=TUNNEY&birthdate=ge1980-01-01&death-date=le2019-02-28 -> 9733163201
      family=Jones&gender=male&birthdate=ge1992-01-01 -> 5900035697
      family=Godsoe&gender=male&birthdate=1936-02-24 -> 9693632125
      family=Massam&birthdate=1920-08-11 -> 9693632966
      family=Massam&birthdate=le1920-08-11 -> 9693632966
      family=YOUDS&birthdate=1970-01-24 -> 9693633679 9693633687 9693633695 9693633709
      family=KNAPP&gender=female&birthdate=1943-07-03&_exact-match=true -> 9736363120
      family=McMatch-Single&gender=male&birthdate=1954-10-26&address-postalcode=BAP 4WG -> 5900054586
      family=McMatch-Multiple&birthdate=1997-08-20&address-postalcode=DN19 7UD -> 5900036502 5900053679
      family=Spiderman&birthdate=1962-07-31 -> nobody
      family=Bingham&birthdate=1934-12-18 -> nobody
      family=Smith&gender=female&birthdate=eq2010-10-22&email=deb.trotter@example.com&phone=0121111111 -> nobody
    `
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' -> '));

    for (const [index, [query = '', expected = '']] of rows.entries())
      it(`finds who is published to be found, query ${index + 1}`, async () => {
        assert.equal((await find(query)).join(' ') || 'nobody', expected, query);
      });

    it('finds several where several are published', async () => {
      for (const query of [
        'family=Sm*&gender=male&birthdate=2000-05-05&email=test@test.com&phone=01234123123',
        'family=Smith&gender=male&birthdate=2000-05-05&email=test@test.com&phone=01234123123',
        'family=Smith&gender=male&birthdate=2000-05-05&address-postalcode=DN17*',
        'family=Smythe&given=Mat&birthdate=ge2000-05-03&gender=male&address-postalcode=DN17 4AA&_fuzzy-match=true',
      ])
        assert.ok((await find(query)).length > 1, query);
    });

    it('gives the published scores', async () => {
      const scores = async (query: string) =>
        (await search(query)).json.entry.map(
          ({ search: { score } }: { search: { score: number } }) => score,
        );
      assert.deepEqual(await scores('family=Smith&gender=female&birthdate=2010-10-22'), [1]);
      assert.deepEqual(
        await scores('family=Sm*&gender=female&birthdate=2010-10-22'),
        [0.8343, 0.8343],
      );
      assert.deepEqual(
        await scores('family=ATTSÖN&given=PÀULINÉ&birthdate=1960-07-14&_fuzzy-match=true'),
        [0.9317, 0.9077],
      );
      assert.deepEqual(
        await scores('family=ATTSON&given=PAULINE&birthdate=1960-07-14&_fuzzy-match=true'),
        [0.9889, 0.9648],
      );
    });
  });

  describe('with a query that is wrong', () => {
    it('says what is wrong first in the published order, in the published words', async () => {
      const rows: [string, string, string | undefined][] = [
        ['', 'UNSUPPORTED_SERVICE', undefined],
        [
          'year=2003&birthdate=x&family=S*',
          'ADDITIONAL_PROPERTIES',
          "Invalid request with error - Additional properties are not allowed ('year' was unexpected)",
        ],
        [
          'birthdate=20101022&death-date=20101022',
          'INVALID_VALUE',
          "Invalid value - '20101022' in field 'birthdate'",
        ],
        [
          'family=Smith&death-date=20101022',
          'INVALID_VALUE',
          "Invalid value - '20101022' in field 'death-date'",
        ],
        [
          'gender=female',
          'MISSING_VALUE',
          "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'",
        ],
        [
          'birthdate=2010-10-22',
          'INVALID_SEARCH_DATA',
          `Invalid search data provided - '${minimum}'`,
        ],
        [
          'family=Smith&birthdate=2010-10-22&_fuzzy-match=true',
          'INVALID_SEARCH_DATA',
          `Invalid search data provided - '${fuzzyMinimum}'`,
        ],
      ];
      for (const [query, code, diagnostics] of rows) {
        const got = refusal(await search(query));
        assert.equal(got.status, 400, query);
        assert.equal(got.code, code, query);
        assert.equal(got.diagnostics, diagnostics, query);
      }
    });

    it('names every unknown parameter', async () => {
      const { code, issue, diagnostics } = refusal(
        await search('manufacturer=Ford&model=x&year=1'),
      );
      assert.equal(code, 'ADDITIONAL_PROPERTIES');
      assert.equal(issue, 'invariant');
      assert.match(diagnostics, /^Invalid request with error - Additional properties are not all/);
      for (const name of ['manufacturer', 'model', 'year'])
        assert.ok(diagnostics.includes(`'${name}'`));
      assert.match(diagnostics, /were unexpected\)$/);
    });

    it('names the value and the field', async () => {
      const base = 'family=Smith&birthdate=2010-10-22';
      for (const [field, value] of [
        ['gender', 'Female'],
        ['general-practitioner', '!'],
        ['_max-results', '0'],
        ['_max-results', '51'],
        ['_max-results', 'ten'],
        ['_fuzzy-match', 'yes'],
        ['_exact-match', '1'],
        ['_history', 'maybe'],
        ['death-date', '2010-02-30'],
        ['death-date', 'gt2010-02-03'],
      ]) {
        const got = refusal(await search(`${base}&${field ?? ''}=${value ?? ''}`));
        assert.equal(got.status, 400);
        assert.equal(got.code, 'INVALID_VALUE', field);
        assert.equal(got.diagnostics, `Invalid value - '${value ?? ''}' in field '${field ?? ''}'`);
      }
    });

    it('takes no birth date with another prefix, time or unknown day', async () => {
      for (const value of ['gt2010-10-22', 'ne2010-10-22', '2010-10', '2010', '2010-13-01', 'eq'])
        assert.equal(
          refusal(await search(`family=Smith&birthdate=${value}`)).diagnostics,
          `Invalid value - '${value}' in field 'birthdate'`,
        );
    });

    it('tells a wildcard too early, bad characters and both names of the postcode', async () => {
      for (const [query, what] of [
        ['family=S*&birthdate=2010-10-22', 'name.family'],
        ['family=*&birthdate=2010-10-22', 'name.family'],
        ['family=Sm<th&birthdate=2010-10-22', 'name.family'],
        ['family=Smith&given=J*&birthdate=2010-10-22', 'name.given'],
        ['family=Smith&birthdate=2010-10-22&address-postalcode=L*', 'address.postalCode'],
        [
          'family=Smith&birthdate=2010-10-22&address-postalcode=LS1 6AE&address-postcode=LS1 6AE',
          'address.postalCode',
        ],
      ]) {
        const got = refusal(await search(query ?? ''));
        assert.equal(got.code, 'INVALID_SEARCH_DATA', query);
        if (what !== 'address.postalCode' || !query?.includes('address-postcode'))
          assert.equal(got.diagnostics, `Invalid search data provided - '${what ?? ''}'`);
      }
    });

    it('holds a fuzzy search to its three sets, and takes a wildcard as not meeting them', async () => {
      const born = 'birthdate=2010-10-22&_fuzzy-match=true';
      for (const set of [
        'family=Smith&given=Jane',
        'family=Smith&gender=female&address-postalcode=LS1 6AE',
        'given=Jane&gender=female&address-postalcode=LS1 6AE',
      ])
        assert.ok((await find(`${set}&${born}`)).includes('9000000009'), set);
      for (const set of [
        'given=Jane&family=Smi*',
        'family=Smith&given=Ja*',
        'family=Smith&gender=female',
        'family=Smith&address-postalcode=LS1 6AE',
        'given=Jane&gender=female',
        'family=Smith&gender=female&address-postalcode=LS1*',
      ])
        assert.equal(
          refusal(await search(`${set}&${born}`)).diagnostics,
          `Invalid search data provided - '${fuzzyMinimum}'`,
          set,
        );
    });
  });

  describe('by each parameter', () => {
    const jane = 'family=Smith&birthdate=2010-10-22&given=Jane';

    it('ignores the case of names, and case and spaces of the postcode', async () => {
      for (const query of [
        'family=SMITH&given=jAnE&birthdate=eq2010-10-22',
        `${jane}&address-postalcode=ls16ae`,
        `${jane}&address-postalcode=LS1 6AE`,
        `${jane}&address-postcode=LS1 6AE`,
        `${jane}&address-postalcode=LS1*`,
        `${jane}&general-practitioner=y12345`,
        `${jane}&email=JANE.SMITH@EXAMPLE.COM`,
        `${jane}&death-date=2010-10-22`,
        `${jane}&death-date=ge2010-10-01&death-date=le2010-10-31`,
        'family=Smi*h&given=Jan*&birthdate=2010-10-22',
      ])
        assert.deepEqual(await find(query), ['9000000009'], query);
    });

    it('leaves out whoever differs in one of them', async () => {
      for (const other of [
        'gender=male',
        'address-postalcode=LS1 6AF',
        'general-practitioner=A20047',
        'email=jane.smit@example.com',
        'phone=01632960586',
        'death-date=2010-10-23',
        'given=Janet',
        'birthdate=le2010-10-21',
      ]) {
        const query = other.startsWith('given')
          ? `family=Smith&birthdate=2010-10-22&${other}`
          : other.startsWith('birthdate')
            ? `family=Smith&given=Jane&${other}`
            : `${jane}&${other}`;
        assert.ok(!(await find(query)).includes('9000000009'), other);
      }
    });

    it('finds nobody in a fuzzy search with a slip in the mail address, somebody with one in the postcode', async () => {
      const fuzzy = `${jane}&gender=female&_fuzzy-match=true`;
      assert.deepEqual(await find(`${fuzzy}&email=jane.smit@example.com`), []);
      assert.ok((await find(`${fuzzy}&address-postalcode=LS1 6AF`)).includes('9000000009'));
    });

    it('lowers the score for a wrong practice or date of death in a fuzzy search, and keeps the person', async () => {
      const score = async (rest: string) =>
        (
          await search(`family=Smyth&given=Jane&birthdate=2010-10-22&_fuzzy-match=true${rest}`)
        ).json.entry.find(
          ({ resource }: { resource: { id: string } }) => resource.id === '9000000009',
        ).search.score;
      const plain = await score('');
      assert.ok((await score('&general-practitioner=A20047')) < plain);
      assert.ok((await score('&general-practitioner=Y12345')) > plain);
      assert.ok((await score('&death-date=2011-01-01')) < plain);
      assert.ok((await score('&death-date=2010-10-22')) > plain);
    });

    it('orders by score, and a longer stem scores higher', async () => {
      const scores = async (family: string) =>
        (await search(`family=${family}&gender=female&birthdate=2010-10-22`)).json.entry[0].search
          .score;
      const [short, long, whole] = [
        await scores('Sm*'),
        await scores('Smit*'),
        await scores('Smith'),
      ];
      assert.ok(short < long && long < whole, `${short} ${long} ${whole}`);
      assert.equal(whole, 1);
      const { json } = await search(
        'family=Smith&given=Jane&birthdate=2010-10-22&_fuzzy-match=true',
      );
      const all = json.entry.map((entry: { search: { score: number } }) => entry.search.score);
      assert.ok(all.length > 1);
      assert.deepEqual(
        all,
        all.toSorted((one: number, other: number) => other - one),
      );
    });

    it('takes names swapped, sounding alike, shortened and with accents in a fuzzy search', async () => {
      for (const [given, family, born, id] of [
        ['Smith', 'Jane', '2010-10-22', '9000000009'],
        ['Jane', 'Smyth', '2010-10-22', '9000000009'],
        ['Maggie', 'Clarke', '1936-09-18', '9991000453'],
        ['Zoe', 'Lukasiewicz', '1995-12-01', '9991000216'],
      ])
        assert.ok(
          (
            await find(
              `given=${given ?? ''}&family=${family ?? ''}&birthdate=${born ?? ''}&_fuzzy-match=true`,
            )
          ).includes(id ?? ''),
          `${given ?? ''} ${family ?? ''}`,
        );
    });

    it('holds a wildcard against the first given name, a whole name against any', async () => {
      const bob = 'family=Smith&gender=male&birthdate=2000-05-05&email=test@test.com';
      assert.ok((await find(`${bob}&given=Sa*&given=Bob`)).includes('5900030741'));
      assert.deepEqual(await find(`${bob}&given=Bo*`), []);
      assert.deepEqual(await find(`${bob}&given=Sam&given=Bob`), ['5900030741']);
    });

    it('takes names of 35 characters and no longer ones', async () => {
      const born = 'birthdate=2010-10-22';
      assert.deepEqual(await find(`family=${'A'.repeat(35)}&${born}`), []);
      for (const [query, what] of [
        [`family=${'A'.repeat(36)}&${born}`, 'name.family'],
        [`family=Smith&given=${'A'.repeat(36)}&${born}`, 'name.given'],
      ])
        assert.equal(
          refusal(await search(query ?? '')).diagnostics,
          `Invalid search data provided - '${what ?? ''}'`,
        );
    });

    it('looks for a partial birth date in a range only', async () => {
      const amina = 'family=Hassan&given=Amina';
      assert.deepEqual(await find(`${amina}&birthdate=1948-01-01`), []);
      assert.deepEqual(await find(`${amina}&birthdate=ge1948-01-01&birthdate=le1948-12-31`), [
        '9991000674',
      ]);
    });

    it('keeps only score 1 in an exact match', async () => {
      const wild = 'family=Sm*&gender=female&birthdate=2010-10-22';
      assert.deepEqual(await find(`${wild}&_exact-match=true`), []);
      assert.deepEqual(
        await find(
          'family=Smyth&given=Jayne&birthdate=2010-10-22&_fuzzy-match=true&_exact-match=true',
        ),
        ['9000000017'],
      );
    });

    it('finds former names and addresses with history only', async () => {
      const mac = 'given=Ian&birthdate=1955-05-15';
      assert.deepEqual(await find(`family=McDonald&${mac}`), []);
      assert.deepEqual(await find(`family=McDonald&${mac}&_history=true`), ['9991000429']);
      const mover = 'family=Stanciu&birthdate=1986-02-14&address-postalcode=AA40 1AA';
      assert.deepEqual(await find(mover), []);
      assert.deepEqual(await find(`${mover}&_history=true`), ['9991000860']);
    });
  });

  describe('held to what it may show', () => {
    it('answers too many matches instead of a part of them', async () => {
      for (const query of [
        'family=Sm*&gender=female&birthdate=eq2010-10-22&_max-results=1',
        'family=YOUDS&birthdate=1970-01-24&_max-results=1',
        'family=YOUDS&birthdate=1970-01-24&_max-results=3',
        'family=Crowd&birthdate=2000-05-05',
      ]) {
        const answer = await search(query);
        assert.deepEqual(refusal(answer), {
          status: 200,
          severity: 'information',
          issue: 'multiple-matches',
          code: 'TOO_MANY_MATCHES',
          diagnostics: undefined,
        });
        assert.equal(answer.json.issue[0].details.coding[0].display, 'Too Many Matches');
        assert.equal(answer.headers.get('etag'), null);
      }
      assert.equal((await find('family=YOUDS&birthdate=1970-01-24&_max-results=4')).length, 4);
    });

    it('shows an application on its own one match or none', async () => {
      const youds = 'family=YOUDS&birthdate=1970-01-24';
      const knapp = 'family=KNAPP&birthdate=1943-07-03';
      for (const [who, word] of [
        [asApp, 'application-restricted'],
        [asPrivileged, 'privileged-application-restricted'],
      ] as const) {
        assert.deepEqual(await find(knapp, who), ['9736363120']);
        assert.deepEqual(await find(`${knapp}&_max-results=1`, who), ['9736363120']);
        assert.equal(refusal(await search(youds, who)).code, 'TOO_MANY_MATCHES');
        const more = await search(`${knapp}&_max-results=2`, who);
        assert.deepEqual(refusal(more), {
          status: 403,
          severity: 'error',
          issue: 'token',
          code: 'INVALID_VALUE',
          diagnostics:
            'Your app has insufficient permissions to perform this search. Please contact support.',
        });
        assert.equal(
          more.json.issue[0].details.coding[0].display,
          `Cannot retrieve more than one result with ${word} access token`,
        );
      }
    });

    it('lets a patient search for nobody, not even for themselves', async () => {
      const answer = await search('family=Smith&birthdate=2010-10-22', {
        'x-gatehouse-act-as': 'patient:9000000009',
      });
      assert.equal(refusal(answer).status, 403);
      assert.equal(refusal(answer).code, 'ACCESS_DENIED');
      assert.equal(
        answer.json.issue[0].details.coding[0].display,
        'Patient cannot perform this action',
      );
    });

    it('has the shape of a searchset, without links, modes or empty lists', async () => {
      const answer = await search('family=Smith&birthdate=2010-10-22&gender=female');
      assert.deepEqual(Object.keys(answer.json).toSorted(), [
        'entry',
        'resourceType',
        'timestamp',
        'total',
        'type',
      ]);
      assert.equal(answer.json.type, 'searchset');
      assert.match(answer.json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      const [entry] = answer.json.entry;
      assert.deepEqual(Object.keys(entry).toSorted(), ['fullUrl', 'resource', 'search']);
      assert.deepEqual(entry.search, { score: 1 });
      assert.equal(
        entry.fullUrl,
        `${platform.url}/personal-demographics/FHIR/R4/Patient/9000000009`,
      );
      assert.equal(answer.headers.get('etag'), null);
      assert.equal(answer.headers.get('content-type'), 'application/fhir+json');
      const empty = (await search('family=Spiderman&birthdate=1962-07-31')).json;
      assert.deepEqual(Object.keys(empty).toSorted(), [
        'resourceType',
        'timestamp',
        'total',
        'type',
      ]);
      assert.equal(empty.total, 0);
    });

    it('shows of a person what helps to tell who it is', async () => {
      const { resource } = (await search('family=Smith&birthdate=2010-10-22&gender=female')).json
        .entry[0];
      assert.deepEqual(
        resource.address.map(({ use }: { use: string }) => use),
        ['home'],
      );
      assert.deepEqual(
        resource.extension.map(({ url }: { url: string }) => url.split('-').at(-1)),
        ['DeathNotificationStatus'],
      );
      for (const member of ['telecom', 'generalPractitioner', 'contact', 'deceasedDateTime'])
        assert.ok(resource[member], member);
      const former = (await search('family=MacDonald&birthdate=1955-05-15')).json.entry[0].resource;
      assert.deepEqual(
        former.name.map(({ use }: { use: string }) => use),
        ['usual'],
      );
    });

    it('hides where a restricted person is, and that they are there when asked by place', async () => {
      const godsoe = 'family=Godsoe&birthdate=1936-02-24';
      for (const who of [{}, asApp, asPrivileged]) {
        const { resource } = (await search(godsoe, who)).json.entry[0];
        assert.equal(resource.meta.security[0].code, 'R');
        assert.equal(resource.name[0].family, 'GODSOE');
        assert.ok(resource.gender && resource.birthDate);
        for (const member of ['address', 'telecom', 'contact', 'generalPractitioner'])
          assert.equal(resource[member], undefined, member);
        for (const place of [
          'address-postalcode=AA10 1AA',
          'address-postcode=AA10 1AA',
          'address-postalcode=AA1*',
          'general-practitioner=A20047',
          'general-practitioner=B12345',
        ])
          assert.deepEqual(await find(`${godsoe}&${place}`, who), [], place);
        assert.deepEqual(
          await find(`${godsoe}&given=Rodney&general-practitioner=A20047&_fuzzy-match=true`, who),
          [],
        );
      }
      const dead = (await search('family=Smythe&birthdate=2005-06-16')).json.entry[0].resource;
      assert.ok(dead.deceasedDateTime);
      assert.match(JSON.stringify(dead.extension), /DeathNotificationStatus/);
    });

    it('finds a very restricted person by nothing that must not be told', async () => {
      for (const rest of ['', '&_history=true', '&given=Vera&_fuzzy-match=true'])
        assert.deepEqual(await find(`family=LOCKYER&birthdate=1979-10-02${rest}`), []);
    });

    it('never lists a superseded number or an invalidated record', async () => {
      for (const rest of ['', '&_history=true', '&given=Merle&_fuzzy-match=true']) {
        assert.deepEqual(await find(`family=HARTWELL&birthdate=1957-02-21${rest}`), []);
        assert.deepEqual(await find(`family=HARTWELL&birthdate=1957-02-12${rest}`), ['9732019638']);
      }
      for (const rest of ['', '&_history=true', '&given=Ivan&_fuzzy-match=true'])
        assert.deepEqual(await find(`family=WITHDRAWN&birthdate=1968-06-14${rest}`), []);
    });
  });

  describe('of people with a history', () => {
    const soon = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const past = '2020-03-01';
    const person = (id: string, end: string): PdsRecord => ({
      patient: {
        resourceType: 'Patient',
        id,
        meta: {
          versionId: '1',
          security: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
              code: 'U',
              display: 'unrestricted',
            },
          ],
        },
        name: [{ id: 'A1', use: 'usual', family: 'Quillfeather', given: ['Odile'] }],
        gender: 'female',
        birthDate: '1956-05-02',
        address: [
          { id: 'B1', use: 'home', line: ['1 Home Road'], postalCode: 'AA10 1AA' },
          {
            id: 'B2',
            use: 'temp',
            text: 'Holiday Home',
            line: ['2 Beach Row'],
            postalCode: 'AA70 7AA',
            period: { start: '2020-01-01', end },
          },
        ],
      },
      behind: {
        former: {
          names: [{ use: 'old', family: 'Undershaft', given: ['Odile'] }],
          genders: ['male'],
          telecoms: [{ system: 'phone', value: '07700900199' }],
        },
        hidden: {
          names: [{ use: 'old', family: 'Secretname', given: ['Odile'] }],
          addresses: [{ use: 'home', postalCode: 'AA99 9AA' }],
        },
      },
    });
    let headers: Record<string, string>;
    let later: Record<string, string>;
    before(async () => {
      headers = await among(person('9999999980', soon));
      later = await among(person('9999999980', past));
    });
    const born = 'birthdate=1956-05-02';

    it('matches by a temporary address while it shows the home address alone', async () => {
      const answer = await search(
        `family=Quillfeather&${born}&address-postalcode=AA70 7AA`,
        headers,
      );
      assert.deepEqual(idsOf(answer), ['9999999980']);
      const addresses = answer.json.entry[0].resource.address;
      assert.deepEqual(
        addresses.map(({ postalCode }: { postalCode: string }) => postalCode),
        ['AA10 1AA'],
      );
    });

    it('takes a temporary address that has ended for a former one', async () => {
      const query = `family=Quillfeather&${born}&address-postalcode=AA70 7AA`;
      assert.deepEqual(await find(query, later), []);
      assert.deepEqual(await find(`${query}&_history=true`, later), ['9999999980']);
    });

    it('matches former names, genders and numbers with history, and in any fuzzy search', async () => {
      for (const query of [
        `family=Undershaft&${born}`,
        `family=Quillfeather&gender=male&${born}`,
        `family=Quillfeather&phone=07700900199&${born}`,
      ]) {
        assert.deepEqual(await find(query, headers), [], query);
        assert.deepEqual(await find(`${query}&_history=true`, headers), ['9999999980'], query);
        const fuzzy = `${query}&given=Odile&_fuzzy-match=true`;
        assert.deepEqual(await find(fuzzy, headers), ['9999999980'], fuzzy);
      }
    });

    it('tells that history would have found somebody, unless that one is restricted', async () => {
      const open = person('9999999980', soon);
      const [label] = open.patient.meta.security;
      const restricted: PdsRecord = {
        ...open,
        patient: {
          ...open.patient,
          meta: { versionId: '1', security: [{ ...label, code: 'R', display: 'restricted' }] },
        },
      };
      const query = `family=Undershaft&${born}`;
      const why = { 'x-gatehouse-explain': 'true' };
      assert.match((await search(query, { ...headers, ...why })).text, /_history=true/);
      const there = await among(restricted);
      assert.equal((await find(`${query}&_history=true`, there)).length, 1);
      assert.doesNotMatch((await search(query, { ...there, ...why })).text, /_history=true/);
    });

    it('never matches what is hidden', async () => {
      for (const query of [
        `family=Secretname&${born}`,
        `family=Quillfeather&${born}&address-postalcode=AA99 9AA`,
      ])
        for (const rest of ['', '&_history=true', '&given=Odile&_fuzzy-match=true'])
          assert.deepEqual(await find(query + rest, headers), [], query + rest);
    });
  });

  describe('asking why', () => {
    const why = { 'x-gatehouse-explain': 'true' };
    interface Entry {
      resource: { id?: string; resourceType: string; issue: { diagnostics: string }[] };
      search: {
        mode?: string;
        score?: number;
        extension?: { extension: { url: string; valueString?: string; valueDecimal?: number }[] }[];
      };
    }
    const entriesOf = ({ json }: Answer): Entry[] => json.entry ?? [];
    const reasonsOf = ({ search: { extension = [] } }: Entry) =>
      extension.map((reason) =>
        Object.fromEntries(
          reason.extension.map(({ url, valueString, valueDecimal }) => [
            url,
            valueString ?? valueDecimal,
          ]),
        ),
      );

    it('tells of each match, criterion by criterion, why it matched and what it scored', async () => {
      const query = 'family=Smyth&given=Jane&gender=female&birthdate=2010-10-22&_fuzzy-match=true';
      const found = entriesOf(await search(query, why)).filter(
        ({ resource }) => resource.resourceType === 'Patient',
      );
      assert.ok(found.length > 1);
      for (const entry of found) {
        const reasons = reasonsOf(entry);
        const criteria = reasons.map(({ criterion }) => criterion);
        for (const criterion of ['family', 'given', 'gender', 'birthdate'])
          assert.ok(criteria.includes(criterion), criterion);
        for (const { how, score } of reasons)
          assert.ok(typeof how === 'string' && typeof score === 'number' && score <= 1);
      }
    });

    it('changes nothing else in the answer, and is silent unless asked', async () => {
      const query = 'family=Sm*&gender=female&birthdate=2010-10-22';
      const [plain, explained] = [await search(query), await search(query, why)];
      assert.equal(explained.json.total, plain.json.total);
      assert.doesNotMatch(plain.text, /extension":\[\{"url":"https:\/\/gatehouse/);
      const stripped = entriesOf(explained)
        .filter(({ search: { mode } }) => mode === undefined)
        .map(({ search: { score }, ...rest }) => ({ ...rest, search: { score } }));
      assert.deepEqual(stripped, plain.json.entry);
      for (const value of ['false', '', 'no'])
        assert.deepEqual(
          (await search(query, { 'x-gatehouse-explain': value })).json.entry,
          plain.json.entry,
        );
    });

    it('tells what kept the nearest people out, with counts and rules and nothing of theirs', async () => {
      const answer = await search(
        'family=Smith&birthdate=2010-10-22&gender=female&given=Zara',
        why,
      );
      assert.equal(answer.json.total, 0);
      const [note] = entriesOf(answer);
      assert.equal(note?.search.mode, 'outcome');
      const words = note.resource.issue.map(({ diagnostics }) => diagnostics).join(' ');
      assert.match(words, /\d/);
      assert.match(words, /given/);
      for (const theirs of ['9000000009', 'Jane', 'LS1 6AE', '01632960587', 'Y12345'])
        assert.ok(!answer.text.includes(theirs), theirs);
    });

    it('tells nothing of restricted people, not even that there is one', async () => {
      const there = 'family=Godsoe&birthdate=1936-02-24&address-postalcode=AA10 1AA';
      const nowhere = 'family=Nobodyhere&birthdate=1936-02-24&address-postalcode=AA10 1AA';
      const notes = async (query: string) =>
        entriesOf(await search(query, why)).map(({ resource }) =>
          resource.issue.map(({ diagnostics }) => diagnostics),
        );
      assert.deepEqual(await notes(there), await notes(nowhere));
      const [unfit, unknown] = ['Godsoe', 'Nobodyhere'].map(
        (family) => `family=${family}&given=Zara&birthdate=1936-02-24`,
      );
      assert.deepEqual(await notes(unfit ?? ''), await notes(unknown ?? ''));
    });
  });
});
