import assert from 'node:assert/strict';
import {
  accessGround,
  callerIn,
  configOf,
  type AccessGround,
} from '../../../test/access-ground.ts';
import {
  policyGround,
  type PolicyGround,
  type PolicyGroundOptions,
} from '../../../test/policy-ground.ts';
import { nhsNumber } from './nhs-number.ts';

const sound = '9000000009';
const json = { 'content-type': 'application/fhir+json' };

describe('the policy of NHS numbers', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const ground = async (config: object, more: Partial<PolicyGroundOptions> = {}) => {
    const policies = [access.policy(nhsNumber, config)];
    const made = await policyGround({ faults: 'fhir', policies, ...more });
    open.push(made);
    return made;
  };
  before(async () => {
    access = await accessGround();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  it('R153 takes a traced NHS number of ten digits whose check digit fits, and refuses others with an OperationOutcome', async () => {
    const traced = { in: { header: 'X-Trace-Status' } };
    const made = await ground({ in: { path: '/Patient/{nhsNumber}' }, traced });
    const ask = (number: string, status?: string) =>
      made.ask(`/Patient/${number}`, {
        headers: status === undefined ? {} : { 'x-trace-status': status },
      });
    assert.equal((await ask(sound, '01')).status, 200);
    const refused: [string, string | undefined, RegExp][] = [
      ['900000000', '01', /ten digits/],
      ['90000000099', '01', /ten digits/],
      ['900000000a', '01', /ten digits/],
      ['900%20000%200009', '01', /ten digits/],
      ['٩000000009', '01', /ten digits/],
      ['9000000001', '01', /check digit/],
      [sound, '02', /traced/],
      [sound, undefined, /traced/],
    ];
    for (const [number, status, rule] of refused) {
      const answer = await ask(encodeURI(decodeURI(number)), status);
      assert.equal(answer.status, 400, number);
      const outcome = JSON.parse(answer.text);
      assert.equal(outcome.resourceType, 'OperationOutcome');
      assert.equal(outcome.issue[0].details.coding[0].code, 'INVALID_VALUE');
      assert.match(outcome.issue[0].diagnostics, rule);
      assert.match(outcome.issue[0].diagnostics, /the path|X-Trace-Status/);
      assert.ok(!/9000000|900 000/.test(answer.text), 'the number is not told');
    }
    assert.equal(made.seen.length, 1);
    assert.ok(!made.log().includes('9000000'));
  });

  it('looks only at paths that fit, which may go on behind the number', async () => {
    const made = await ground({ in: { path: '/*/{nhsNumber}/related' } });
    assert.equal((await made.ask('/Patient/1/other')).status, 200);
    assert.equal((await made.ask('/Patient/1')).status, 200);
    assert.equal((await made.ask('/Patient/1/related/2')).status, 400);
    assert.equal((await made.ask(`/Patient/${sound}/related/2`)).status, 200);
    const faults = (path: string) =>
      nhsNumber.check?.(configOf(nhsNumber, { in: { path } }), access.site());
    assert.equal(faults('/Patient')?.length, 1);
    assert.deepEqual(faults('/Patient/{nhsNumber}'), []);
  });

  it('looks at every value of a parameter, with or without the system of NHS numbers', async () => {
    const made = await ground({ in: { query: 'patient' }, required: true });
    const status = async (query: string) => (await made.ask(`/?${query}`)).status;
    assert.equal(await status(`patient=${sound}`), 200);
    assert.equal(await status(`patient=https://fhir.nhs.uk/Id/nhs-number|${sound}`), 200);
    assert.equal(await status(`patient=https://other|${sound}`), 400);
    assert.equal(await status(`patient=${sound}&patient=1`), 400);
    assert.equal(await status('patient='), 400);
    const none = await made.ask('/');
    assert.equal(none.status, 400);
    assert.equal(JSON.parse(none.text).issue[0].details.coding[0].code, 'MISSING_VALUE');
  });

  it('looks into a JSON body, and hands on the bytes it read', async () => {
    const made = await ground({
      in: { body: '/patients/*/nhsNumber' },
      traced: { in: { body: '/status' } },
      limit: 1000,
    });
    const post = (sent: string, headers: Record<string, string> = json) =>
      made.ask('/', { headers, body: sent });
    const good = `{ "patients": [ {"nhsNumber":"${sound}"}, {} ], "status": "number-present-and-verified" }`;
    assert.equal((await post(good)).status, 200);
    assert.equal(made.seen[0]?.body, good);
    assert.equal((await post(good.replace(sound, '1'))).status, 400);
    assert.equal((await post(good.replace(`"${sound}"`, '{}'))).status, 400);
    assert.equal((await post(good.replace('verified', 'not'))).status, 400);
    assert.equal((await post('{')).status, 400);
    assert.equal((await post(`"${'x'.repeat(1000)}"`)).status, 413);
    assert.equal((await post('{}', { ...json, 'content-encoding': 'gzip' })).status, 415);
    assert.equal((await post('{}')).status, 200, 'there is none, and none is required');
    assert.equal((await post('x', { 'content-type': 'text/plain' })).status, 200);
  });

  it('lets a patient who has signed in name the own number only, if so wanted', async () => {
    const config = { in: { header: 'NHS-Number' }, ofPatient: true };
    const status = async (mode: 'patient' | 'worker', sent: string) => {
      const caller = callerIn(mode, mode === 'patient' ? { nhsNumber: sound } : {});
      const made = await ground(config, { caller });
      return (await made.ask('/', { headers: { 'nhs-number': sent } })).status;
    };
    assert.equal(await status('patient', sound), 200);
    assert.equal(await status('patient', '9000000017'), 403);
    assert.equal(await status('worker', '9000000017'), 200);
  });
});
