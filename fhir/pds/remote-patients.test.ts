import assert from 'node:assert/strict';
import type { Patient } from 'fhir/r4.js';
import type { Caller } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { PdsRow } from './errors.ts';
import { toOutcome } from './outcomes.ts';
import * as errors from './errors.ts';
import type { Asking } from './patients.ts';
import { nhsNumberIdentifier, security, type Confidentiality } from './record.ts';
import { remotePatients, type RemoteRequest } from './remote-patients.ts';
import type { RemoteAnswer } from './remote-patients-answers.ts';
import { readCriteria } from './trace/search-query.ts';

const jane = '9000000009';
const clock = { now: () => Date.UTC(2026, 10, 1), newId: () => 'id' };
const fhir = { 'content-type': 'application/fhir+json' };

const caller = (more: Partial<Caller> = {}): Caller => ({
  ...{ appId: 'app', appName: 'App', mode: 'worker', scopes: [], asid: '200000000115' },
  grants: new Set(),
  ...more,
});
const asking = (more: Partial<Asking> = {}): Asking => ({
  ...{ caller: caller(), workspace: '', requestId: 'a-request', facts: { people: [] } },
  ...more,
});

function answer(status: number, body: unknown, headers: object = fhir): RemoteAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { ...headers }, body: Buffer.from(text) };
}

function patient(label: Confidentiality = 'U', more: object = {}): Patient {
  return {
    resourceType: 'Patient',
    id: jane,
    identifier: [nhsNumberIdentifier(jane)],
    meta: { versionId: '2', security: [security(label)] },
    name: [{ id: '1', use: 'usual', family: 'Smith' }],
    birthDate: '2010-10-22',
    address: [{ id: '2', use: 'home', line: ['1 Hidden Road'] }],
    telecom: [{ id: '3', system: 'phone', value: '01632960587' }],
    ...more,
  };
}

/** The other side, which gives these answers one after the other and remembers what it was asked. */
function otherSide(...answers: readonly RemoteAnswer[]) {
  const left = [...answers];
  const seen: RemoteRequest[] = [];
  const patients = remotePatients({
    clock,
    call: (request) => {
      seen.push(request);
      const next = left.shift();
      return next ? Promise.resolve(next) : Promise.reject(new Error('not asked for'));
    },
  });
  return { patients, seen };
}

async function refusedBy(work: () => Promise<unknown>): Promise<Problem> {
  try {
    await work();
  } catch (error) {
    return Problem.from(error);
  }
  assert.fail('it is not refused');
}

const outcome = (row: Partial<PdsRow>) =>
  toOutcome({
    ...{ status: 400, severity: 'error', issue: 'value', code: 'ODD_CODE', display: 'Odd' },
    ...row,
  });

describe('patients on another PDS', () => {
  it('are asked for under the ids of the call, with no word of who asks', async () => {
    const { patients, seen } = otherSide(answer(200, patient()));
    const given = asking({ correlationId: 'visit-7', endUserOrganisation: 'Y12345' });
    const shown = await patients.retrieve(jane, given);
    assert.deepEqual(shown, {
      ...{ nhsNumber: jane, versionId: '2', text: JSON.stringify(patient()) },
    });
    assert.deepEqual(seen, [
      {
        method: 'GET',
        path: `/Patient/${jane}`,
        headers: {
          accept: 'application/fhir+json',
          'x-request-id': 'a-request',
          'x-correlation-id': 'visit-7',
          'nhsd-end-user-organisation-ods': 'Y12345',
        },
      },
    ]);
    assert.deepEqual(given.facts.people, [jane]);
  });

  it('are searched for with each criterion, and not with what is meant anyway', async () => {
    const nobody = answer(200, { resourceType: 'Bundle', type: 'searchset', total: 0, entry: [] });
    for (const [query, sent] of [
      ['family=Smith&birthdate=2010-10-22', 'family=Smith&birthdate=eq2010-10-22'],
      [
        'family=O%27Neil&given=John+Paul&given=James&gender=male&birthdate=ge2001-01-01&birthdate=le2002-02-02&death-date=le2019-02-28&address-postalcode=LS1+6AE&general-practitioner=A20047&managing-organization=X26&email=a%40b.example&phone=01632960587&_history=true&_max-results=7',
        'family=O%27Neil&given=John+Paul&given=James&gender=male&birthdate=ge2001-01-01&birthdate=le2002-02-02&death-date=le2019-02-28&address-postalcode=LS1+6AE&general-practitioner=A20047&managing-organization=X26&email=a%40b.example&phone=01632960587&_history=true&_max-results=7',
      ],
      [
        'family=Smith&given=Jane&birthdate=ge2010-10-22&_fuzzy-match=true&_exact-match=true',
        'family=Smith&given=Jane&birthdate=ge2010-10-22&_fuzzy-match=true&_exact-match=true',
      ],
    ] as const) {
      const { patients, seen } = otherSide(nobody);
      const criteria = readCriteria(new URLSearchParams(query));
      assert.deepEqual(await patients.search(criteria, asking(), false), { found: [] });
      assert.equal(seen[0]?.path, `/Patient?${sent}`);
    }
  });

  describe('who are protected', () => {
    const hidden = ['address', 'telecom'] as const;

    it('are shown as this caller may see them, whatever the gateway may', async () => {
      for (const [label, mode, missing] of [
        ['U', 'worker', []],
        ['R', 'worker', hidden],
        ['R', 'privileged', []],
        ['V', 'privileged', [...hidden, 'name', 'birthDate']],
        ['REDACTED', 'worker', [...hidden, 'name', 'birthDate']],
      ] as const) {
        const { patients } = otherSide(answer(200, patient(label)));
        const { text } = await patients.retrieve(jane, asking({ caller: caller({ mode }) }));
        const shown = JSON.parse(text) as Patient; // the port's own
        const members = ['name', 'birthDate', ...hidden] as const;
        assert.deepEqual(
          members.filter((member) => shown[member] === undefined).toSorted(),
          [...missing].toSorted(),
          `${label} ${mode}`,
        );
      }
    });

    it('are found without location by everyone', async () => {
      const entry = [{ search: { score: 0.9 }, resource: patient('R') }];
      const { patients } = otherSide(answer(200, { resourceType: 'Bundle', entry }));
      const given = asking({ caller: caller({ mode: 'privileged' }) });
      const criteria = readCriteria(new URLSearchParams('family=Smith&birthdate=2010-10-22'));
      const { found } = await patients.search(criteria, given, false);
      assert.equal(found[0]?.resource.address, undefined);
      assert.equal(found[0]?.match.score, 0.9);
      assert.deepEqual(given.facts.people, [jane]);
    });
  });

  it('are too many when more were found than this caller may see', async () => {
    const entry = [jane, '9000000017'].map((id) => ({
      ...{ search: { score: 1 }, resource: patient('U', { id }) },
    }));
    const { patients } = otherSide(answer(200, { resourceType: 'Bundle', entry }));
    const criteria = readCriteria(new URLSearchParams('family=Smith&birthdate=2010-10-22'), 1);
    const problem = await refusedBy(() => patients.search(criteria, asking(), false));
    assert.equal(problem.code, 'TOO_MANY_MATCHES');
  });

  describe('when the other side refuses', () => {
    const refused = (given: RemoteAnswer, on = asking()) =>
      refusedBy(() => otherSide(given).patients.retrieve(jane, on));

    it('hand its status, its code and its whole outcome on', async () => {
      for (const [status, kind] of [
        [400, 'invalid'],
        [403, 'forbidden'],
        [404, 'not-found'],
        [408, 'too-slow'],
        [409, 'conflict'],
        [412, 'precondition-failed'],
        [413, 'too-large'],
        [422, 'invalid'],
        [200, 'invalid'],
      ] as const) {
        const told = { ...outcome({ diagnostics: 'Why', severity: 'information' }), id: 'more' };
        const problem = await refused(answer(status, told));
        assert.deepEqual([problem.status, problem.kind, problem.code], [status, kind, 'ODD_CODE']);
        const { told: text, early, ...row } = problem.row as PdsRow; // the port throws rows
        assert.equal(text, JSON.stringify(told));
        assert.equal(early, undefined);
        assert.deepEqual(row, {
          ...{ status, severity: 'information', issue: 'value', code: 'ODD_CODE', display: 'Odd' },
          diagnostics: 'Why',
        });
      }
    });

    it('tell an outcome of the proxy over there from one of the service', async () => {
      const type = { 'content-type': 'application/json; charset=utf-8' };
      const problem = await refused(answer(404, outcome({}), type));
      assert.equal((problem.row as PdsRow).early, true); // the port throws rows
    });

    it('let no text in the place of a code into logs', async () => {
      const problem = await refused(answer(404, outcome({ code: 'Jane Smith, 9000000009' })));
      assert.deepEqual([problem.code, problem.message], ['REFUSED', 'REFUSED']);
    });

    it('name whom a creation found, for the audit', async () => {
      const single = errors.singleMatch('9000000017').row as PdsRow; // made of a row
      const given = asking();
      const { patients } = otherSide(answer(200, toOutcome(single)));
      const problem = await refusedBy(() => patients.create({}, '', given));
      assert.deepEqual([problem.status, problem.code], [200, 'SINGLE_MATCH']);
      assert.deepEqual(given.facts.people, ['9000000017']);
    });

    it('say that calls are too many, and not whose', async () => {
      const told = outcome({ code: 'TOO_MANY_REQUESTS', diagnostics: 'Your application, Ours, …' });
      for (const [after, wait] of [
        ['17', '17'],
        ['Wed, 21 Oct 2026 07:28:00 GMT', '1'],
      ] as const) {
        const problem = await refused(answer(429, told, { ...fhir, 'retry-after': after }));
        assert.equal(problem.status, 429);
        assert.equal(problem.headers?.['retry-after'], wait);
        assert.doesNotMatch((problem.row as PdsRow).diagnostics ?? '', /Ours/); // the port throws rows
      }
    });

    it('say that the service is not available where the other side says so', async () => {
      for (const status of [503, 504]) {
        const problem = await refused(answer(status, 'down', { 'content-type': 'text/plain' }));
        assert.deepEqual([problem.status, problem.code], [503, 'SERVICE_UNAVAILABLE']);
        assert.equal(problem.headers?.['retry-after'], '5');
      }
    });
  });

  describe('when the answer is of no use', () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
    const html = { 'content-type': 'text/html' };
    const noAsid = errors.noAsid().row as PdsRow; // made of a row
    const rows: Readonly<Record<string, RemoteAnswer>> = {
      'a redirect': answer(302, '', { location: 'https://elsewhere.example/' }),
      'an error of the server': answer(500, outcome({})),
      'a bad gateway': answer(502, '<html>', html),
      'a refusal of our token': answer(401, outcome({ code: 'ACCESS_DENIED' })),
      'a refusal of our certificate': answer(403, outcome({ code: 'ACCESS_DENIED_SSL' })),
      'a refusal of our ASID': answer(403, outcome({ code: 'ASID_CHECK_FAILED' })),
      'an app without ASID': answer(400, toOutcome(noAsid)),
      'a page': answer(200, '<html>', html),
      'a page that refuses': answer(403, '<html>', html),
      'no media type': answer(200, patient(), {}),
      'no JSON': answer(200, '{"resourceType":'),
      'JSON too deep': answer(200, deep),
      'a text': answer(200, '"Patient"'),
      'bytes that are no UTF-8': { status: 200, headers: fhir, body: Buffer.from([0x22, 0xff]) },
      'a member twice': answer(200, '{"id":"1","id":"2"}'),
      nothing: answer(200, ''),
      'no content': answer(204, ''),
      'a promise': answer(202, patient()),
      'a refusal without outcome': answer(404, patient()),
      'an outcome of nothing': answer(404, { resourceType: 'OperationOutcome', issue: [] }),
      'another resource': answer(200, { ...patient(), resourceType: 'Person' }),
      'a Patient without number': answer(200, patient('U', { id: 'one' })),
      'a Patient with a short number': answer(200, patient('U', { id: '900000000' })),
      'a Patient without version': answer(
        200,
        patient('U', { meta: { security: [security('U')] } }),
      ),
      'a Patient without label': answer(200, patient('U', { meta: { versionId: '2' } })),
      'a Patient with an odd label': answer(
        200,
        patient('U', { meta: { versionId: '2', security: [{ code: 1 }] } }),
      ),
    };
    for (const [what, given] of Object.entries(rows))
      it(`answer ${what} with the published 502, and say why in the log alone`, async () => {
        const problem = await refusedBy(() => otherSide(given).patients.retrieve(jane, asking()));
        assert.deepEqual([problem.status, problem.code], [502, 'UNKNOWN_ERROR']);
        assert.equal(problem.kind, 'upstream');
        assert.match(problem.message, /^The other PDS /);
        assert.doesNotMatch(problem.message, /\d{10}/);
        const { diagnostics } = problem.row as PdsRow; // the port throws rows
        assert.match(diagnostics ?? '', /\(Message ID: a-request\)$/);
      });

    const bundle = (entry: unknown, more: object = {}) =>
      answer(200, { resourceType: 'Bundle', ...more, entry });
    const criteria = readCriteria(new URLSearchParams('family=Smith&birthdate=2010-10-22'));
    const searched = (given: RemoteAnswer) => () =>
      otherSide(given).patients.search(criteria, asking(), false);
    const related = (given: RemoteAnswer) => () =>
      otherSide(given).patients.relatedPersons(jane, 'https://x', asking());
    const covered = (given: RemoteAnswer) => () =>
      otherSide(given).patients.coverage(jane, 'https://x', asking());
    const born = (given: RemoteAnswer) => () =>
      otherSide(given).patients.registerBirth({}, '', false, asking());
    const works: Readonly<Record<string, () => Promise<unknown>>> = {
      'a search with no Bundle': searched(answer(200, patient())),
      'a search with entries that are no list': searched(bundle({})),
      'a search with entries that are no objects': searched(bundle([1])),
      'a search that finds an odd Patient': searched(
        bundle([{ search: { score: 1 }, resource: patient('U', { id: '1' }) }]),
      ),
      'a search that finds somebody without a score': searched(bundle([{ resource: patient() }])),
      'a search with a score over 1': searched(
        bundle([{ search: { score: 7 }, resource: patient() }]),
      ),
      'related people who are none': related(bundle([{ resource: patient() }])),
      'a card without a version': covered(bundle([])),
      'a card that is none': covered(
        bundle([{ resource: patient() }], { meta: { versionId: '1' } }),
      ),
      'a birth without a notification id': born(answer(201, patient())),
    };
    for (const [what, work] of Object.entries(works))
      it(`answer ${what} with the published 502`, async () => {
        const problem = await refusedBy(work);
        assert.deepEqual([problem.status, problem.code], [502, 'UNKNOWN_ERROR']);
      });
  });

  describe('in patient access', () => {
    const own = asking({ caller: caller({ mode: 'patient', nhsNumber: jane }) });
    const update = (patches: unknown, versionId = '2') => ({
      ...{ nhsNumber: jane, versionId, body: { patches }, digest: '' },
    });
    const gender = [{ op: 'add', path: '/gender', value: 'female' }];
    const email = [
      {
        ...{ op: 'add', path: '/telecom/-' },
        value: {
          system: 'email',
          use: 'home',
          value: 'me@example.com',
          period: { start: '2020-01-01' },
        },
      },
    ];

    it('are not changed where patients may not, whatever the gateway may', async () => {
      const { patients, seen } = otherSide(answer(200, patient()));
      const problem = await refusedBy(() => patients.update(update(gender), own));
      assert.equal(problem.code, 'INVALID_UPDATE');
      assert.deepEqual(
        seen.map(({ method }) => method),
        ['GET'],
      );
    });

    it('are changed where patients may', async () => {
      const { patients, seen } = otherSide(answer(200, patient()), answer(200, patient()));
      await patients.update(update(email), own);
      const [, { method, headers, body } = assert.fail()] = seen;
      assert.equal(method, 'PATCH');
      assert.equal(headers['if-match'], 'W/"2"');
      assert.equal(headers['content-type'], 'application/json-patch+json');
      assert.equal(body, JSON.stringify({ patches: email }));
    });

    it('leave another version to the other side, which refuses or knows a repeat', async () => {
      const stale = errors.versionMismatch().row as PdsRow; // made of a row
      const { patients } = otherSide(answer(200, patient()), answer(409, toOutcome(stale)));
      const problem = await refusedBy(() => patients.update(update(gender, '1'), own));
      assert.equal(problem.code, 'RESOURCE_VERSION_MISMATCH');
    });

    it('have a card of their own and no other', async () => {
      const end = '2030-01-01';
      const number = (value: string) => ({ identifier: { value } });
      const body = {
        ...{ resourceType: 'Coverage', status: 'active', period: { end } },
        identifier: [
          {
            value: '1',
            assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'GBR' } },
          },
        ],
        ...{ payor: [number('1')], beneficiary: number('1') },
        subscriber: {
          identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000017' },
        },
      };
      const { patients, seen } = otherSide();
      const replace = () => patients.replaceCoverage({ versionId: '1', body, digest: '' }, '', own);
      assert.equal((await refusedBy(replace)).code, 'ACCESS_DENIED');
      assert.deepEqual(seen, []);
    });
  });

  it('hold no address of the other side in what is told of them', async () => {
    const theirs = 'http://10.0.0.1/pds';
    const person = { resourceType: 'RelatedPerson', id: 'A1', patient: {} };
    const entry = [
      { fullUrl: `${theirs}/Patient/${jane}/RelatedPerson/A1`, resource: person },
      { fullUrl: `${theirs}/odd`, resource: person },
    ];
    const { patients } = otherSide(answer(200, { resourceType: 'Bundle', entry, link: [{}] }));
    const bundle = await patients.relatedPersons(jane, 'https://ours', asking());
    assert.deepEqual(
      bundle.entry?.map(({ fullUrl }) => fullUrl),
      [`https://ours/Patient/${jane}/RelatedPerson/A1`, undefined],
    );
    assert.doesNotMatch(JSON.stringify(bundle), /10\.0\.0\.1/);
    assert.equal(bundle.total, 2);
  });
});
