import assert from 'node:assert/strict';
import { callerWith, base, smartGround, type Answer, type Asked } from '../../test/smart-ground.ts';
import type { Caller } from '../../core/exchange.ts';
import { smartRoutes, type SmartApiOptions } from './api.ts';
import { scopeFor } from './access.ts';
import { smartOperations, type SmartOperation } from './operations.ts';

const jane = '9000000009';
const janet = '9000000017';
const nobody = '9111231130';
const worker = callerWith('worker', 'user/*.cruds');
const app = callerWith('app', 'system/*.rs');
const own = (scopes: string) => callerWith('patient', scopes, jane);

const json = { 'content-type': 'application/fhir+json' };
const patchHeaders = { 'content-type': 'application/json-patch+json', 'if-match': 'W/"2"' };
const toMale = [{ op: 'replace', path: '/gender', value: 'male' }];
/** What a patient may change too. */
const newMobile = [
  {
    op: 'add',
    path: '/telecom/-',
    value: { system: 'phone', use: 'mobile', value: '07700900123' },
  },
];
const newcomer = (family = 'Quill') => ({
  resourceType: 'Patient',
  name: [{ use: 'usual', family, given: ['Odette'], period: { start: '1979-05-06' } }],
  gender: 'female',
  birthDate: '1979-05-06',
  address: [
    {
      use: 'home',
      period: { start: '2019-03-04' },
      line: ['', '7 Mere Bank', '', 'AMBLESIDE', ''],
      postalCode: 'QQ9 9ZZ',
    },
  ],
  extension: [
    {
      url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RegisteringAuthority',
      extension: [
        {
          url: 'registeringAuthorityType',
          valueCodeableConcept: {
            coding: [
              {
                system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
                code: 'x',
              },
            ],
          },
        },
        { url: 'organisationIdentifier', valueString: 'RGS' },
      ],
    },
  ],
});
const card = (nhsNumber = jane) => ({
  resourceType: 'Coverage',
  status: 'active',
  subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
  identifier: [
    {
      value: '80123 45678',
      assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'ISL' } },
    },
  ],
  payor: [{ identifier: { value: 'IS-7' } }],
  beneficiary: { identifier: { value: '0101' } },
  period: { end: '2029-02-28' },
});

/** A call of each operation that succeeds when it is allowed. */
const calls: Record<string, [target: string, asked?: Asked]> = {
  'GET /Patient/:id': [`/Patient/${jane}`],
  'GET /Patient': [`/Patient?_id=${jane}`],
  'PATCH /Patient/:id': [
    `/Patient/${jane}`,
    { method: 'PATCH', headers: patchHeaders, body: newMobile },
  ],
  'POST /Patient': ['/Patient', { method: 'POST', headers: json, body: newcomer() }],
  'GET /RelatedPerson': [`/RelatedPerson?patient=${jane}`],
  'GET /Patient/:id/RelatedPerson': [`/Patient/${jane}/RelatedPerson`],
  'GET /Coverage': [`/Coverage?patient=${jane}`],
  'POST /Coverage': [
    '/Coverage',
    { method: 'POST', headers: { ...json, 'if-match': 'W/"2"' }, body: card() },
  ],
};

describe('the SMART base and its operations', () => {
  const { ask } = smartGround();
  const issueOf = (answer: Answer): { code: string; diagnostics: string } => {
    assert.equal(answer.json.resourceType, 'OperationOutcome', answer.text);
    assert.equal(answer.json.issue.length, 1);
    assert.equal(answer.headers['content-type'], 'application/fhir+json');
    return answer.json.issue[0];
  };
  const refused = (answer: Answer, status: number, code: string, says?: RegExp) => {
    const issue = issueOf(answer);
    assert.deepEqual([answer.status, issue.code], [status, code], answer.text);
    if (says) assert.match(issue.diagnostics, says);
  };
  const send = (caller: Caller | undefined, route: string) => {
    const [target, asked] = calls[route] ?? assert.fail(route);
    return ask(caller, target, asked);
  };

  it('has the routes of its table, and metadata', () => {
    const unused = {} as SmartApiOptions; // never read: no route is called here
    assert.deepEqual(Object.keys(smartRoutes(unused)).toSorted(), [
      ...['GET /metadata', ...smartOperations.map(({ route }) => route)].toSorted(),
    ]);
  });

  describe('who may do what', () => {
    const modes: Record<string, (scopes: string) => Caller> = {
      patient: (scopes) => own(scopes),
      worker: (scopes) => callerWith('worker', scopes),
      'worker with a patient': (scopes) => callerWith('worker', scopes, jane),
      app: (scopes) => callerWith('app', scopes),
      privileged: (scopes) => callerWith('privileged', scopes),
    };
    const levelsFor: Record<string, readonly string[]> = {
      patient: ['patient'],
      worker: ['user'],
      'worker with a patient': ['user', 'patient'],
      app: ['system'],
      privileged: ['system'],
    };
    const operations: readonly SmartOperation[] = smartOperations;
    for (const { route, type, action, levels } of operations)
      for (const [mode, callerOf] of Object.entries(modes))
        for (const level of ['patient', 'user', 'system'] as const) {
          const inMode = levelsFor[mode]?.includes(level) && levels.includes(level);
          // The card needs an agreement besides, which no worker has here.
          const agreed = type !== 'Coverage' || mode === 'patient';
          const scope = `${level}/${type}.${action}`;
          it(`${inMode && agreed ? 'lets' : 'refuses'} ${route} by ${mode} with ${scope}`, async () => {
            const answer = await send(callerOf(scope), route);
            if (inMode && agreed) assert.ok(answer.status < 300, answer.text);
            else refused(answer, 403, 'forbidden');
          });
        }

    for (const operation of operations) {
      const others = ['c', 'r', 'u', 'd', 's'].filter((letter) => letter !== operation.action);
      it(`refuses ${operation.route} without its letter, and names the scope`, async () => {
        const { type, levels, route } = operation;
        const scopes = levels.map((level) => `${level}/${type}.${others.join('')}`).join(' ');
        const wrongType = levels.map((level) => `${level}/Observation.cruds`).join(' ');
        const mode = levels.some((level) => level === 'user') ? 'worker' : 'patient';
        for (const without of [
          scopes,
          wrongType,
          'openid',
          'user/Patient.read,user/Patient.write',
        ]) {
          const answer = await send(callerWith(mode, without, jane), route);
          refused(answer, 403, 'forbidden', /needs the scope/);
          assert.equal(
            answer.headers['www-authenticate'],
            `Bearer error="insufficient_scope", scope="${scopeFor(operation, mode)}"`,
          );
        }
      });
    }

    it('takes v1 spellings and wildcards for what they mean', async () => {
      for (const scope of ['patient/Patient.read', 'patient/*.*', 'patient/*.rs'])
        assert.equal((await send(own(scope), 'GET /Patient/:id')).status, 200);
      refused(await send(own('patient/Patient.write'), 'GET /Patient/:id'), 403, 'forbidden');
    });

    it('asks for a token, and for one of this face', async () => {
      const none = await send(undefined, 'GET /Patient/:id');
      refused(none, 401, 'login');
      assert.equal(none.headers['www-authenticate'], 'Bearer');
      const { appId, appName, mode, scopes, grants } = worker;
      const foreign = await send({ appId, appName, mode, scopes, grants }, 'GET /Patient/:id');
      refused(foreign, 401, 'login');
      assert.equal(foreign.headers['www-authenticate'], 'Bearer error="invalid_token"');
    });

    it('refuses a patient-level scope without a patient in context', async () => {
      for (const caller of [
        callerWith('worker', 'patient/*.cruds'),
        callerWith('patient', 'patient/*.cruds'),
      ])
        for (const route of ['GET /Patient/:id', 'GET /Patient', 'GET /RelatedPerson'])
          refused(await send(caller, route), 403, 'forbidden', /no patient in context/);
    });
  });

  describe('reading', () => {
    it('gives the record and its version', async () => {
      const answer = await ask(worker, `/Patient/${jane}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(
        [answer.headers.etag, answer.headers['cache-control'], answer.json.id],
        ['W/"2"', 'no-store', jane],
      );
      assert.deepEqual(answer.facts.people, [jane]);
      assert.equal(answer.facts.route, 'GET /Patient/:id');
    });

    it('has no patient under a number that is unknown, invalid or withdrawn', async () => {
      for (const id of [nobody, '9000000000', 'abc', '', '%00', '%zz', '$everything', '9990003343'])
        assert.equal((await ask(worker, `/Patient/${id}`)).status, 404, id);
    });

    it('passes over no parameter', async () => {
      for (const query of ['_elements=id', '_include=Patient:link', '_summary=true', 'x', 'a.b=c'])
        refused(await ask(worker, `/Patient/${jane}?${query}`), 400, 'invalid');
      assert.equal((await ask(worker, `/Patient/${jane}?_format=json&_pretty=true`)).status, 200);
    });

    it('answers in JSON or not at all', async () => {
      for (const accept of ['application/fhir+xml', 'text/html', 'image/*'])
        refused(
          await ask(worker, `/Patient/${jane}`, { headers: { accept } }),
          406,
          'not-supported',
        );
      refused(await ask(worker, `/Patient/${jane}?_format=xml`), 406, 'not-supported');
      for (const accept of [
        '*/*',
        'application/fhir+json;fhirVersion=4.0',
        'text/html, application/json',
        '',
      ])
        assert.equal((await ask(worker, `/Patient/${jane}`, { headers: { accept } })).status, 200);
      assert.equal(
        (await ask(worker, `/Patient/${jane}?_format=application/fhir+json`)).status,
        200,
      );
    });

    it('shows a record under a filter only if it matches', async () => {
      const women = callerWith('worker', 'user/Patient.rs?gender=female');
      const men = callerWith('worker', 'user/Patient.rs?gender=male,other');
      assert.equal((await ask(women, `/Patient/${jane}`)).status, 200);
      assert.equal((await ask(men, `/Patient/${jane}`)).status, 404);
      assert.equal((await ask(women, `/Patient?_id=${jane}`)).json.total, 1);
      assert.equal((await ask(men, `/Patient?_id=${jane}`)).json.total, 0);
      const query = '/Patient?family=Smith&gender=female&birthdate=2010-10-22';
      assert.equal((await ask(women, query)).json.total, 1);
      assert.equal((await ask(men, query)).json.total, 0);
      const both = callerWith(
        'worker',
        'user/Patient.r?gender=male user/Patient.r?gender=http://hl7.org/fhir/administrative-gender|female',
      );
      assert.equal((await ask(both, `/Patient/${jane}`)).status, 200);
      const unknown = callerWith('worker', 'user/Patient.r?name=x');
      assert.equal((await ask(unknown, `/Patient/${jane}`)).status, 404);
    });
  });

  describe('searching', () => {
    it('finds by criteria, with links and reasons', async () => {
      const answer = await ask(
        worker,
        '/Patient?family=Smith&gender=female&birthdate=eq2010-10-22',
      );
      assert.equal(answer.status, 200);
      const [entry] = answer.json.entry;
      assert.deepEqual(
        [answer.json.type, answer.json.total, entry.fullUrl, entry.search.mode],
        ['searchset', 1, `${base}/Patient/${jane}`, 'match'],
      );
      assert.deepEqual(answer.json.link, [
        {
          relation: 'self',
          url: `${base}/Patient?family=Smith&gender=female&birthdate=eq2010-10-22`,
        },
      ]);
    });

    it('finds by number, alone or with its system', async () => {
      const system = 'https://fhir.nhs.uk/Id/nhs-number';
      for (const query of [
        `_id=${jane}`,
        `identifier=${jane}`,
        `identifier=${system}|${jane}`,
        `_id=${jane}&identifier=${encodeURIComponent(`${system}|${jane}`)}`,
        `_id=${jane}&_format=application/fhir+json`,
      ]) {
        const answer = await ask(worker, `/Patient?${query}`);
        assert.equal(answer.json.total, 1, query);
        assert.equal(answer.json.entry[0].resource.id, jane);
      }
    });

    it('finds nobody under a number that is nobody’s', async () => {
      for (const query of [
        `_id=${nobody}`,
        '_id=abc',
        '_id=9990003343',
        `identifier=|${jane}`,
        `identifier=urn:x|${jane}`,
        `_id=${jane}&identifier=${janet}`,
      ]) {
        const answer = await ask(worker, `/Patient?${query}`);
        assert.deepEqual(
          [answer.status, answer.json.total, 'entry' in answer.json],
          [200, 0, false],
        );
      }
    });

    it('refuses what it would have to pass over', async () => {
      for (const query of [
        `_id=${jane}&_include=Patient:general-practitioner`,
        `_id=${jane}&_revinclude=Coverage:beneficiary`,
        'family:exact=Smith&birthdate=2010-10-22',
        'general-practitioner.name=x&birthdate=2010-10-22&family=Smith',
        '_has:Coverage:beneficiary:status=active',
        'family=Smith&birthdate=2010-10-22&_sort=family',
        `_id=${jane}&family=Smith`,
        `_id=${jane},${janet}`,
        '',
        'family=Smith',
        'constructor=x',
      ])
        assert.equal((await ask(worker, `/Patient?${query}`)).status, 400, query);
      const said = issueOf(await ask(worker, '/Patient?<script>=1')).diagnostics;
      assert.equal(said, "The parameter '?script?' is not supported here");
    });

    it('takes all the parameters it describes', async () => {
      const all =
        'family=Smith&given=Jane&gender=female&birthdate=2010-10-22&death-date=2010-10-22&' +
        'address-postalcode=LS1&general-practitioner=Y12345&managing-organization=Y12345&email=a@b.example&' +
        'phone=01632960587&_fuzzy-match=false&_exact-match=false&_history=true&history=true&_max-results=1';
      assert.equal((await ask(worker, `/Patient?${all}`)).status, 200);
    });

    it('gives an application on its own one person', async () => {
      const query = 'family=Smith&gender=female&birthdate=2010-10-22';
      assert.equal((await ask(app, `/Patient?${query}`)).json.total, 1);
      refused(await ask(app, `/Patient?${query}&_max-results=2`), 403, 'forbidden');
    });

    it('is refused when too many match', async () => {
      const answer = await ask(
        worker,
        '/Patient?family=Karate*&birthdate=ge1900-01-01&_max-results=1',
      );
      refused(answer, 422, 'multiple-matches');
    });
  });

  describe('writing', () => {
    const patch = (body: unknown, headers: Record<string, string>, caller = worker, id = jane) =>
      ask(caller, `/Patient/${id}`, {
        method: 'PATCH',
        headers: { ...patchHeaders, ...headers },
        body,
      });

    it('takes JSON Patch as R4 has it, and as PDS has it', async () => {
      const answer = await patch(toMale, {});
      assert.deepEqual(
        [answer.status, answer.headers.etag, answer.json.gender],
        [200, 'W/"3"', 'male'],
      );
      const again = await patch({ patches: newMobile }, { 'if-match': '"3"' });
      assert.deepEqual([again.status, again.headers.etag], [200, 'W/"4"'], again.text);
    });

    it('applies a repeat with the same id once', async () => {
      const id = { 'x-request-id': crypto.randomUUID() };
      const [first, second] = [await patch(toMale, id), await patch(toMale, id)];
      assert.deepEqual([first.status, second.status, second.headers.etag], [200, 200, 'W/"3"']);
    });

    it('wants the version that is current', async () => {
      refused(await patch(toMale, { 'if-match': 'W/"1"' }), 412, 'conflict');
      for (const sent of ['', '*', 'W/"x"', 'W/"1", W/"2"'])
        refused(await patch(toMale, { 'if-match': sent }), 400, 'invalid', /If-Match/);
    });

    it('wants a body it can read', async () => {
      refused(
        await patch(toMale, { 'content-type': 'application/fhir+json' }),
        415,
        'not-supported',
      );
      refused(await patch('{', {}), 400, 'invalid');
      refused(await patch('[]', {}), 400, 'structure');
      refused(await patch('{"__proto__":1}', {}), 400, 'invalid');
    });

    it('has nobody to change under a number that is nobody’s', async () => {
      refused(await patch(toMale, {}, worker, nobody), 404, 'not-found');
      refused(await patch(toMale, {}, worker, 'abc'), 404, 'not-found');
    });

    it('lets a patient change what a patient may', async () => {
      const mine = own('patient/Patient.u');
      assert.equal((await send(mine, 'PATCH /Patient/:id')).status, 200);
      refused(await patch(toMale, { 'if-match': 'W/"3"' }, mine), 400, 'structure', /permission/);
    });

    it('creates a patient and tells where', async () => {
      const answer = await send(worker, 'POST /Patient');
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.headers.location, `${base}/Patient/${answer.json.id}`);
      assert.equal(answer.headers.etag, 'W/"1"');
      const again = await send(worker, 'POST /Patient');
      refused(again, 409, 'duplicate', new RegExp(answer.json.id));
      const other = await ask(worker, '/Patient', {
        method: 'POST',
        headers: json,
        body: { resourceType: 'Patient' },
      });
      assert.equal(other.status, 400);
    });
  });

  describe('people to contact and the card', () => {
    it('are found by a reference to the patient', async () => {
      for (const value of [jane, `Patient/${jane}`, `${base}/Patient/${jane}`]) {
        const answer = await ask(worker, `/RelatedPerson?patient=${value}`);
        assert.equal(answer.json.total, 2, value);
        assert.equal(answer.json.entry[0].search.mode, 'match');
        assert.equal(answer.json.link[0].relation, 'self');
      }
      assert.equal((await ask(worker, `/Patient/${jane}/RelatedPerson`)).json.total, 2);
    });

    it('are none of somebody who is not there', async () => {
      for (const id of [nobody, 'abc', 'Practitioner/1']) {
        const answer = await ask(worker, `/RelatedPerson?patient=${id}`);
        assert.deepEqual([answer.status, answer.json.total], [200, 0], id);
      }
      refused(await ask(worker, `/Patient/${nobody}/RelatedPerson`), 404, 'not-found');
    });

    it('are asked for by one patient', async () => {
      for (const query of [
        '',
        'patient=',
        `patient=${jane}&patient=${janet}`,
        `patient:Patient=${jane}`,
        `patient.identifier=${jane}`,
        `patient=${jane}&_include=RelatedPerson:patient`,
      ])
        refused(await ask(worker, `/RelatedPerson?${query}`), 400, 'invalid');
    });

    it('give the card to its patient, with its version', async () => {
      const mine = own('patient/Coverage.cs');
      for (const query of [
        `patient=${jane}`,
        `subscriber:identifier=${jane}`,
        `subscriber:identifier=https://fhir.nhs.uk/Id/nhs-number|${jane}`,
      ]) {
        const answer = await ask(mine, `/Coverage?${query}`);
        assert.deepEqual(
          [answer.status, answer.headers.etag, answer.json.total],
          [200, 'W/"2"', 1],
          query,
        );
      }
      const replaced = await send(mine, 'POST /Coverage');
      assert.deepEqual([replaced.status, replaced.headers.etag], [201, 'W/"3"']);
      refused(await send(mine, 'POST /Coverage'), 412, 'conflict');
      refused(
        await ask(mine, `/Coverage?patient=${jane}&subscriber:identifier=${jane}`),
        400,
        'invalid',
      );
    });

    it('give the card to a worker by agreement only, and of the patient in context', async () => {
      const agreed = {
        ...callerWith('worker', 'patient/Coverage.cs', jane),
        grants: new Set(['coverage']),
      };
      assert.equal((await send(agreed, 'GET /Coverage')).status, 200);
      refused(await ask(agreed, `/Coverage?patient=${janet}`), 403, 'forbidden');
      const asked = { method: 'POST', headers: { ...json, 'if-match': 'W/"1"' } };
      const other = await ask(agreed, '/Coverage', { ...asked, body: card(janet) });
      refused(other, 403, 'forbidden');
      assert.deepEqual(other.facts.people, [janet]);
      refused(await ask(agreed, '/Coverage', { ...asked, body: card('') }), 400, 'value');
      refused(await send({ ...agreed, grants: new Set() }, 'GET /Coverage'), 403, 'forbidden');
    });
  });

  describe('beside its operations', () => {
    it('has nothing', async () => {
      for (const [method, path] of [
        ['GET', ''],
        ['POST', ''],
        ['POST', '/'],
        ['GET', '/Observation'],
        ['GET', '/Patient/x/_history'],
        ['GET', `/Patient/${jane}/$everything`],
        ['POST', '/Patient/_search/x'],
        ['GET', '/$export'],
        ['GET', '/.well-known/smart-configuration'],
        ['GET', '/constructor'],
        ['GET', '/Patient//'],
      ] as const)
        refused(await ask(worker, path, { method }), 404, 'not-found');
    });

    it('allows the methods it names', async () => {
      for (const [method, path, allow] of [
        ['PUT', `/Patient/${jane}`, 'GET, PATCH'],
        ['DELETE', `/Patient/${jane}`, 'GET, PATCH'],
        ['POST', '/Patient/$process-birth-details', 'GET, PATCH'],
        ['PUT', '/Coverage', 'GET, POST'],
        ['POST', '/RelatedPerson', 'GET'],
        ['POST', '/metadata', 'GET'],
      ] as const) {
        const answer = await ask(worker, path, { method });
        refused(answer, 405, 'not-supported');
        assert.equal(answer.headers.allow, allow);
      }
    });

    it('answers HEAD as GET', async () => {
      assert.equal((await ask(worker, `/Patient/${jane}`, { method: 'HEAD' })).status, 200);
    });
  });
});
