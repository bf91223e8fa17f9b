/**
 * The one suite of the PDS FHIR API at the wire: what holds whatever keeps the records. It runs against stored records, another
 * PDS and Spine messages; expectations differ in nothing but the operations that a back end declares to have no counterpart for.
 * Writes go to people of the suite's own making, so that it can run against any platform with the default people.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { birthBundle } from './birth-bundle.ts';
import { call, type Answer, type CallInit } from './start-platform.ts';

export interface PdsSuiteOptions {
  /** The address of the API, known once the hooks of the describe around have run. */
  readonly base: () => string;
  /**
   * Fields that prove a healthcare worker, on calls that do not say as whom they are made. Absent: the open lane's, of whom no
   * user is known, which Spine takes for the system itself and shows one match at most.
   */
  readonly worker?: () => Readonly<Record<string, string>>;
  /** Operations without counterpart, each with the sentence it is refused with. None when absent. */
  readonly without?: Partial<Readonly<Record<Operation, string>>>;
}

/** What not every back end can do. */
type Operation = 'coverage' | 'search by contact' | 'births that ignore matches';

const jane = '9000000009';
const janet = '9000000025'; // restricted
const nobody = '9111231130';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const asPatient = (nhsNumber: string) => ({ 'x-gatehouse-act-as': `patient:${nhsNumber}` });
const asApp = { 'x-gatehouse-act-as': 'app' };

/** Declares the tests. Call it inside a `describe` whose hooks start what is to be asked. */
export function pdsSuite({ base, worker, without = {} }: PdsSuiteOptions): void {
  const send = (path: string, { headers = {}, ...init }: CallInit = {}) => {
    const as = 'x-gatehouse-act-as' in headers ? {} : worker?.();
    return call(base() + path, { ...init, headers: { ...as, ...headers } });
  };
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    send(path, { headers });
  const patch = (id: string, body: unknown, headers: Readonly<Record<string, string>>) =>
    send(`/Patient/${id}`, { method: 'PATCH', body, headers });
  const create = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    send('/Patient', { method: 'POST', body, headers });
  /** A person of the suite's own, whom nobody else looks for. */
  const newcomer = async (): Promise<Answer> => {
    const made = await create(person());
    assert.equal(made.status, 201, made.text);
    return made;
  };
  /** An operation that this back end need not have: either it works, or it is refused as declared. */
  const optional = (operation: Operation, title: string, work: () => Promise<void>) => {
    if (without[operation] === undefined) it(title, work);
  };
  const refusesWithout = (operation: Operation, ask: () => Promise<Answer>) => {
    const sentence = without[operation];
    if (sentence === undefined) return;
    it(`refuses ${operation}, which it has no counterpart for, with a sentence`, async () => {
      assert.equal(because(await ask()), `400 VALIDATION_ERROR ${sentence}`);
    });
  };

  it('R057 keeps one record from its making on, as every other back end does', async () => {
    const id = randomUUID();
    const sent = person();
    const made = await create(sent, { 'x-request-id': id });
    assert.equal(made.status, 201, made.text);
    const number: string = made.json.id;
    assert.ok(isNhsNumber(number));
    assert.equal(made.headers.get('etag'), 'W/"1"');
    const [again, read] = [
      await create(sent, { 'x-request-id': id }),
      await get(`/Patient/${number}`),
    ];
    assert.deepEqual([again.status, again.json], [201, made.json]);
    assert.deepEqual(read.json, made.json);
    const family = sent.name[0].family;
    const search = () => get(`/Patient?family=${family}&birthdate=eq${sent.birthDate}`);
    assert.equal((await search()).json.entry[0].resource.id, number);

    const change = rename(made, 'Renamed');
    const updated = await patch(number, change, { 'if-match': 'W/"1"' });
    assert.equal(updated.status, 200, updated.text);
    assert.equal(updated.headers.get('etag'), 'W/"2"');
    assert.equal(updated.json.name[0].family, 'Renamed');
    assert.deepEqual((await get(`/Patient/${number}`)).json, updated.json);
    assert.equal((await search()).json.total, 0);
    const stale = await patch(number, change, { 'if-match': 'W/"1"' });
    assert.equal(because(stale), '409 RESOURCE_VERSION_MISMATCH');
    assert.deepEqual((await get(`/Patient/${number}`)).json, updated.json);
  });

  describe('retrieving', () => {
    it('shows the whole person with the version', async () => {
      const { status, headers, json } = await get(`/Patient/${jane}`);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'application/fhir+json');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('etag'), `W/"${json.meta.versionId}"`);
      assert.equal(json.id, jane);
      assert.equal(json.identifier[0].value, jane);
      assert.equal(json.meta.security[0].code, 'U');
      assert.deepEqual(
        [json.name[0].use, json.name[0].family, json.name[0].given, json.name[0].id],
        ['usual', 'Smith', ['Jane'], '123'],
      );
      assert.equal(json.birthDate, '2010-10-22');
      assert.match(json.deceasedDateTime, /^2010-10-22/);
      assert.deepEqual(
        json.address.map(({ use }: { use: string }) => use),
        ['home', 'temp'],
      );
      assert.equal(json.generalPractitioner[0].identifier.value, 'Y12345');
      for (const extension of ['NominatedPharmacy', 'DeathNotificationStatus', 'birthPlace'])
        assert.ok(
          json.extension.some(({ url }: { url: string }) => url.endsWith(extension)),
          extension,
        );
    });

    it('shows of a minimal record what there is, without empty lists', async () => {
      const { json } = await get('/Patient/9000000033');
      assert.deepEqual(Object.keys(json).toSorted(), ['id', 'identifier', 'meta', 'resourceType']);
    });

    it('gives the ids of the call back, and asks for the first', async () => {
      const ids = { 'x-request-id': randomUUID(), 'x-correlation-id': 'visit-7' };
      const { headers } = await get(`/Patient/${jane}`, ids);
      assert.equal(headers.get('x-request-id'), ids['x-request-id']);
      assert.equal(headers.get('x-correlation-id'), 'visit-7');
      assert.equal(
        because(await get(`/Patient/${jane}`, { 'x-request-id': 'none' })),
        '400 MISSING_VALUE Invalid request with error - X-Request-ID header must be supplied to access this resource',
      );
      assert.equal(
        because(await get(`/Patient/${jane}`, { 'x-request-id': '1234' })),
        "400 INVALID_VALUE Invalid value - '1234' in header 'X-Request-ID'",
      );
    });

    it('tells a wrong number from an unknown and from a withdrawn one', async () => {
      const rows = [
        ['9000000000', 400, 'error', 'value', 'INVALID_RESOURCE_ID', 'Resource Id is invalid'],
        [nobody, 404, 'information', 'not-found', 'RESOURCE_NOT_FOUND', 'Resource not found'],
        [
          ...(['9990003343', 404, 'error', 'processing', 'INVALIDATED_RESOURCE'] as const),
          'Resource that has been marked as invalid was requested - invalid resources cannot be retrieved',
        ],
      ] as const;
      for (const [number, status, severity, code, ...coded] of rows) {
        const answer = await get(`/Patient/${number}`);
        const [issue] = answer.json.issue;
        const [coding] = issue.details.coding;
        assert.equal(answer.headers.get('etag'), null);
        assert.deepEqual(
          [answer.status, issue.severity, issue.code, coding.code, coding.display],
          [status, severity, code, ...coded],
        );
        assert.equal(issue.diagnostics, undefined);
      }
    });

    it('follows a merged number to the record that took its place', async () => {
      for (const [number, today] of [
        ['9732019735', '9732019638'],
        ['5900053636', '9732019395'],
      ] as const) {
        const { status, headers, json } = await get(`/Patient/${number}`);
        assert.deepEqual([status, json.id], [200, today]);
        assert.equal(headers.get('etag'), `W/"${json.meta.versionId}"`);
      }
    });

    it('leaves out where a restricted person is, and who a very restricted one is', async () => {
      const location = ['address', 'telecom', 'contact', 'generalPractitioner'];
      const { json: restricted } = await get(`/Patient/${janet}`);
      assert.equal(restricted.meta.security[0].code, 'R');
      assert.equal(restricted.name[0].family, 'Smythe');
      const { json: very } = await get('/Patient/9727024610');
      assert.equal(very.meta.security[0].code, 'V');
      for (const [shown, hidden] of [
        [restricted, location],
        [very, [...location, 'name', 'birthDate']],
      ])
        for (const member of hidden) assert.equal(shown[member], undefined, member);
    });

    it('shows a patient the own record and no other', async () => {
      assert.equal((await get(`/Patient/${jane}`, asPatient(jane))).json.id, jane);
      assert.match(
        because(await get(`/Patient/${janet}`, asPatient(jane))),
        /^403 ACCESS_DENIED Your access token has insufficient permissions/,
      );
    });
  });

  describe('searching', () => {
    const find = async (
      query: string,
      headers = {},
    ): Promise<readonly (readonly [string, number])[]> => {
      const { status, json, text } = await get(`/Patient?${query}`, headers);
      assert.equal(status, 200, text);
      assert.equal(json.resourceType, 'Bundle', text);
      assert.equal(json.total, json.entry?.length ?? 0);
      return (json.entry ?? []).map(
        ({ resource, search }: { resource: { id: string }; search: { score: number } }) =>
          [resource.id, search.score] as const,
      );
    };
    const smith = 'family=Smith&gender=female&birthdate=eq2010-10-22';

    it('finds who is exactly as asked for, with the score 1 and an address of its own', async () => {
      const { json } = await get(`/Patient?${smith}`);
      assert.equal(json.type, 'searchset');
      assert.match(json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      const [entry, ...others] = json.entry;
      assert.deepEqual(others, []);
      assert.equal(entry.fullUrl, `${base()}/Patient/${jane}`);
      assert.deepEqual(entry.search, { score: 1 });
      assert.equal(entry.resource.id, jane);
      assert.deepEqual(await find(`${smith}&_max-results=1`), [[jane, 1]]);
    });

    it('finds by wildcards, ranges, practice and death, each with its score', async () => {
      assert.deepEqual(await find(smith.replace('Smith', 'Sm*')), [
        [jane, 0.8343],
        ['9000000017', 0.8343],
      ]);
      for (const [query, number] of [
        ['family=Me*&birthdate=2015-10-22&general-practitioner=A20047', '9733162337'],
        ['family=TUNNEY&birthdate=ge1980-01-01&death-date=le2019-02-28', '9733163201'],
        ['family=Massam&birthdate=ge1920-08-10&birthdate=le1920-08-12', '9693632966'],
        ['family=Godsoe&gender=male&birthdate=1936-02-24', '9693632125'],
      ] as const)
        assert.deepEqual(
          (await find(query)).map(([id]) => id),
          [number],
          query,
        );
    });

    it('finds who sounds like it, and who once was called so', async () => {
      const blogs = 'family=Blogs&given=Joe&birthdate=1955-11-05&_fuzzy-match=true';
      assert.deepEqual(
        (await find(blogs)).map(([id]) => id),
        ['9693632109'],
      );
      // One of them has a number whose check digit is wrong, as the published data have it.
      const johns = 'family=Smith&given=John%20Paul&given=James&gender=male&birthdate=2010-10-22';
      assert.deepEqual(
        (await find(johns)).map(([id]) => id),
        ['9000000015', '9991000445'],
      );
      const attson =
        'family=ATTS%C3%96N&given=P%C3%80ULIN%C3%89&birthdate=1960-07-14&_fuzzy-match=true';
      const found = await find(attson);
      assert.deepEqual(
        found.map(([id]) => id),
        ['9693633148', '9693633121'],
      );
      for (const [, score] of found) assert.ok(score > 0 && score < 1);
    });

    it('keeps nothing but exact matches when asked to', async () => {
      const knapp = 'family=KNAPP&gender=female&birthdate=1943-07-03';
      assert.deepEqual(await find(`${knapp}&_exact-match=true`), [['9736363120', 1]]);
      assert.deepEqual(await find(`${smith.replace('Smith', 'Sm*')}&_exact-match=true`), []);
    });

    it('finds nobody without an entry', async () => {
      const { json } = await get('/Patient?family=Spiderman&birthdate=1962-07-31');
      assert.deepEqual([json.total, 'entry' in json], [0, false]);
    });

    it('says that there are too many, and shows none of them', async () => {
      const youds = '/Patient?family=YOUDS&birthdate=1970-01-24';
      assert.equal((await get(youds)).json.total, 4);
      for (const answer of [await get(`${youds}&_max-results=1`), await get(youds, asApp)]) {
        assert.equal(because(answer), '200 TOO_MANY_MATCHES');
        assert.equal(answer.json.issue[0].severity, 'information');
        assert.equal(answer.json.issue[0].code, 'multiple-matches');
      }
    });

    it('shows a restricted person without location, and not by postcode', async () => {
      const janets = 'family=Smythe&given=Janet&gender=female&birthdate=eq2005-06-16';
      const { json } = await get(`/Patient?${janets}`);
      assert.equal(json.entry[0].resource.id, janet);
      assert.equal(json.entry[0].resource.address, undefined);
      assert.deepEqual(await find(`${janets}&address-postalcode=LS1%206AE`), []);
    });

    it('refuses what is no search, in the published words', async () => {
      for (const [query, expected] of [
        ['', '400 UNSUPPORTED_SERVICE'],
        [
          'family=Smith&year=2010',
          "400 ADDITIONAL_PROPERTIES Invalid request with error - Additional properties are not allowed ('year' was unexpected)",
        ],
        [
          'family=Smith',
          "400 MISSING_VALUE Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'",
        ],
        [
          'family=Smith&birthdate=20101022',
          "400 INVALID_VALUE Invalid value - '20101022' in field 'birthdate'",
        ],
        [
          'birthdate=eq2010-10-22',
          "400 INVALID_SEARCH_DATA Invalid search data provided - 'No searches were performed as the search criteria did not meet the minimum requirements'",
        ],
        [
          'family=S*&birthdate=eq2010-10-22',
          "400 INVALID_SEARCH_DATA Invalid search data provided - 'name.family'",
        ],
      ] as const)
        assert.equal(because(await get(`/Patient?${query}`)), expected);
      assert.match(
        because(await get(`/Patient?${smith}&_max-results=2`, asApp)),
        /^403 INVALID_VALUE/,
      );
      assert.match(because(await get(`/Patient?${smith}`, asPatient(jane))), /^403 ACCESS_DENIED/);
    });

    const byContact = `/Patient?${smith}&email=jane.smith@example.com&phone=01632960587`;
    optional('search by contact', 'finds by telephone and email', async () => {
      assert.equal((await get(byContact)).json.entry[0].resource.id, jane);
      const former = 'family=Smith&gender=male&birthdate=2000-05-05&email=Historic@historic.com';
      assert.deepEqual(await find(former), []);
      assert.deepEqual(
        (await find(`${former}&_history=true`)).map(([id]) => id),
        ['5900020584'],
      );
    });
    refusesWithout('search by contact', () => get(byContact));
  });

  describe('updating', () => {
    it('adds, replaces and removes in one version, and knows a repeat', async () => {
      const made = await newcomer();
      const { id } = made.json;
      const body = {
        patches: [
          { op: 'replace', path: '/gender', value: 'unknown' },
          ...rename(made, 'Threefold').patches,
          {
            op: 'add',
            path: '/telecom/-',
            value: {
              ...{ system: 'phone', use: 'mobile', value: '07700900123' },
              period: { start: '2020-02-02' },
            },
          },
        ],
      };
      const headers = { 'if-match': 'W/"1"', 'x-request-id': randomUUID() };
      const changed = await patch(id, body, headers);
      assert.equal(changed.status, 200, changed.text);
      assert.deepEqual(
        [changed.json.meta.versionId, changed.json.gender, changed.json.name[0].family],
        ['2', 'unknown', 'Threefold'],
      );
      assert.equal(changed.json.telecom[0].value, '07700900123');
      const repeated = await patch(id, body, headers);
      assert.deepEqual([repeated.status, repeated.json], [200, changed.json]);

      const [telecom] = changed.json.telecom;
      const removed = await patch(
        id,
        {
          patches: [
            { op: 'test', path: '/telecom/0/id', value: telecom.id },
            { op: 'remove', path: '/telecom/0' },
          ],
        },
        { 'if-match': 'W/"2"' },
      );
      assert.equal(removed.status, 200, removed.text);
      assert.equal(removed.json.telecom, undefined);
      assert.equal((await get(`/Patient/${id}`)).json.meta.versionId, '3');
    });

    it('refuses in the published order and words, and changes nothing', async () => {
      const made = await newcomer();
      const { id } = made.json;
      const version = { 'if-match': 'W/"1"' };
      const good = rename(made, 'Refused');
      const invalid = '400 INVALID_UPDATE Invalid update with error -';
      const rows: readonly (readonly [
        string,
        unknown,
        Readonly<Record<string, string>>,
        string,
      ])[] = [
        [
          ...([id, good, {}] as const),
          '412 PRECONDITION_FAILED Invalid request with error - If-Match header must be supplied to update this resource',
        ],
        [id, good, { 'if-match': 'W/"7"' }, '409 RESOURCE_VERSION_MISMATCH'],
        [id, good, { ...version, 'content-type': 'text/plain' }, '400 UNSUPPORTED_SERVICE'],
        [id, '{', version, `${invalid} Invalid payload received - incorrect format`],
        [id, {}, version, `${invalid} No patches found`],
        [
          ...([id, { patches: [{ op: 'bad', path: '/gender' }] }, version] as const),
          "400 INVALID_VALUE Invalid value - 'bad' in field '0/op'",
        ],
        [
          ...([id, { patches: [{ op: 'add', path: '/pets', value: [] }] }, version] as const),
          `${invalid} Update unsupported for resource - 'pets'`,
        ],
        [
          ...([id, { patches: [{ op: 'remove', path: '/name/0' }] }, version] as const),
          `${invalid} removal '/name/0' is not immediately preceded by equivalent test - instead it is the first item`,
        ],
        [
          ...([id, gender('female'), version] as const),
          `${invalid} Invalid patch - Provided patch made no changes to the resource`,
        ],
        [
          ...([id, { patches: [{ op: 'remove', path: '/gender' }] }, version] as const),
          "403 FORBIDDEN_UPDATE Forbidden update with error - source not permitted to remove 'gender'",
        ],
        ['9000000000', good, version, '400 INVALID_RESOURCE_ID'],
        [nobody, good, version, '404 RESOURCE_NOT_FOUND'],
        ['9990003343', good, version, '404 INVALIDATED_RESOURCE'],
        [
          ...(['9732019735', gender('male'), version] as const),
          '403 FORBIDDEN_UPDATE Forbidden update with error - Update Failed - NHS No. supplied has been superseded in a merge',
        ],
        [
          ...([janet, gender('male'), version] as const),
          '403 FORBIDDEN_UPDATE Forbidden update with error - source not permitted to update a restricted record',
        ],
        [
          ...([id, good, { ...version, ...asApp }] as const),
          '403 INVALID_METHOD Your app has insufficient permissions to use this method. Please contact support.',
        ],
        [
          ...([id, gender('male'), { ...version, ...asPatient(id) }] as const),
          `${invalid} This user does not have permission to update the fields in the patches provided.`,
        ],
      ];
      for (const [number, body, headers, expected] of rows)
        assert.equal(because(await patch(number, body, headers)), expected);
      assert.deepEqual((await get(`/Patient/${id}`)).json, made.json);
    });

    it('lets a patient change what is for patients to change', async () => {
      const { id } = (await newcomer()).json;
      const value = {
        system: 'email',
        use: 'home',
        value: 'me@example.com',
        period: { start: '2020-01-01' },
      };
      const body = { patches: [{ op: 'add', path: '/telecom/-', value }] };
      const changed = await patch(id, body, { 'if-match': 'W/"1"', ...asPatient(id) });
      assert.equal(changed.status, 200, changed.text);
      assert.equal(changed.json.telecom[0].value, 'me@example.com');
    });
  });

  describe('creating', () => {
    it('gives a number, ids and the first version, and strips blank lines', async () => {
      const { json } = await newcomer();
      assert.ok(isNhsNumber(json.id));
      assert.equal(json.identifier[0].value, json.id);
      assert.equal(json.meta.versionId, '1');
      assert.match(json.name[0].id, /^[0-9A-F]{8}$/);
      assert.deepEqual(json.address[0].line, ['7 Mere Bank', 'AMBLESIDE']);
    });

    it('makes nobody twice, and names the one who is there', async () => {
      const sent = person();
      const made = await create(sent);
      assert.equal(
        because(await create(sent)),
        `200 SINGLE_MATCH Unable to create new patient. NHS number ${made.json.id} found for supplied demographic data.`,
      );
    });

    it('refuses a body that is not enough, and callers who may not', async () => {
      const nameless = { ...person(), name: undefined };
      assert.equal(because(await create(nameless)), "400 MISSING_VALUE Missing value - 'name'");
      assert.equal(
        because(await create({ ...person(), gender: 'other' })),
        "400 INVALID_VALUE Invalid value - 'other' in field 'gender'",
      );
      assert.match(because(await create(person(), asApp)), /^403 INVALID_METHOD/);
      assert.match(because(await create(person(), asPatient(jane))), /^403 INVALID_METHOD/);
    });
  });

  describe('registering a birth', () => {
    const register = (body: unknown, query = '') =>
      send(`/Patient/$process-birth-details${query}`, { method: 'POST', body });

    it('makes a record with a notification id, and the mother stands beside it', async () => {
      const body = birthBundle(jane, '2026-05-04');
      const born = await register(body);
      assert.equal(born.status, 201, born.text);
      assert.match(born.headers.get('notification-id') ?? '', uuid);
      assert.equal(born.headers.get('etag'), 'W/"1"');
      assert.equal(born.json.birthDate, '2026-05-04');
      assert.deepEqual((await get(`/Patient/${born.json.id}`)).json, born.json);
      const { json } = await get(`/Patient/${born.json.id}/RelatedPerson`);
      assert.equal(json.total, 1);
      assert.equal(json.entry[0].resource.patient.identifier.value, jane);
    });

    it('refuses a bundle of nothing', async () => {
      assert.match(
        because(await register({ resourceType: 'Bundle', type: 'transaction', entry: [] })),
        /^400 TOO_FEW_VALUES_SUBMITTED/,
      );
    });

    const twin = () => register(birthBundle(jane, '2026-05-05'), '?ignore_potential_matches=true');
    optional('births that ignore matches', 'ignores potential matches when asked to', async () => {
      assert.equal((await twin()).status, 201);
    });
    refusesWithout('births that ignore matches', twin);
  });

  describe('telling whom to contact', () => {
    it('is a searchset whose addresses are its own', async () => {
      const { status, headers, json } = await get(`/Patient/${jane}/RelatedPerson`);
      assert.deepEqual([status, json.type, json.total], [200, 'searchset', 2]);
      assert.equal(headers.get('etag'), null);
      for (const { fullUrl, resource } of json.entry)
        assert.equal(fullUrl, `${base()}/Patient/${jane}/RelatedPerson/${resource.id}`);
    });

    it('is an empty one of those with nobody, and of restricted people', async () => {
      for (const number of ['9000000033', janet]) {
        const { json } = await get(`/Patient/${number}/RelatedPerson`);
        assert.deepEqual([json.total, 'entry' in json], [0, false]);
      }
    });

    it('is refused for a number that names nobody, and for somebody else', async () => {
      const people = (number: string, headers = {}) =>
        get(`/Patient/${number}/RelatedPerson`, headers);
      assert.equal(because(await people('9000000000')), '400 INVALID_RESOURCE_ID');
      assert.equal(because(await people(nobody)), '404 RESOURCE_NOT_FOUND');
      assert.match(because(await people(janet, asPatient(jane))), /^403 ACCESS_DENIED/);
    });
  });

  describe('the card', () => {
    const card = (number: string, headers = {}) =>
      get(`/Coverage?subscriber:identifier=${number}`, headers);
    optional('coverage', 'is shown, replaced against its version and shown anew', async () => {
      const { id } = (await newcomer()).json;
      const own = asPatient(id);
      const none = await card(id, own);
      assert.deepEqual([none.status, none.json.total, none.headers.get('etag')], [200, 0, 'W/"1"']);
      const replace = (version: string) =>
        send('/Coverage', {
          ...{ method: 'POST', body: coverage(id) },
          headers: { 'if-match': version, ...own },
        });
      const replaced = await replace('W/"1"');
      assert.equal(replaced.status, 201, replaced.text);
      assert.equal(replaced.headers.get('etag'), 'W/"2"');
      const shown = await card(id, own);
      const [entry] = shown.json.entry;
      assert.equal(entry.fullUrl, `${base()}/Coverage?subscriber:identifier=${id}`);
      assert.equal(entry.resource.identifier[0].value, 'UK 123456789');
      assert.equal(because(await replace('W/"1"')), '409 RESOURCE_VERSION_MISMATCH');
      assert.equal(because(await card(nobody, asPatient(nobody))), '404 RESOURCE_NOT_FOUND');
    });
    refusesWithout('coverage', () => card(jane, asPatient(jane)));

    it('is for the patient alone', async () => {
      assert.match(because(await card(jane, asApp)), /^403 ACCESS_DENIED/);
      assert.match(because(await card(janet, asPatient(jane))), /^403 ACCESS_DENIED/);
      const body = coverage(janet);
      const headers = { 'if-match': 'W/"1"', ...asPatient(jane) };
      if (without.coverage === undefined)
        assert.match(
          because(await send('/Coverage', { method: 'POST', body, headers })),
          /^403 ACCESS_DENIED/,
        );
    });
  });

  it('refuses paths and methods that are not its own', async () => {
    assert.equal(
      because(await get('/HelloWorld')),
      "400 UNSUPPORTED_REQUEST Unsupported path - '/HelloWorld'",
    );
    assert.equal(because(await get(`/Patient/${jane}/Observation`)), '400 UNSUPPORTED_SERVICE');
    const put = await send(`/Patient/${jane}`, { method: 'PUT', body: {} });
    assert.equal(because(put), '400 UNSUPPORTED_SERVICE');
  });
}

/** Status, code and text of a refusal. */
function because({ status, json, text }: Answer): string {
  assert.equal(json?.resourceType, 'OperationOutcome', text);
  assert.equal(json.issue.length, 1);
  const [{ details, diagnostics }] = json.issue;
  return `${status} ${details.coding[0].code} ${diagnostics ?? ''}`.trim();
}

/** A person whom nobody has yet: the family name is new each time. */
export function person() {
  const family = `Quarrington${randomUUID()
    .replaceAll('-', '')
    .replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)))
    .slice(0, 12)}`;
  return {
    resourceType: 'Patient',
    name: [{ use: 'usual', family, given: ['Ottoline'], period: { start: '2020-01-01' } }] as [
      { use: string; family: string; given: string[]; period: object },
    ],
    gender: 'female',
    birthDate: '1999-02-03',
    address: [
      {
        ...{ use: 'home', line: ['', '7 Mere Bank', '', 'AMBLESIDE', ''] },
        ...{ postalCode: 'LA22 9ZZ', period: { start: '2020-01-01' } },
      },
    ],
    extension: [authority],
  };
}

function coverage(nhsNumber: string) {
  return {
    resourceType: 'Coverage',
    status: 'active',
    identifier: [
      {
        value: 'UK 123456789',
        assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'GBR' } },
      },
    ],
    type: {
      coding: [{ system: 'http://terminology.hl7.eu/CodeSystem/v3-ActCode', code: 'EHIC' }],
    },
    beneficiary: { identifier: { value: '1029384756' } },
    period: { end: '2030-01-01' },
    payor: [{ identifier: { value: '01071' } }],
    subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
  };
}

const authority = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RegisteringAuthority',
  extension: [
    {
      url: 'registeringAuthorityType',
      valueCodeableConcept: {
        coding: [
          { system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType', code: 'x' },
        ],
      },
    },
    { url: 'organisationIdentifier', valueString: 'RGS' },
  ],
};

function rename({ json }: Answer, family: string) {
  return {
    patches: [
      { op: 'test', path: '/name/0/id', value: json.name[0].id },
      { op: 'replace', path: '/name/0/family', value: family },
    ],
  };
}

function gender(value: string) {
  return { patches: [{ op: 'replace', path: '/gender', value }] };
}
