import assert from 'node:assert/strict';
import { inFreshWorkspaces } from './fresh-workspaces.ts';
import { startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';
const adrian = '9732110317';
const conrad = '9736363015';
const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

const nameId = { op: 'test', path: '/name/0/id', value: '123' };
const rename = (family: string) => [
  { op: 'replace', path: '/name/0/family', value: family },
  nameId,
];

describe('updating a patient', () => {
  let platform: TestPlatform;
  let workspace: string;
  inFreshWorkspaces((...made) => {
    [platform, workspace] = made;
  });

  type Headers = Record<string, string>;
  const send = (id: string, body: unknown, headers: Headers): Promise<Answer> =>
    platform.call(`/Patient/${id}`, {
      method: 'PATCH',
      headers: { 'x-gatehouse-workspace': workspace, ...headers },
      body,
    });
  const read = (id: string) =>
    platform.call(`/Patient/${id}`, { headers: { 'x-gatehouse-workspace': workspace } });
  /** Sends the patches against the version the record has now. */
  const patch = async (id: string, patches: unknown, headers: Headers = {}): Promise<Answer> =>
    send(id, { patches }, { 'if-match': (await read(id)).headers.get('etag') ?? '', ...headers });
  const search = async (query: string): Promise<number> =>
    (await platform.call(`/Patient?${query}`, { headers: { 'x-gatehouse-workspace': workspace } }))
      .json.total;
  const refusal = ({ status, json, text }: Answer) => {
    assert.equal(json.resourceType, 'OperationOutcome', text);
    const [{ severity, code, details, diagnostics }] = json.issue;
    return { status, severity, issue: code, code: details.coding[0].code, diagnostics };
  };
  const because = (answer: Answer): string => {
    const { status, code, diagnostics } = refusal(answer);
    return `${status} ${code} ${diagnostics ?? ''}`.trim();
  };
  const invalid = (rest: string) => `400 INVALID_UPDATE Invalid update with error - ${rest}`;
  const forbidden = (rest: string) => `403 FORBIDDEN_UPDATE Forbidden update with error - ${rest}`;

  describe('by its protocol', () => {
    it('answers with the whole record, one version on however many patches, and keeps it', async () => {
      const answer = await send(
        jane,
        {
          patches: [
            ...rename('Jones'),
            { op: 'replace', path: '/gender', value: 'unknown' },
            { op: 'add', path: '/name/0/given/1', value: 'Ann' },
          ],
        },
        { 'if-match': 'W/"2"' },
      );
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('etag'), 'W/"3"');
      assert.equal(answer.json.meta.versionId, '3');
      assert.equal(answer.json.name[0].family, 'Jones');
      assert.deepEqual(answer.json.name[0].given, ['Jane', 'Ann']);
      assert.equal(answer.json.gender, 'unknown');
      assert.ok(answer.json.address && answer.json.telecom && answer.json.extension);
      const again = await read(jane);
      assert.equal(again.text, answer.text);
      assert.equal(again.headers.get('etag'), 'W/"3"');
    });

    it('does nothing at all when one of the patches fails', async () => {
      const before = await read(jane);
      const answer = await patch(jane, [
        ...rename('Jones'),
        { op: 'replace', path: '/birthDate', value: '2999-01-01' },
      ]);
      assert.equal(because(answer), invalid('birth date cannot be in the future'));
      assert.equal(answer.headers.get('etag'), null);
      assert.equal((await read(jane)).text, before.text);
    });

    it('refuses in the published order', async () => {
      const bad = '9000000000';
      const unknown = '9111231130';
      const type = { 'content-type': 'application/bananas' };
      const version = { 'if-match': 'W/"9"' };
      const noId = { 'x-request-id': 'none' };
      const app = { 'x-gatehouse-act-as': 'app' };
      const wrong = { patches: [{ op: 'bad_value', path: 'not a path' }] };
      const steps: [string, unknown, Headers, string][] = [
        [bad, {}, { ...noId, ...app, ...type }, '400 MISSING_VALUE'],
        [bad, {}, { ...app, ...type }, '403 INVALID_METHOD'],
        [bad, {}, type, '400 INVALID_RESOURCE_ID'],
        [unknown, {}, type, '412 PRECONDITION_FAILED'],
        [unknown, {}, { ...type, ...version }, '400 UNSUPPORTED_SERVICE'],
        [unknown, {}, version, '404 RESOURCE_NOT_FOUND'],
        [unknown, { patches: 'x' }, version, '404 RESOURCE_NOT_FOUND'],
        [jane, {}, version, '400 INVALID_UPDATE'],
        [jane, wrong, version, '409 RESOURCE_VERSION_MISMATCH'],
        [jane, wrong, { 'if-match': 'W/"2"' }, '400 INVALID_VALUE'],
      ];
      for (const [id, body, headers, expected] of steps) {
        const { status, code } = refusal(await send(id, body, headers));
        assert.equal(`${status} ${code}`, expected, `${id} ${JSON.stringify(headers)}`);
      }
    });

    it('tells a version that has passed from one that is missing or no version', async () => {
      const body = { patches: rename('Jones') };
      for (const version of ['W/"1"', 'W/"3"', 'W/"0"', 'W/"4294967296"'])
        assert.deepEqual(
          refusal(await send(jane, body, { 'if-match': version })),
          {
            status: 409,
            severity: 'error',
            issue: 'conflict',
            code: 'RESOURCE_VERSION_MISMATCH',
            diagnostics: undefined,
          },
          version,
        );
      const header =
        'Invalid request with error - If-Match header must be supplied to update this resource';
      for (const version of [undefined, '', '2', '"2"', 'W/2', 'W/"x"', 'W/"2', '*'])
        assert.deepEqual(
          refusal(await send(jane, body, version === undefined ? {} : { 'if-match': version })),
          {
            status: 412,
            severity: 'error',
            issue: 'structure',
            code: 'PRECONDITION_FAILED',
            diagnostics: header,
          },
          String(version),
        );
    });

    it('takes both JSON media types, with parameters and in any case, and no other', async () => {
      const types: [string, number][] = [
        ['application/json-patch+json', 200],
        ['application/json', 200],
        ['Application/JSON-Patch+json; charset=utf-8', 200],
        ['application/bananas', 400],
        ['text/plain', 400],
        ['application/xml', 400],
        ['application/fhir+xml', 400],
      ];
      for (const [i, [type, status]] of types.entries()) {
        const answer = await patch(jane, rename(`Name${'abcdefg'.charAt(i)}`), {
          'content-type': type,
        });
        assert.equal(answer.status, status, `${type} ${answer.text}`);
        if (status === 400) assert.equal(refusal(answer).code, 'UNSUPPORTED_SERVICE');
      }
    });

    it('wants the wrapper, a list with something in it, and JSON', async () => {
      const version = { 'if-match': 'W/"2"' };
      for (const body of [{}, { patches: [] }])
        assert.equal(because(await send(jane, body, version)), invalid('No patches found'));
      for (const body of ['{"patches":', 'not json', ''])
        assert.equal(
          because(await send(jane, body, version)),
          invalid('Invalid payload received - incorrect format'),
          body,
        );
      for (const body of [rename('Jones'), { patches: {} }, { patches: null }, [], 1])
        assert.equal(refusal(await send(jane, body, version)).status, 400, JSON.stringify(body));
      assert.equal((await read(jane)).headers.get('etag'), 'W/"2"');
    });

    it('lets one of two writers win a version and tells the other', async () => {
      const body = (family: string) => ({ patches: rename(family) });
      const answers = await Promise.all(
        ['Aye', 'Bee', 'Cee', 'Dee'].map((family) =>
          send(jane, body(family), { 'if-match': 'W/"2"' }),
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409]);
      assert.equal((await read(jane)).headers.get('etag'), 'W/"3"');
    });
  });

  describe('again, with the same X-Request-ID', () => {
    it('replays the answer without doing it twice', async () => {
      const headers = { 'if-match': 'W/"2"', 'x-request-id': crypto.randomUUID() };
      const body = { patches: rename('Jones') };
      const first = await send(jane, body, headers);
      const second = await send(jane, body, headers);
      assert.equal(first.status, 200);
      assert.equal(second.status, 200);
      assert.equal(second.text, first.text);
      assert.equal(second.headers.get('etag'), 'W/"3"');
      assert.equal((await read(jane)).headers.get('etag'), 'W/"3"');
    });

    it('takes another body, or another version, for another request', async () => {
      const id = { 'x-request-id': crypto.randomUUID() };
      assert.equal((await patch(jane, rename('Jones'), id)).status, 200);
      const stale = await send(jane, { patches: rename('Other') }, { ...id, 'if-match': 'W/"2"' });
      assert.equal(stale.status, 409);
      const fresh = await send(jane, { patches: rename('Other') }, { ...id, 'if-match': 'W/"3"' });
      assert.equal(fresh.status, 200);
      assert.equal(fresh.headers.get('etag'), 'W/"4"');
    });

    it('gives one result to repeats that overtake each other', async () => {
      const headers = { 'if-match': 'W/"2"', 'x-request-id': crypto.randomUUID() };
      const send5 = Array.from({ length: 5 }, () =>
        send(jane, { patches: rename('Jones') }, headers),
      );
      const answers = await Promise.all(send5);
      for (const { status, text } of answers) assert.equal(status, 200, text);
      assert.equal((await read(jane)).headers.get('etag'), 'W/"3"');
    });

    it('is refused again after a refusal', async () => {
      const headers = { 'if-match': 'W/"2"', 'x-request-id': crypto.randomUUID() };
      for (let i = 0; i < 2; i++)
        assert.equal(
          because(await send(jane, { patches: rename('Smith') }, headers)),
          invalid('Invalid patch - Provided patch made no changes to the resource'),
        );
    });
  });

  describe('that may not be updated', () => {
    it('refuses a superseded number, whatever version is named', async () => {
      for (const id of ['9732019735', '9732019840', '5900053636'])
        assert.deepEqual(
          refusal(await send(id, { patches: rename('X') }, { 'if-match': 'W/"2"' })),
          {
            status: 403,
            severity: 'information',
            issue: 'forbidden',
            code: 'FORBIDDEN_UPDATE',
            diagnostics:
              'Forbidden update with error - Update Failed - NHS No. supplied has been superseded in a merge',
          },
        );
    });

    it('knows no invalidated record, and protects restricted ones', async () => {
      const body = { patches: [{ op: 'replace', path: '/gender', value: 'unknown' }] };
      const to = async (id: string) => because(await send(id, body, { 'if-match': 'W/"2"' }));
      assert.equal(await to('9990003343'), '404 INVALIDATED_RESOURCE');
      for (const id of ['9693632125', '9727022820', '9727024610'])
        assert.match(await to(id), /^403 FORBIDDEN_UPDATE Forbidden update with error - /);
    });

    it('lets no application on its own update', async () => {
      for (const [mode, word] of [
        ['app', 'application-restricted'],
        ['privileged', 'privileged-application-restricted'],
      ]) {
        const answer = await patch(jane, rename('X'), { 'x-gatehouse-act-as': mode ?? '' });
        assert.equal(
          because(answer),
          '403 INVALID_METHOD Your app has insufficient permissions to use this method. Please contact support.',
        );
        assert.equal(
          answer.json.issue[0].details.coding[0].display,
          `Cannot update resource with ${word ?? ''} access token`,
        );
      }
    });
  });

  describe('against the rule book', () => {
    const remove = (path: string) => ({ op: 'remove', path });
    const test = (path: string, value: unknown) => ({ op: 'test', path, value });
    const add = (path: string, value: unknown) => ({ op: 'add', path, value });
    const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });
    const oldId = test('/name/1/id', '4E1F33EF');
    const homeId = test('/address/0/id', 'E6F42AC4');
    const isoDay = (days: number) =>
      new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const temp = (more: object) =>
      add('/address/-', {
        use: 'temp',
        text: 'Holiday Home',
        line: ['1 Sea Road', '', '', 'BRIGHTON'],
        postalCode: 'BN1 1AA',
        ...more,
      });
    const pharmacy = (value: string) => ({
      url: `${ukCore}NominatedPharmacy`,
      valueReference: { identifier: { value } },
    });

    /** On a record without extensions, with one usual and one former name and a home address. */
    const rows: [string, unknown[], string][] = [
      [
        'a path that is none',
        [replace('gender', 'male')],
        invalid("'gender' is not a 'json-pointer'"),
      ],
      [
        'a removal that comes first',
        [remove('/name/1')],
        invalid(
          "removal '/name/1' is not immediately preceded by equivalent test - instead it is the first item",
        ),
      ],
      [
        'a removal after the test of another item',
        [test('/name/0/id', '4E1F21EF'), remove('/name/1')],
        invalid(
          "removal '/name/1' is not immediately preceded by equivalent test pointing to an 'id', 'url' or object - instead operation 'test' with path '/name/0/id' preceding",
        ),
      ],
      [
        'a part of an item that is not named',
        [replace('/address/0/line/0', '2 Whitehall Quay')],
        invalid('no id or url found for path with root /address/0'),
      ],
      [
        'an id of no item',
        [replace('/address/0/id', '123456'), replace('/address/0/line/0', '2 Whitehall Quay')],
        invalid("no 'address' resources with object id '123456'"),
      ],
      [
        'an item under the index of another',
        [replace('/name/1', { id: '4E1F21EF', use: 'usual', family: 'X' })],
        invalid(
          "Object ID does not match supplied index for path='/name/1' with resource id='4E1F33EF' and patch id='4E1F21EF'",
        ),
      ],
      [
        'the id of one item put on another',
        [replace('/name/1/id', '4E1F21EF')],
        invalid("multiple 'name' resources assigned the same object id '4E1F21EF'"),
      ],
      [
        'an id of the client’s making',
        [add('/name/-', { id: 'F60E2FF2', use: 'nickname', family: 'X' })],
        invalid('Data id should not be provided on addition with id=F60E2FF2'),
      ],
      [
        'an index past the end in a test',
        [test('/name/2/id', '123456'), remove('/name/2')],
        invalid("Invalid patch - index '2' is out of bounds"),
      ],
      [
        'an index past the end in a replacement',
        [replace('/name/2', { id: '4E1F33EF', use: 'old', family: 'X' })],
        invalid('Invalid patch - list assignment index out of range'),
      ],
      [
        'an empty index',
        [add('/address/', { use: 'home' })],
        invalid("Invalid patch - '' is not a valid sequence index"),
      ],
      [
        'a part that is not there',
        [test('/name/0/id', '4E1F21EF'), remove('/name/0/suffix/0')],
        invalid("Invalid patch - can't remove non-existent object '0'"),
      ],
      [
        'tests alone',
        [test('/gender', 'male')],
        invalid('Invalid patch - Provided patch made no changes to the resource'),
      ],
      [
        'an element that there is not',
        [add('/pets', 'Cat')],
        invalid("Update unsupported for resource - 'pets'"),
      ],
      [
        'a birth in the future',
        [replace('/birthDate', isoDay(2))],
        invalid('birth date cannot be in the future'),
      ],
      [
        'a death without its notification',
        [add('/deceasedDateTime', '2020-01-02T00:00:00+00:00')],
        invalid('when adding a deceased date, a death notification status must also be supplied'),
      ],
      [
        'a time of death away from Greenwich',
        [add('/deceasedDateTime', '2020-01-02T00:00:00+01:00')],
        "400 INVALID_VALUE Invalid value - '2020-01-02T00:00:00+01:00' in field 'deceasedDateTime'",
      ],
      [
        'a temporary address without a period',
        [temp({})],
        invalid("period must be provided for use 'temp'"),
      ],
      [
        'a temporary address without an end',
        [temp({ period: { start: isoDay(0) } })],
        invalid("period end date must be provided for use 'temp'"),
      ],
      [
        'a temporary address for too long',
        [temp({ period: { start: isoDay(0), end: isoDay(91) } })],
        invalid("period date range of 91 days is too large for use 'temp', maximum is 90 days"),
      ],
      [
        'an end before the start',
        [temp({ period: { start: isoDay(-1), end: isoDay(-3) } })],
        invalid('business effective start date is after the end date'),
      ],
      [
        'a work address',
        [temp({ use: 'work', period: { start: isoDay(0) } })],
        invalid("address use 'work' cannot be added or replaced, only removed"),
      ],
      [
        'two pharmacies of a kind',
        [add('/extension/-', pharmacy('FA123')), add('/extension/-', pharmacy('FA124'))],
        invalid(`cannot add multiple pharmacies of type '${ukCore}NominatedPharmacy'`),
      ],
      [
        'extensions that are no list',
        [add('/extension', pharmacy('FA123'))],
        invalid('extension not in correct format'),
      ],
      [
        'a gender that can only be read',
        [replace('/gender', 'other')],
        "400 UNSUPPORTED_VALUE Schema valid but unsupported value - 'other' in field 'gender'",
      ],
      [
        'a gender that there is not',
        [replace('/gender', 'Female')],
        "400 INVALID_VALUE Invalid value - 'Female' in field 'gender'",
      ],
      [
        'a sixth given name',
        [
          test('/name/0/id', '4E1F21EF'),
          replace('/name/0/given', ['One', 'Two', 'Three', 'Four', 'Five', 'Six']),
        ],
        "400 TOO_MANY_VALUES_SUBMITTED Too many values submitted - ['One', 'Two', 'Three', 'Four', 'Five', 'Six'] in field 'name/0/given'",
      ],
      [
        'a second usual name',
        [add('/name/-', { use: 'usual', family: 'Bloggs', period: { start: '2019-12-31' } })],
        forbidden('multiple usual names cannot be added'),
      ],
      [
        'the usual name taken away',
        [test('/name/0/id', '4E1F21EF'), remove('/name/0')],
        forbidden('not permitted to remove usual name'),
      ],
      [
        'the birth date taken away',
        [test('/birthDate', '1936-06-21'), remove('/birthDate')],
        forbidden("source not permitted to remove 'birthDate'"),
      ],
      [
        'the gender taken away',
        [test('/gender', 'male'), remove('/gender')],
        forbidden("source not permitted to remove 'gender'"),
      ],
      [
        'a second home',
        [add('/address/-', { use: 'home', line: ['1 A', '', '', 'B'], postalCode: 'LS1 1AA' })],
        forbidden('multiple home addresses cannot be added'),
      ],
      [
        'another use for a name',
        [oldId, replace('/name/1/use', 'maiden')],
        '400 INVALID_VALUE Invalid value with error - Update Failed - it is not permitted to change the use of name, address, telecom, patient care or relationship data.',
      ],
      [
        'a contact nobody can reach',
        [
          add('/contact/-', {
            relationship: [
              {
                coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C' }],
              },
            ],
          }),
        ],
        "400 MISSING_VALUE Missing value - 'contact/0/telecom'",
      ],
      [
        'an address without a use',
        [add('/address/-', { line: ['1 A', '', '', 'B'], postalCode: 'LS1 1AA' })],
        "400 MISSING_VALUE Missing value - 'address/1/use'",
      ],
      [
        'a period without its start',
        [homeId, remove('/address/0/period/start')],
        invalid('period start cannot be removed - only replaced'),
      ],
    ];
    for (const [what, patches, expected] of rows)
      it(`refuses ${what}, in the published words`, async () => {
        const before = await read(adrian);
        const got = because(await patch(adrian, patches));
        assert.ok(got.startsWith(expected), `${got}\nnot ${expected}`);
        assert.equal((await read(adrian)).text, before.text);
      });

    it('freezes the data of a formal death, and lets nobody here set one', async () => {
      assert.equal(
        because(await patch(jane, [replace('/deceasedDateTime', '2010-10-23T00:00:00+00:00')])),
        forbidden(
          'source not permitted to update death details when Death Notification Status is formal',
        ),
      );
      const notified = (code: string) =>
        add('/extension/-', {
          url: `${ukCore}DeathNotificationStatus`,
          extension: [
            {
              url: 'deathNotificationStatus',
              valueCodeableConcept: {
                coding: [
                  {
                    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
                    version: '1.0.0',
                    code,
                  },
                ],
              },
            },
          ],
        });
      const died = add('/deceasedDateTime', '2020-01-02T00:00:00+00:00');
      assert.equal(
        because(await patch(adrian, [died, notified('2')])),
        forbidden('source not permitted to set a formal death notification status'),
      );
      const told = await patch(adrian, [died, notified('1')]);
      assert.equal(told.status, 200, told.text);
      assert.equal(told.json.deceasedDateTime, '2020-01-02T00:00:00+00:00');
      assert.match(JSON.stringify(told.json.extension), /"systemEffectiveDate"/);
    });

    it('lets nobody here end a registration with a practice', async () => {
      assert.equal(
        because(
          await patch(conrad, [
            test('/generalPractitioner/0/id', 'jvhvT'),
            remove('/generalPractitioner/0'),
          ]),
        ),
        forbidden('Update Rejected - source not permitted to remove a GP Registration'),
      );
    });

    it('carries out what is allowed: additions, replacements and removals', async () => {
      const answer = await patch(adrian, [
        oldId,
        remove('/name/1'),
        add('/name/-', { use: 'nickname', family: 'Sanderson', given: ['Ady'] }),
        temp({ period: { start: isoDay(0), end: isoDay(30) } }),
        add('/telecom/-', { system: 'email', use: 'home', value: 'adrian@example.com' }),
        add('/extension/-', pharmacy('FA123')),
        add('/multipleBirthInteger', 2),
      ]);
      assert.equal(answer.status, 200, answer.text);
      const { name, address, telecom, extension, multipleBirthInteger } = answer.json;
      assert.deepEqual(
        name.map(({ use }: { use: string }) => use),
        ['usual', 'nickname'],
      );
      assert.deepEqual(address[1].line, ['1 Sea Road', 'BRIGHTON']);
      for (const item of [name[1], address[1], telecom[0]]) assert.match(item.id, /^[0-9A-F]{8}$/);
      assert.equal(name[1].period.start, isoDay(0));
      assert.equal(extension[0].valueReference.identifier.value, 'FA123');
      assert.equal(multipleBirthInteger, 2);
    });
  });

  describe('as the patient', () => {
    const asJane = { 'x-gatehouse-act-as': `patient:${jane}` };
    const denied = invalid(
      'This user does not have permission to update the fields in the patches provided.',
    );

    it('changes what a patient may, as a whole', async () => {
      const answer = await patch(
        jane,
        [
          {
            op: 'add',
            path: '/telecom/-',
            value: { system: 'phone', use: 'mobile', value: '07700900123' },
          },
          { op: 'test', path: '/extension/0/url', value: `${ukCore}NominatedPharmacy` },
          {
            op: 'replace',
            path: '/extension/0',
            value: {
              url: `${ukCore}NominatedPharmacy`,
              valueReference: { identifier: { value: 'FA999' } },
            },
          },
        ],
        asJane,
      );
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('etag'), 'W/"3"');
    });

    it('leaves the rest to others', async () => {
      for (const patches of [
        rename('Jones'),
        [{ op: 'replace', path: '/gender', value: 'male' }],
        [{ op: 'replace', path: '/birthDate', value: '2009-01-01' }],
        [{ op: 'add', path: '/telecom/-', value: { system: 'phone', use: 'home', value: '0123' } }],
        [
          { op: 'test', path: '/extension/0/url', value: `${ukCore}NominatedPharmacy` },
          {
            op: 'replace',
            path: '/extension/0/valueReference/identifier/value',
            value: 'FA999',
          },
        ],
      ])
        assert.equal(because(await patch(jane, patches, asJane)), denied, JSON.stringify(patches));
    });

    it('reaches no other record', async () => {
      const answer = await patch(adrian, rename('X'), asJane);
      assert.equal(refusal(answer).status, 403);
      assert.equal(refusal(answer).code, 'ACCESS_DENIED');
      const old = { 'x-gatehouse-act-as': 'patient:9732019735' };
      assert.equal((await patch('9732019638', rename('X'), old)).status, 403);
    });
  });

  it('is found under the new name at once, and under the former one with history', async () => {
    const born = 'birthdate=2010-10-22&given=Jane';
    assert.equal(await search(`family=Quillington&${born}`), 0);
    assert.equal((await patch(jane, rename('Quillington'))).status, 200);
    assert.equal(await search(`family=Quillington&${born}`), 1);
    assert.equal(await search(`family=Smith&${born}`), 0);
    assert.equal(await search(`family=Smith&${born}&_history=true`), 1);
    const fuzzy = await platform.call(`/Patient?family=Smith&${born}&_fuzzy-match=true`, {
      headers: { 'x-gatehouse-workspace': workspace },
    });
    const ids = fuzzy.json.entry.map(({ resource }: { resource: { id: string } }) => resource.id);
    assert.ok(ids.includes(jane));
  });

  it('keeps former addresses, numbers and genders for a search with history', async () => {
    const person = 'family=Sanderson&birthdate=1936-06-21';
    const add = (path: string, value: unknown) => ({ op: 'add', path, value });
    const changed = await patch(adrian, [
      { op: 'test', path: '/address/0/id', value: 'E6F42AC4' },
      { op: 'remove', path: '/address/0' },
      add('/address/-', {
        use: 'home',
        line: ['1 New Road', '', '', 'LEEDS'],
        postalCode: 'LS9 9ZZ',
      }),
      add('/telecom/-', { system: 'phone', use: 'home', value: '07700900177' }),
      { op: 'replace', path: '/gender', value: 'female' },
    ]);
    assert.equal(changed.status, 200, changed.text);
    const { id } = changed.json.telecom[0];
    const removed = await patch(adrian, [
      { op: 'test', path: '/telecom/0/id', value: id },
      { op: 'remove', path: '/telecom/0' },
    ]);
    assert.equal(removed.status, 200, removed.text);
    assert.ok(!('telecom' in removed.json), 'no empty list');
    assert.equal(await search(`${person}&address-postalcode=LS9%209ZZ&gender=female`), 1);
    for (const former of ['address-postalcode=ZY5T2PX', 'phone=07700900177', 'gender=male']) {
      assert.equal(await search(`${person}&${former}`), 0, former);
      assert.equal(await search(`${person}&${former}&_history=true`), 1, former);
    }
  });

  it('matches no former birth date, not even with history', async () => {
    assert.equal(
      (await patch(adrian, [{ op: 'replace', path: '/birthDate', value: '1936-06-22' }])).status,
      200,
    );
    assert.equal(await search('family=Sanderson&birthdate=1936-06-22'), 1);
    for (const rest of ['', '&_history=true', '&given=Adrian&_fuzzy-match=true'])
      assert.equal(await search(`family=Sanderson&birthdate=1936-06-21${rest}`), 0);
  });
});

describe('updates', () => {
  it('are there after a restart, with their versions, history and repeats', async function () {
    this.timeout(30_000);
    const first = await startTestPlatform();
    const headers = { 'if-match': 'W/"2"', 'x-request-id': crypto.randomUUID() };
    const update = { method: 'PATCH', headers, body: { patches: rename('Quillington') } };
    const answer = await first.call(`/Patient/${jane}`, update);
    assert.equal(answer.status, 200, answer.text);
    await first.stop();
    const second = await startTestPlatform({ dataDir: first.dataDir });
    try {
      const read = await second.call(`/Patient/${jane}`);
      assert.equal(read.text, answer.text);
      assert.equal(read.headers.get('etag'), 'W/"3"');
      const former = '/Patient?family=Smith&given=Jane&birthdate=2010-10-22';
      assert.equal((await second.call(former)).json.total, 0);
      assert.equal((await second.call(`${former}&_history=true`)).json.total, 1);
      const repeat = await second.call(`/Patient/${jane}`, update);
      assert.equal(repeat.status, 200);
      assert.equal(repeat.text, answer.text);
    } finally {
      await second.end();
    }
  });
});
