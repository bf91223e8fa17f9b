import assert from 'node:assert/strict';
import fc from 'fast-check';
import { base, callerWith, smartGround, type Asked } from '../../test/smart-ground.ts';

const jane = '9000000009';
const other = '9000000017';

const signedIn = callerWith('patient', 'patient/*.cruds', jane);
const withWorker = callerWith('worker', 'patient/*.cruds', jane);
const callers = {
  'a patient signed in': signedIn,
  'a worker with a patient in context': withWorker,
};

const patched: Asked = {
  method: 'PATCH',
  headers: { 'content-type': 'application/json-patch+json', 'if-match': 'W/"1"' },
  body: [{ op: 'replace', path: '/gender', value: 'male' }],
};

/** Ways to somebody else's record that must be refused as forbidden. */
const forbidden: readonly string[] = [
  `/Patient/${other}`,
  `/Patient/%39${other.slice(1)}`,
  `/Patient/${other};x=1`,
  `/Patient/${other}.`,
  `/Patient/${other}%00`,
  `/Patient/${other}%20`,
  `/Patient/%2539${other.slice(1)}`,
  `/Patient/${jane}%2F..%2F${other}`,
  `/Patient/${jane}%2f%2e%2e%2f${other}`,
  `/Patient/..%2fPatient%2f${other}`,
  `/Patient/${jane};`,
  `/Patient/${jane},${other}`,
  `/Patient/${jane.replace('9', '٩')}`,
  `/Patient/${other}/RelatedPerson`,
  `/Patient/%39${other.slice(1)}/RelatedPerson`,
  `/Patient?_id=${other}`,
  `/Patient?identifier=${other}`,
  `/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${other}`,
  `/Patient?_id=${jane}&_id=${other}`,
  `/Patient?_id=${jane}&identifier=${other}`,
  '/Patient?_id=',
  '/Patient?family=Smith&birthdate=2010-10-22&gender=female',
  '/Patient?family=Smith&birthdate=2010-10-22&_max-results=1',
  '/Patient',
  `/RelatedPerson?patient=${other}`,
  `/RelatedPerson?patient=Patient/${other}`,
  `/RelatedPerson?patient=${base}/Patient/${other}`,
  `/RelatedPerson?patient=Patient/Patient/${jane}`,
];

/** Ways that lead nowhere for anyone. */
const broken: readonly string[] = [
  `/Patient/../Patient/${other}`,
  `/Patient/${jane}/../${other}`,
  `/Patient/./${other}`,
  `//Patient/${other}`,
  `/patient/${other}`,
  `/Patient/${other}/`,
  `/Patient/${other}/_history`,
  `/Patient/${other}/_history/1`,
  `/Patient/${other}/$everything`,
  `/Patient/${jane}/$everything`,
  '/Patient/$everything/x',
  `/Patient?_id=${jane}&_include=Patient:link`,
  `/Patient?_id=${jane}&_include=*`,
  `/Patient?_id=${jane}&_revinclude=RelatedPerson:patient`,
  `/Patient?_id=${jane}&_revinclude:iterate=RelatedPerson:patient`,
  `/Patient?_id:not=${jane}`,
  `/Patient?identifier:not=${jane}`,
  '/Patient?_has:RelatedPerson:patient:name=x',
  '/Patient?general-practitioner.name=x',
  '/Patient?link:Patient._id=x',
  `/Patient?_id=${jane},${other}`,
  `/Patient?_id=${jane}&family=Smith`,
  `/RelatedPerson?patient=${jane}&patient=${other}`,
  `/RelatedPerson?patient:Patient=${other}`,
  `/RelatedPerson?patient.identifier=${other}`,
  '/RelatedPerson',
  '/RelatedPerson?name=x',
  `/RelatedPerson?patient=${jane}&_include=RelatedPerson:patient`,
  `/RelatedPerson/507B7621`,
];

describe('a token for one patient', () => {
  const { ask } = smartGround();

  for (const [who, caller] of Object.entries(callers))
    describe(`of ${who}`, () => {
      it('reaches that patient every way there is', async () => {
        const totals: [string, number][] = [
          [`/Patient?_id=${jane}`, 1],
          [`/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${jane}`, 1],
          [`/RelatedPerson?patient=${jane}`, 2],
          [`/Patient/${jane}/RelatedPerson`, 2],
        ];
        for (const [target, total] of totals)
          assert.equal((await ask(caller, target)).json.total, total, target);
        for (const id of [jane, `%39${jane.slice(1)}`]) {
          const answer = await ask(caller, `/Patient/${id}`);
          assert.deepEqual([answer.status, answer.json.id], [200, jane]);
        }
      });

      for (const target of forbidden)
        it(`is refused ${target}`, async () => {
          const { status, json, text, facts } = await ask(caller, target);
          assert.deepEqual([status, json.issue[0].code], [403, 'forbidden'], text);
          assert.ok(!text.includes(other));
          assert.ok(facts.people.every((person) => [jane, other].includes(person)));
        });

      for (const target of broken)
        it(`finds nothing at ${target}`, async () => {
          const { status, json, text } = await ask(caller, target);
          assert.ok(status === 400 || status === 403 || status === 404, `${status}`);
          assert.equal(json.resourceType, 'OperationOutcome');
          assert.ok(!text.includes(other) && !text.includes('"Patient"'));
        });

      it('changes nobody else, and posts no batch', async () => {
        for (const id of [other, `%39${other.slice(1)}`, `${jane}%2f..%2f${other}`])
          assert.equal((await ask(caller, `/Patient/${id}`, patched)).status, 403);
        const entry = [{ request: { method: 'GET', url: `Patient/${other}` } }];
        const batch = { resourceType: 'Bundle', type: 'batch', entry };
        for (const path of ['', '/'])
          assert.equal((await ask(caller, path, { method: 'POST', body: batch })).status, 404);
        const post = { method: 'POST', body: {} };
        assert.equal((await ask(caller, '/Patient/_search', post)).status, 405);
        assert.equal((await ask(caller, '/Patient', post)).status, 403);
      });

      it('never shows anybody else, whatever the path', async () => {
        const piece = fc.constantFrom(
          ...[
            '/',
            '..',
            '.',
            '%2f',
            '%2e',
            '%252f',
            ';',
            '?',
            '&',
            '=',
            'Patient',
            'RelatedPerson',
          ],
          ...[jane, other, '_id', 'patient', 'identifier', '|', ',', ':', '#', '\\', '%00'],
        );
        await fc.assert(
          fc.asyncProperty(fc.array(piece, { maxLength: 10 }), async (pieces) => {
            const { status, json } = await ask(caller, `/${pieces.join('')}`);
            assert.ok(status < 500);
            const shown = JSON.stringify(json.entry ?? json.id ?? '');
            assert.ok(!shown.includes(other), pieces.join(''));
          }),
          { numRuns: 300 },
        );
      });
    });

  it('names the person asked for to the audit, even when nothing was read', async () => {
    for (const target of [
      `/Patient/%39${other.slice(1)}`,
      `/Patient?_id=${other}`,
      `/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${other}`,
      `/RelatedPerson?patient=Patient/${other}`,
    ])
      for (const caller of [undefined, signedIn])
        assert.deepEqual((await ask(caller, target)).facts.people, [other], target);
  });

  it('tells a worker which scope would do, and a patient none', async () => {
    const challenge = async (caller: typeof signedIn) =>
      (await ask(caller, `/Patient/${other}`)).headers['www-authenticate'];
    assert.equal(
      await challenge(withWorker),
      'Bearer error="insufficient_scope", scope="user/Patient.r"',
    );
    assert.equal(await challenge(signedIn), undefined);
  });

  it('is of nobody when it names another patient than the one who signed in', async () => {
    const forged = { ...signedIn, smart: { scopes: ['patient/*.cruds'], patient: other } };
    for (const id of [jane, other])
      assert.equal((await ask(forged, `/Patient/${id}`)).status, 403, id);
  });

  it('reaches everybody when it has user-level scopes besides', async () => {
    const both = callerWith('worker', 'patient/Patient.r user/Patient.r', jane);
    for (const id of [jane, other]) assert.equal((await ask(both, `/Patient/${id}`)).status, 200);
    assert.equal((await ask(both, `/Patient?_id=${jane}`)).status, 403);
  });
});
